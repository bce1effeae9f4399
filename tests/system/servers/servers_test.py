#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ipw servers` and `ipw bench --auto-server`, with llama-server's own code and with stand-ins for vllm and ollama.

usage: servers_test.py PROGRAMS_FOLDER MODELS_FOLDER. Needs the Python package xllamacpp, bubblewrap and SmolLM2 among ipw's models (`ipw models fetch`).
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SMOLLM2 = pathlib.Path(os.environ.get("IPW_CACHE") or pathlib.Path.home() / ".cache" / "ipw") / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
PROGRAMS, MODELS = pathlib.Path(sys.argv[1]).absolute(), pathlib.Path(sys.argv[2]).absolute()


def free_ports(count=1):
    """The first of some neighbours that nobody listens on."""
    for first in range(21000 + os.getpid() % 1000, 30000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise RuntimeError("no free port")


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Servers(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.folder = pathlib.Path(self.place.name)
        (self.folder / "bin").mkdir()
        for name, module in (("vllm", "stand_in"), ("ollama", "stand_in"), ("llama-server", "llama_server")):
            self.program(name, f"import {module}; {module}.main()")
        self.log = self.folder / "stand-in.log"
        self.log.touch()
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state"), "STAND_IN_LOG": str(self.log), "IPW_CACHE": str(self.folder / "cache"),
                            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}
        for name in ("OPENAI_API_KEY", "VLLM_API_KEY", "LLAMA_API_KEY", "CUDA_VISIBLE_DEVICES"):
            self.environment.pop(name, None)
        self.addCleanup(self.ipw, "servers", "stop", "--all", status=None)

    def program(self, name, source):
        path = self.folder / "bin" / name
        path.write_text(f"#!{sys.executable} -B\nimport sys; sys.path.insert(0, {str(HERE)!r})\n{source}\n")
        path.chmod(0o755)

    def ipw(self, *words, status=0, mode="", timeout=120):
        done = subprocess.run([PROGRAMS / "ipw", *map(str, words)], capture_output=True, text=True, timeout=timeout, cwd=self.folder,
                              env={**self.environment, "STAND_IN_MODE": mode})
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def status(self):
        return json.loads(self.ipw("servers", "status", "--json").stdout)

    def logged(self, key):
        return [line for line in map(json.loads, self.log.read_text().splitlines()) if key in line]

    def entries(self):
        return list((self.folder / "state").rglob("*.json"))

    def assert_nothing_is_left(self):
        for key, name in (("started", "pid"), ("worker", "worker")):
            for line in self.logged(key):
                limit = time.monotonic() + 5
                while alive(line[name]) and time.monotonic() < limit:
                    time.sleep(0.05)
                self.assertFalse(alive(line[name]), line)
        self.assertEqual(self.entries(), [])

    def test_Z8_a_server_is_started_on_loopback_shown_asked_and_stopped(self):
        port = free_ports()
        done = self.ipw("servers", "start", "--engine", "llama-server", "--model", MODELS / "tiny-36k.gguf", "--port", port, "--num-parallel", "2", "--context", "256")
        self.assertEqual(done.stdout, f"http://127.0.0.1:{port}/v1\n")
        (mine,) = self.status()["ours"]
        self.assertEqual((mine["engine"], mine["port"], mine["ready"]), ("llama-server", port, True))
        self.assertEqual(mine["host"], "127.0.0.1")
        self.assertIn("listening at", pathlib.Path(mine["log"]).read_text())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=10) as answer:
            self.assertEqual(json.load(answer)["data"][0]["id"], str(MODELS / "tiny-36k.gguf"))
        listening = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=False)
        if listening.returncode == 0:
            self.assertIn(f"127.0.0.1:{port}", listening.stdout)
        again = self.ipw("servers", "start", "--engine", "llama-server", "--model", MODELS / "tiny-36k.gguf", "--port", port, "--json")
        self.assertTrue(json.loads(again.stdout)["reused"])
        other = self.ipw("servers", "start", "--engine", "llama-server", "--model", MODELS / "tiny-360k.gguf", "--port", port, status=1)
        self.assertIn(f"port {port} serves {MODELS / 'tiny-36k.gguf'}, not {MODELS / 'tiny-360k.gguf'}", other.stderr)
        self.assertEqual(self.ipw("servers", "stop", "--port", port).stdout, f"stopped llama-server on port {port}\n")
        self.assertFalse(alive(mine["pid"]))
        self.assertFalse(answers(port))
        self.assertEqual(self.status()["ours"], [])

    def test_the_names_of_the_original_start_vllm_with_its_arguments(self):
        port = free_ports()
        done = self.ipw("servers", "launch", "--vllm", "--preset", "qwen3-30b-a3b", "--model", "org/model", "--port", port, "--gpu-memory-utilization", "0.5",
                        "--tensor-parallel-size", "2", "--context", "32768", "--num-parallel", "4")
        self.assertEqual(done.stdout, f"http://127.0.0.1:{port}/v1\n")
        self.assertIn("--model org/model wins over the preset qwen3-30b-a3b", done.stderr)
        (started,) = self.logged("started")
        self.assertEqual(started["argv"], ["serve", "org/model", "--host", "127.0.0.1", "--port", str(port), "--gpu-memory-utilization", "0.5",
                                           "--tensor-parallel-size", "2", "--max-model-len", "32768", "--max-num-seqs", "4"])
        self.assertEqual(os.getsid(started["pid"]), started["pid"], "it has a session of its own")
        self.ipw("servers", "stop", "--vllm")
        self.assert_nothing_is_left()

    def test_ollama_gets_its_model_first(self):
        port = free_ports()
        done = self.ipw("servers", "start", "--ollama", "--model", "qwen3:4b", "--port", port)
        self.assertIn("ollama: pulling, 10 B of 10 B", done.stderr)
        self.assertEqual([(line["path"], line["model"]) for line in self.logged("path")], [("/api/pull", "qwen3:4b"), ("/api/generate", "qwen3:4b")])
        self.assertEqual(self.logged("started")[0]["host"], "127.0.0.1")
        self.ipw("servers", "stop", "--ollama")
        self.assert_nothing_is_left()

    def test_a_server_that_dies_is_told_with_its_last_words_at_once(self):
        begun = time.monotonic()
        done = self.ipw("servers", "start", "--vllm", "--model", "m", "--port", free_ports(), status=1, mode="dies")
        self.assertLess(time.monotonic() - begun, 30)
        self.assertIn("vllm ended with status 7 before it was ready; its last words:\nloading weights\nRuntimeError: out of memory", done.stderr)
        self.assert_nothing_is_left()

    def test_a_server_that_never_becomes_ready_is_stopped_with_its_workers(self):
        done = self.ipw("servers", "start", "--vllm", "--model", "m", "--port", free_ports(), "--wait-timeout", "1.5", status=1, mode="silent")
        self.assertIn("was not ready", done.stderr)
        self.assertIn("still loading", done.stderr)
        self.assertEqual(len(self.logged("worker")), 1)
        self.assert_nothing_is_left()

    def test_a_server_that_ignores_the_request_to_end_is_killed(self):
        self.ipw("servers", "start", "--vllm", "--model", "m", "--port", free_ports(), "--no-wait", mode="deaf")
        limit = time.monotonic() + 20
        while not self.logged("worker") and time.monotonic() < limit:
            time.sleep(0.05)
        begun = time.monotonic()
        self.ipw("servers", "stop", "--all")
        self.assertGreater(time.monotonic() - begun, 9)
        self.assert_nothing_is_left()

    def test_a_server_with_another_model_than_asked_for_is_ended(self):
        port = free_ports()
        done = self.ipw("servers", "start", "--vllm", "--model", "org/model", "--port", port, status=1, mode="other")
        self.assertIn(f"port {port} serves org/other, not org/model", done.stderr)
        self.assert_nothing_is_left()

    def test_ctrl_c_during_the_wait_leaves_nothing_behind(self):
        ipw = subprocess.Popen([PROGRAMS / "ipw", "servers", "start", "--vllm", "--model", "m", "--port", str(free_ports())], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env={**self.environment, "STAND_IN_MODE": "silent"})
        limit = time.monotonic() + 20
        while not self.logged("worker") and time.monotonic() < limit:
            time.sleep(0.05)
        ipw.send_signal(signal.SIGINT)
        _, err = ipw.communicate(timeout=30)
        self.assertEqual(ipw.returncode, 130, err)
        self.assert_nothing_is_left()

    def test_Z9_a_server_that_we_did_not_start_is_left_alone(self):
        port = free_ports()
        foreign = subprocess.Popen([self.folder / "bin" / "vllm", "serve", "org/model", "--host", "127.0.0.1", "--port", str(port)], env=self.environment)
        self.addCleanup(foreign.wait)
        self.addCleanup(foreign.kill)
        limit = time.monotonic() + 20
        while not answers(port) and time.monotonic() < limit:
            time.sleep(0.05)
        self.assertTrue(json.loads(self.ipw("servers", "start", "--vllm", "--model", "org/model", "--port", port, "--json").stdout)["reused"])
        self.assertIn("ipw has started no such server", self.ipw("servers", "stop", "--vllm", status=1).stderr)
        self.ipw("servers", "stop", "--all")
        self.assertTrue(answers(port))

    def test_a_missing_program_is_named_with_what_to_install(self):
        (self.folder / "bin" / "vllm").unlink()
        done = self.ipw("servers", "start", "--vllm", "--model", "m", "--port", free_ports(), status=1)
        self.assertIn("there is no program vllm on PATH", done.stderr)
        self.assertIn("hint: install the Python package vllm", done.stderr)
        self.assert_nothing_is_left()

    def test_Z8_another_host_warns(self):
        done = self.ipw("servers", "start", "--vllm", "--model", "m", "--host", "0.0.0.0", "--port", free_ports())
        self.assertIn("everybody who reaches 0.0.0.0", done.stderr)

    def test_Z10_keys_are_in_no_entry(self):
        self.program("vllm", "import stand_in; sys.argv = sys.argv[:-1]; stand_in.main()")
        self.ipw("servers", "start", "--vllm", "--model", "m", "--port", free_ports(), "--server-arg=--api-key=sk-very-secret")
        for path in (self.folder / "state").rglob("*.*"):
            self.assertNotIn(b"sk-very-secret", path.read_bytes(), path)

    def bench(self, *words, agent="react", status=0, mode="", **more):
        (self.folder / "tasks.jsonl").write_text(json.dumps({"id": "t0", "problem": "How many?", "answer": "42"}) + "\n")
        done = self.ipw(*self.bench_words(*words, agent=agent), status=status, mode=mode, **more)
        runs = list((self.folder / "out").iterdir()) if (self.folder / "out").exists() else []
        return done, json.loads((runs[0] / "results.json").read_text()) if runs and status == 0 else None

    def bench_words(self, *words, agent="react"):
        return ["bench", "--agent", agent, "--auto-server", "--dataset", "local", "--dataset-param", f"path={self.folder}/tasks.jsonl", "--dataset-param", "options=none",
                "--dataset-param", "scorer=contains", "--output-dir", self.folder / "out", "--monitor", "none", "--collector", "simulated:watts=50",
                "--idle-seconds", "0", "--quiet", *words]

    def test_bench_starts_llama_servers_for_the_model_and_its_sub_model_and_stops_them(self):
        first = free_ports(2)
        main, small = SMOLLM2, MODELS / "tiny-36k.gguf"
        self.assertTrue(main.exists(), f"{main} is missing: ipw models fetch smollm2-135m-instruct")
        _, results = self.bench("--client", "llamacpp", "--model", main, "--base-port", first, "--submodel", f"small:llamacpp:{small}",
                                "--agent-kwargs", json.dumps({"protocol": "text", "max_tokens": 20}), "--max-turns", "2")
        told = results["run_metadata"]
        self.assertTrue(told["auto_server"])
        self.assertEqual(told["submodels"], [{"alias": "small", "backend": "llamacpp", "model": str(small)}])
        self.assertEqual(told["managed_server_urls"], {"main": f"http://127.0.0.1:{first}/v1", "small": f"http://127.0.0.1:{first + 1}/v1"})
        self.assertEqual([(s["model"], s["reused"]) for s in told["managed_servers"]], [(str(main), False), (str(small), False)])
        self.assertGreater(told["server_start_seconds"], 0)
        self.assertGreater(results["total_turns"], 0)
        self.assertFalse(answers(first) or answers(first + 1))
        self.assertEqual(self.entries(), [])

    def test_bench_with_vllm_and_ollama_asks_the_sub_model(self):
        first, second = free_ports(2), free_ports(2) + 500
        _, results = self.bench("--model", "org/main", "--base-port", first, "--submodel", ":vllm:org/Sub_Model")
        self.assertEqual(results["run_metadata"]["submodels"], [{"alias": "sub-model", "backend": "vllm", "model": "org/Sub_Model"}])
        starts = self.logged("started")
        self.assertEqual([s["port"] for s in starts], [first, first + 1])
        for start in starts:  # two claim the GPU, so each has the half
            self.assertEqual(start["argv"][-2:], ["--gpu-memory-utilization", "0.45"])
        self.assertEqual([line["model"] for line in self.logged("path")].count("org/Sub_Model"), 2)  # its check, and the agent's question
        self.assert_nothing_is_left()
        self.log.write_text("")
        self.ipw(*self.bench_words("--client", "ollama", "--model", "big:1", "--base-port", second, "--submodel", "s:ollama:small:2", "--overwrite"))
        (started,) = self.logged("started")  # one Ollama serves both
        self.assertEqual(started["port"], second)
        self.assertEqual([line["model"] for line in self.logged("path") if line["path"] == "/api/pull"], ["big:1", "small:2"])
        self.assert_nothing_is_left()

    def test_a_bench_whose_server_fails_measures_nothing_and_leaves_nothing(self):
        done, _ = self.bench("--model", "m", "--base-port", free_ports(), status=1, mode="dies")
        self.assertIn("vllm ended with status 7", done.stderr)
        self.assertFalse((self.folder / "out").exists())
        self.assert_nothing_is_left()

    def test_a_bench_that_fails_later_stops_its_servers(self):
        done, _ = self.bench("--model", "m", "--base-port", free_ports(), "--agent-kwargs", '{"tools": ["none_such"]}', status=2)
        self.assertIn("unknown tool", done.stderr)
        self.assert_nothing_is_left()

    def test_ctrl_c_stops_the_servers_of_a_bench(self):
        first = free_ports()
        (self.folder / "tasks.jsonl").write_text("".join(json.dumps({"id": f"t{i}", "problem": "wait", "answer": "42"}) + "\n" for i in range(5000)))
        ipw = subprocess.Popen([PROGRAMS / "ipw", *map(str, self.bench_words("--model", "m", "--base-port", first))], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, env=self.environment, cwd=self.folder)
        limit = time.monotonic() + 60
        while not any(p.stat().st_size > 0 for p in self.folder.glob("out/*/journal.jsonl")) and time.monotonic() < limit:
            time.sleep(0.05)
        ipw.send_signal(signal.SIGINT)
        _, err = ipw.communicate(timeout=90)
        self.assertEqual(ipw.returncode, 130, err)
        self.assert_nothing_is_left()

    def test_a_server_that_runs_already_is_used_and_goes_on(self):
        first = free_ports()
        self.ipw("servers", "start", "--vllm", "--model", "org/main", "--port", first)
        _, results = self.bench("--model", "org/main", "--base-port", first)
        self.assertTrue(results["run_metadata"]["managed_servers"][0]["reused"])
        self.assertTrue(answers(first))

    def test_options_that_cannot_hold_are_refused(self):
        (self.folder / "tasks.jsonl").write_text("")
        for words, text in ((["--client", "openai"], "ipw starts no server for the client 'openai'"),
                            (["--client-base-url", "http://localhost:1/v1"], "choose the server's address"),
                            (["--submodel", "a:b"], "it has less than three parts"), (["--base-port", "70000"], "is no port")):
            done = self.ipw(*self.bench_words("--model", "m", *words), status=2)
            self.assertIn(text, done.stderr)
        done = self.ipw(*self.bench_words("--model", "m", "--submodel", "a:vllm:b", agent="terminus"), status=2)
        self.assertIn("the agent 'terminus' asks no other models", done.stderr)
        self.assertEqual(self.logged("started"), [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
