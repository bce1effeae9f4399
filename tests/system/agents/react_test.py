#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ipw run --agent react`: native calls with a scripted server, the text protocol with a real llama-server.

usage: react_test.py PROGRAMS_FOLDER. Needs bubblewrap, the Python package xllamacpp and SmolLM2 among ipw's models (`ipw models fetch`).
"""
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).parent
PROGRAMS = pathlib.Path(sys.argv[1]).absolute()
SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"


class StreamingModel:
    """Chat completions as a stream; reply i of the script answers a conversation that has i replies. Token counts differ from call to call."""

    def __init__(self, script):
        outer = self
        self.bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send(200, "application/json", json.dumps({"object": "list", "data": [{"id": "scripted", "object": "model"}]}))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.bodies.append(body)
                turn = sum(m["role"] == "assistant" for m in body["messages"])
                reply = script[min(turn, len(script) - 1)]
                if isinstance(reply, int):
                    script[turn] = script[turn + 1]
                    self.send(reply, "application/json", json.dumps({"error": {"message": "busy"}}))
                    return
                deltas = [{"role": "assistant"}] + ([{"content": reply}] if isinstance(reply, str) else list(outer.calls(turn, reply)))
                events = [{"choices": [{"index": 0, "delta": d}]} for d in deltas]
                events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                events.append({"choices": [], "usage": {"prompt_tokens": 100 + 7 * turn, "completion_tokens": 11 + turn}})
                self.send(200, "text/event-stream", "".join(f"data: {json.dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n")

            def send(self, status, kind, text):
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def calls(turn, calls):
        for i, (name, arguments) in enumerate(calls):
            text = json.dumps(arguments)
            yield {"tool_calls": [{"index": i, "id": f"c{turn}_{i}", "type": "function", "function": {"name": name, "arguments": ""}}]}
            yield {"tool_calls": [{"index": i, "function": {"arguments": text[:5]}}]}
            yield {"tool_calls": [{"index": i, "function": {"arguments": text[5:]}}]}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class React(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.folder = pathlib.Path(self.place.name)
        (self.folder / "docs").mkdir()
        (self.folder / "docs" / "mills.txt").write_text("The mill at Wessex grinds 42 sacks of corn a day.\n")
        (self.folder / "docs" / "boats.txt").write_text("The boats of the harbour are painted green.\n")

    def run_tasks(self, url, kwargs, *more, tasks=1, model="scripted", status=(0,)):
        (self.folder / "tasks.jsonl").write_text("".join(
            json.dumps({"id": f"t{i}", "problem": "How many sacks?", "answer": "42"}) + "\n" for i in range(tasks)))
        words = [PROGRAMS / "ipw", "run", "--agent", "react", "--agent-kwargs", json.dumps(kwargs), "--model", model, "--client-base-url", url,
                 "--dataset", "local", "--dataset-param", f"path={self.folder}/tasks.jsonl", "--dataset-param", "options=none",
                 "--dataset-param", "scorer=contains", "--output-dir", str(self.folder / "runs"), "--monitor", "none",
                 "--collector", "simulated:watts=50", "--idle-seconds", "0", "--client-param", "probe=false", "--quiet", *more]
        environment = {**os.environ, "IPW_CACHE": str(self.folder / "cache")}
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, env=environment)
        self.assertIn(done.returncode, status, done.stdout + done.stderr)
        if done.returncode == 2:
            return done.stderr, []
        (run,) = (self.folder / "runs").iterdir()
        return run, [json.loads(line) for line in (run / "traces.jsonl").read_text().splitlines()]

    def metadata(self, run, trace):
        (path,) = run.glob(f"artifacts/{trace['query_id']}_*/metadata.json")
        return json.loads(path.read_text())["agent_metadata"]

    def assert_adds_up(self, trace):
        """Tokens exactly, joules and seconds within a thousandth."""
        spans = trace["spans"]
        for total, kind in (("total_output_tokens", "output"), ("total_input_tokens", "input")):
            self.assertEqual(trace[total], sum(s["tokens"][kind] for s in spans if "tokens" in s))
        own = sum(s["own_seconds"] for s in spans)
        self.assertAlmostEqual(own, trace["total_wall_clock_s"], delta=1e-3 * own)

    # Each call of a built-in agent has its token counts (defect A7).
    def test_A2_each_call_of_the_model_and_of_a_tool_is_a_span(self):
        model = StreamingModel([
            [("search_bm25", {"query": "sacks of corn", "top_k": 1}), ("bash", {"command": "sleep 0.3; echo $((6 * 7)) | tee out.txt"})],
            [("bash", {"command": "exit 3"}), ("nobody", {}), ("file_read", {"path": "out.txt"}), ("file_write", {"path": "a/b.txt", "content": "42"})],
            503, "It grinds 42 sacks."])
        self.addCleanup(model.close)
        kwargs = {"tools": [{"name": "search_bm25", "path": str(self.folder / "docs")}, "bash", "file_read", "file_write"]}
        run, (trace,) = self.run_tasks(model.url, kwargs)
        self.assertTrue(trace["completed"], trace.get("failure"))
        self.assertTrue(trace["is_resolved"])
        self.assertEqual(trace["response_text"], "It grinds 42 sacks.")
        names = [(s["kind"], s["name"]) for s in trace["spans"][1:] if s["kind"] == "tool"]
        self.assertEqual(names, [("tool", name) for name in ("search_bm25", "bash", "bash", "nobody", "file_read", "file_write")])
        tools = [s for s in trace["spans"] if s["kind"] == "tool"]
        self.assertGreater(tools[1]["own_seconds"], 0.29)
        self.assertEqual([bool(s.get("failure")) for s in tools], [False, False, True, True, False, False])
        models = [s for s in trace["spans"] if s["kind"] == "model"]
        self.assertEqual(len(models), 4)  # one was refused and sent again
        self.assertEqual(trace["total_output_tokens"], 11 + 12 + 13)
        self.assert_adds_up(trace)
        told = self.metadata(run, trace)
        self.assertEqual(told["tool_calls"], {"attempted": 6, "succeeded": 4})
        self.assertEqual(told["model_retries"], 1)
        (workspace,) = run.glob("artifacts/q0000_*/workspace")
        self.assertEqual((workspace / "a" / "b.txt").read_text(), "42")
        observations = [m["content"] for m in model.bodies[-1]["messages"] if m["role"] == "tool"]
        self.assertIn("[1] mills.txt#1", observations[0])
        self.assertEqual(observations[4], "42\n")

    def test_Z3_what_the_model_writes_runs_in_the_sandbox(self):
        outside = self.folder / "outside.txt"
        model = StreamingModel([
            [("file_write", {"path": str(outside), "content": "x"}), ("bash", {"command": f"ln -s {self.folder} link; cat link/tasks.jsonl"}),
             ("file_read", {"path": "../../../../../tasks.jsonl"}), ("code_interpreter", {"code": "import urllib.request as u\nu.urlopen('http://192.0.2.1', timeout=3)"})],
            "42"])
        self.addCleanup(model.close)
        _, (trace,) = self.run_tasks(model.url, {"tools": ["bash", "file_read", "file_write", "code_interpreter"]})
        self.assertFalse(outside.exists())
        told = [m["content"] for m in model.bodies[-1]["messages"] if m["role"] == "tool"]
        self.assertNotIn("How many sacks", "".join(told))
        self.assertIn("unreachable", told[3])
        self.assertTrue(trace["completed"])

    def test_A18_a_model_that_a_tool_asks_has_its_own_span_and_counts_in_the_task(self):
        small = StreamingModel(["The small model says 42."])
        self.addCleanup(small.close)
        model = StreamingModel([[("ask_model", {"prompt": "How many?"})], "42"])
        self.addCleanup(model.close)
        option = {"name": "ask_model", "models": [{"alias": "small", "backend": "vllm", "model": "scripted-small", "base_url": small.url}]}
        run, (trace,) = self.run_tasks(model.url, {"tools": [option]})
        self.assertTrue(trace["is_resolved"])
        self.assertEqual([(s["kind"], s["name"]) for s in trace["spans"]],
                         [("task", ""), ("model", "scripted"), ("tool", "ask_model"), ("submodel", "scripted-small"), ("model", "scripted")])
        tool, sub = trace["spans"][2:4]
        self.assertEqual(sub["parent"], tool["id"])
        self.assertEqual(sub["tokens"]["output"], 11)
        self.assertIsNotNone(sub["ttft_seconds"])
        self.assertEqual(trace["total_output_tokens"], 11 + 12 + 11)
        self.assertEqual(trace["num_turns"], 2)
        self.assert_adds_up(trace)
        done = subprocess.run([PROGRAMS / "ipw", "analyze", run, "--analysis", "actions"], capture_output=True, text=True, check=True, timeout=60)
        self.assertIn("submodel scripted-small", done.stdout)

    def test_start_index_leaves_the_first_tasks_out(self):
        model = StreamingModel(["42"])
        self.addCleanup(model.close)
        _, traces = self.run_tasks(model.url, {"tools": []}, "--start-index", "1", "--max-queries", "2", tasks=4)
        self.assertEqual([trace["query_id"] for trace in traces], ["q0001", "q0002"])

    def test_A14_a_task_ends_at_its_turns(self):
        model = StreamingModel([[("bash", {"command": "true"})]])
        self.addCleanup(model.close)
        run, (trace,) = self.run_tasks(model.url, {"tools": ["bash"]}, "--max-turns", "3")
        self.assertEqual(trace["num_turns"], 3)
        self.assertEqual(model.bodies[-1]["tool_choice"], "none")
        self.assertEqual(self.metadata(run, trace)["repeated_calls"], 0)

    def test_tools_of_an_mcp_server_are_called(self):
        model = StreamingModel([[("echo_back", {"text": "hello"}), ("other_echo_back", {"text": "you"})], "42"])
        self.addCleanup(model.close)
        server = {"command": sys.executable, "args": [str(HERE / "small_mcp_server.py")], "env": {"GREETING": "${IPW_TEST_GREETING}"}}
        os.environ["IPW_TEST_GREETING"] = "from here"
        self.addCleanup(os.environ.pop, "IPW_TEST_GREETING")
        run, (trace,) = self.run_tasks(model.url, {"tools": [], "mcp_servers": {"mine": server, "other": server}})
        told = [m["content"] for m in model.bodies[-1]["messages"] if m["role"] == "tool"]
        self.assertEqual(told, ["hello from here", "you from here"])
        self.assertEqual([s["name"] for s in trace["spans"] if s["kind"] == "tool"], ["echo_back", "other_echo_back"])
        self.assertNotIn("from here", (run / "config.json").read_text())

    def test_A23_a_tool_that_cannot_work_ends_the_run_before_it_begins(self):
        model = StreamingModel(["42"])
        self.addCleanup(model.close)
        for kwargs, what in (({"tools": ["none_such"]}, "unknown tool"), ({"tools": [{"name": "bash", "colour": 1}]}, "no argument 'colour'"),
                             ({"tools": [{"name": "web_search", "key_env": "IPW_NO_KEY"}]}, "IPW_NO_KEY is not set"),
                             ({"mcp_servers": {"gone": {"command": "/no/such/program"}}}, "/no/such/program"),
                             ({"tools": [{"name": "search_bm25", "path": "/no/such/folder"}]}, "/no/such/folder")):
            (self.folder / "tasks.jsonl").write_text("")
            done = subprocess.run([PROGRAMS / "ipw", "run", "--agent", "react", "--agent-kwargs", json.dumps(kwargs), "--model", "scripted",
                                   "--client-base-url", model.url, "--dataset", "gsm8k", "--output-dir", str(self.folder / "runs")],
                                  capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0, kwargs)
            self.assertIn(what, done.stderr)
        self.assertEqual(model.bodies, [])

    def test_A1_a_real_model_in_the_text_protocol_has_turns_tokens_time_and_energy_that_add_up(self):
        """A model of 135 million parameters need not succeed; what it took has to be told."""
        sys.path.insert(0, str(HERE.parent / "llama_server"))
        import run as llama_server  # pylint: disable=import-error,import-outside-toplevel
        models = pathlib.Path(os.environ.get("IPW_CACHE") or pathlib.Path.home() / ".cache" / "ipw") / "models"
        self.assertTrue((models / SMOLLM2).exists(), f"{models / SMOLLM2} is missing: ipw models fetch smollm2-135m-instruct")
        server = llama_server.serve(models / SMOLLM2, 1, 4096)
        kwargs = {"protocol": "text", "max_tokens": 60, "tools": ["calculator", {"name": "search_bm25", "path": str(self.folder / "docs")}],
                  "mcp_servers": {"mine": {"command": sys.executable, "args": [str(HERE / "small_mcp_server.py")]}}}
        run, traces = self.run_tasks(server.listening_address + "/v1", kwargs, "--max-turns", "4", tasks=2, model=pathlib.Path(SMOLLM2).stem)
        del server
        self.assertEqual(len(traces), 2)
        for trace in traces:
            self.assertTrue(trace["completed"], trace.get("failure"))
            models_spans = [s for s in trace["spans"] if s["kind"] == "model"]
            tool_spans = [s for s in trace["spans"] if s["kind"] == "tool"]
            told = self.metadata(run, trace)
            self.assertEqual(len(models_spans), told["turns"])
            self.assertEqual(len(tool_spans), told["tool_calls"]["attempted"])
            self.assertTrue(1 <= told["turns"] <= 4)
            for span in models_spans:
                self.assertIn("tokens", span, span)
                self.assertGreater(span["tokens"]["input"], 200)
                self.assertTrue(0 < span["tokens"]["output"] <= 60)
                self.assertGreater(span["ttft_seconds"], 0)
            self.assert_adds_up(trace)


if __name__ == "__main__":
    os.environ.pop("OPENAI_API_KEY", None)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
