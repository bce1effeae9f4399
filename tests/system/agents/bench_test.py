#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ipw bench` with a scripted agent on a simulated machine: usage bench_test.py PROGRAMS_FOLDER."""
import http.server
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).parent
PROGRAMS = pathlib.Path(sys.argv[1]).absolute()
AGENT = {"argv": [sys.executable, str(HERE / "scripted_agent.py"), "{prompt}"]}


def start_sim(root, port=0):
    return subprocess.Popen([PROGRAMS / "ipw-sim", "--port", str(port), "--root", root, "--devices", "nvidia", "--ttft-ms", "20", "--itl-ms", "4", "--answers", "fixed",
                             "--fixed-answer", "Something.", "--model", "meta-llama/Llama-3.1-8B-Instruct", "--duration", "300s", "--json"],
                            stdout=subprocess.PIPE, text=True)


def stop_sim(sim):
    sim.send_signal(signal.SIGINT)
    sim.communicate(timeout=20)


class Cold(http.server.BaseHTTPRequestHandler):
    """A server that lists its model and cannot answer with it."""

    def do_GET(self):
        self.reply(200, {"object": "list", "data": [{"id": "meta-llama/Llama-3.1-8B-Instruct", "object": "model"}]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(500, {"error": {"message": "out of memory"}})

    def reply(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.sim = start_sim(str(cls.place / "machine"))
        cls.addClassCleanup(stop_sim, cls.sim)
        cls.address = json.loads(cls.sim.stdout.readline())["base_url"]

    def words(self, prompts, *more, url=None, root=None):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.place))
        with open(folder / "tasks.jsonl", "w", encoding="utf-8") as file:
            for i, prompt in enumerate(prompts):
                file.write(json.dumps({"id": f"task-{i}", "problem": f"{prompt} wait:0.0{i}", "answer": "answered", "subject": "ab"[i % 2]}) + "\n")
        return folder, [PROGRAMS / "ipw", "bench", "--agent", "command", "--sandbox", "none", "--agent-kwargs", json.dumps(AGENT), "--model", "meta-llama/Llama-3.1-8B-Instruct",
                        "--vllm-url", url or self.address, "--dataset", "local", "--dataset-param", f"path={folder}/tasks.jsonl", "--dataset-param", "options=none",
                        "--dataset-param", "scorer=contains", "--output-dir", folder / "out", "--monitor", "none", "--sysfs-root", root or self.place / "machine",
                        "--idle-seconds", "0", "--quiet", *more]

    def bench(self, prompts, *more, status=(0,), **where):
        folder, words = self.words(prompts, *more, **where)
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        self.assertIn(done.returncode, status, done.stdout + done.stderr)
        return folder, done

    def results(self, folder):
        (run,) = (folder / "out").iterdir()
        return run, json.loads((run / "results.json").read_text())

    def test_M57_the_actions_of_all_queries_add_up_to_the_device(self):
        folder, done = self.bench(["ask wait:0.2 whole ask"] * 6, "--per-action")
        run, results = self.results(folder)
        actions = results["action_breakdown"]
        self.assertEqual({a["query_id"] for a in actions}, {f"task-{i}" for i in range(6)})
        own = sum(a["gpu_energy_joules"] for a in actions)
        by_action = results["energy_analysis"]["energy_by_action"]
        self.assertAlmostEqual(sum(by_action.values()), results["gpu_energy_joules"], delta=1e-3 * results["gpu_energy_joules"])
        self.assertAlmostEqual(own + by_action["idle"], results["gpu_energy_joules"], delta=1e-3 * results["gpu_energy_joules"])
        self.assertAlmostEqual(results["energy_analysis"]["total_gpu_energy_joules"], own, delta=1e-9 * own)
        for task in (a for a in actions if a["parent"] is None):
            mine = [a for a in actions if a["query_id"] == task["query_id"]]
            self.assertAlmostEqual(task["inclusive_gpu_energy_joules"], sum(a["gpu_energy_joules"] for a in mine), places=9)
        self.assertEqual(results["energy_analysis"]["action_counts"], {"agent": 6, "model prefill": 12, "model decode": 12, "model": 6})
        self.assertIn("Energy by action", done.stdout)
        # Analyses work on the folders of agents too (defect C9).
        again = subprocess.run([PROGRAMS / "ipw", "analyze", run, "--analysis", "actions", "--json"], capture_output=True, text=True, check=True)
        rows = {row["action"]: row["joules"] for row in json.loads(again.stdout)["data"]["actions"]}
        self.assertEqual(rows, {name: joules for name, joules in by_action.items() if name != "idle"})

    def test_M33_traffic_of_the_memory_is_null_as_long_as_nobody_measures_it(self):
        _, results = self.results(self.bench(["ask"], "--per-action")[0])
        self.assertEqual({a["memory_bandwidth_gbps"] for a in results["action_breakdown"]}, {None})
        self.assertIsNone(results["energy_analysis"]["avg_memory_bandwidth_gbps"])

    def test_M56_queries_have_energy_and_the_normalised_figures_are_filled(self):
        run, results = self.results(self.bench(["ask whole"] * 6)[0])
        self.assertGreater(results["normalized_efficiency"]["ipj"], 0)
        self.assertEqual(results["normalized_statistics"]["_outliers_removed"]["queries_after"], 4)
        self.assertEqual(results["statistics"]["turns"]["avg"], 2)
        self.assertGreater(results["statistics"]["gpu_energy_joules"]["high"], results["statistics"]["gpu_energy_joules"]["avg"])
        self.assertGreater(results["per_unit"]["energy per turn"]["value"], 0)
        for line in (run / "traces.jsonl").read_text().splitlines():
            self.assertGreater(json.loads(line)["query_gpu_energy_joules"], 0)

    def test_X23_results_are_plain_data_and_no_text_of_objects(self):
        _, results = self.results(self.bench(["ask"])[0])
        self.assertNotIn("_traces", results)
        self.assertNotIn("action_breakdown", results)
        self.assertEqual(results["queries"], 1)
        self.assertEqual(results["run_metadata"]["agent_id"], "command")

    def test_X24_a_server_that_is_not_ready_ends_the_command_before_any_query(self):
        begun = time.monotonic()
        folder, done = self.bench(["ask"], "--ready-timeout", "1", url="http://127.0.0.1:9/v1", status=(1,))
        self.assertLess(time.monotonic() - begun, 20)
        self.assertIn("nothing was measured", done.stderr)
        self.assertFalse((folder / "out").exists())

    def test_X24_a_failing_warm_up_ends_the_command_before_any_query(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cold)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        folder, done = self.bench(["ask"], url=url, status=(1,))
        self.assertIn("the warm-up query failed", done.stderr)
        self.assertFalse((folder / "out").exists())

    def test_a_server_that_starts_late_is_waited_for_and_the_wait_is_in_no_figure(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        folder, words = self.words(["ask"], url=f"http://127.0.0.1:{port}/v1", root=self.place / "late")
        (self.place / "late").mkdir()
        program = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        sim = start_sim(str(self.place / "late"), port)
        self.addCleanup(stop_sim, sim)
        out, err = program.communicate(timeout=60)
        self.assertEqual(program.returncode, 0, out + err)
        _, results = self.results(folder)
        self.assertGreater(results["run_metadata"]["waited_for_server_seconds"], 1)
        self.assertTrue(results["run_metadata"]["warmup_excluded"])
        self.assertEqual(results["total_turns"], 1)
        self.assertLess(results["duration_seconds"], results["run_metadata"]["waited_for_server_seconds"])

    def test_skip_warmup_sends_no_query_of_ours(self):
        _, results = self.results(self.bench(["ask"], "--skip-warmup")[0])
        self.assertFalse(results["run_metadata"]["warmup_excluded"])
        self.assertIsNone(results["run_metadata"]["warmup_seconds"])

    def test_no_telemetry_reads_no_energy_and_is_valid(self):
        run, results = self.results(self.bench(["ask"], "--no-telemetry", "--per-action")[0])
        self.assertTrue(results["verdict"]["valid"])
        for key in ("gpu_energy_joules", "cpu_energy_joules", "total_energy_joules"):
            self.assertIsNone(results[key], key)
        self.assertIsNone(json.loads((run / "summary.json").read_text())["totals"]["energy_joules"])
        self.assertIsNone(results["energy_analysis"]["total_energy_joules"])

    def test_S41_a_seed_draws_the_same_tasks_again_and_C8_another_seed_others(self):
        def ids(*seed):
            run, _ = self.results(self.bench(["ask"] * 12, "--limit", "4", *seed, "--skip-warmup")[0])
            return [json.loads(line)["instance_id"] for line in (run / "traces.jsonl").read_text().splitlines()]
        first = ids("--seed", "1")
        self.assertEqual(first, ids("--seed", "1"))
        self.assertEqual(len(first), 4)
        self.assertEqual(sorted(int(i.split("-")[1]) % 2 for i in first), [0, 0, 1, 1])
        self.assertTrue(any(ids("--seed", str(seed)) != first for seed in (2, 3)))

    def test_C8_a_seed_that_would_do_nothing_is_refused(self):
        _, done = self.bench(["ask"], "--seed", "1", status=(2,))
        self.assertIn("--seed draws the tasks of --limit", done.stderr)

    def test_M44_estimated_operations_are_in_traces_summary_and_results(self):
        run, results = self.results(self.bench(["ask whole"] * 2, "--estimate-flops")[0])
        summary = json.loads((run / "summary.json").read_text())
        self.assertEqual(results["flops"], summary["flops"])
        traces = [json.loads(line) for line in (run / "traces.jsonl").read_text().splitlines()]
        self.assertAlmostEqual(sum(t["estimated_flops"]["total"] for t in traces), results["flops"]["total_flops"], delta=1)
        tokens = sum(t["total_tokens"] for t in traces)
        self.assertAlmostEqual(sum(t["estimated_flops"]["parameters"] for t in traces), 2 * 8.03e9 * tokens, delta=1)
        # The simulated GPU is in no table of peaks.
        self.assertIsNone(summary["flops"]["mfu"])
        self.assertIn("not in the table", summary["flops"]["mfu_reason"])
        self.assertEqual([t["mfu"] for t in traces], [None, None])

    def test_X9_a_bench_that_was_stopped_goes_on_and_repeats_no_query(self):
        folder, words = self.words(["ask wait:0.3"] * 6)
        program = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        limit = time.monotonic() + 60
        while not any(p.stat().st_size > 0 for p in folder.glob("out/*/journal.jsonl")) and time.monotonic() < limit:
            time.sleep(0.02)
        program.send_signal(signal.SIGINT)
        self.assertEqual(program.wait(timeout=60), 130)
        done = subprocess.run([*words, "--resume"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        run, _ = self.results(folder)
        lines = [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]
        self.assertEqual(sorted(line["index"] for line in lines if line["type"] == "query"), list(range(6)))

    def test_X25_a_bench_without_any_task_is_no_success(self):
        _, done = self.bench([], status=(1,))
        self.assertIn("no query was finished", done.stdout + done.stderr)

    def test_Z10_keys_are_in_no_file(self):
        folder, _ = self.bench(["ask"], "--api-key", "sk-very-secret")
        for path in folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"sk-very-secret", path.read_bytes(), path)

    def test_options_that_cannot_hold_are_refused(self):
        for more, text in ((["--auto-server"], "choose the server's address"), (["--preset", "qwen3-30b-a3b"], "--model and --preset exclude each other"),
                           (["--limit", "2", "--max-queries", "3"], "--limit and --max-queries are the same option"),
                           (["--client", "mlx"], "unknown client 'mlx'")):
            _, done = self.bench(["ask"], *more, status=(2,))
            self.assertIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
