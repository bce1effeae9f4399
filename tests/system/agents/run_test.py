#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ipw run` with a scripted agent on a simulated machine: usage run_test.py PROGRAMS_FOLDER."""
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from simulated_run import AGENT, HERE, PROGRAMS, SimulatedRun  # noqa: E402


class Run(SimulatedRun):
    def assert_adds_up(self, trace):
        """Tokens exactly, joules by domain and seconds within a thousandth."""
        spans = trace["spans"]
        self.assertEqual(trace["total_output_tokens"], sum(s["tokens"]["output"] for s in spans if "tokens" in s))
        self.assertEqual(trace["total_input_tokens"], sum(s["tokens"]["input"] for s in spans if "tokens" in s))
        own = sum(s["own_seconds"] for s in spans)
        self.assertAlmostEqual(own, trace["total_wall_clock_s"], delta=1e-3 * own)
        gpu = sum(e["joules"] for s in spans for e in s["energy"] if e["scope"] == "accelerator")
        self.assertAlmostEqual(gpu, trace["query_gpu_energy_joules"], delta=1e-3 * gpu)

    def test_A2_a_span_for_each_call_and_the_agent_s_own_time(self):
        _, traces = self.run_tasks(["ask wait:0.3 whole"])
        (trace,) = traces
        self.assertEqual([s["kind"] for s in trace["spans"]], ["task", "model", "model"])
        self.assertGreater(trace["spans"][0]["own_seconds"], 0.3)
        streamed, whole = trace["spans"][1:]
        self.assertAlmostEqual(streamed["prefill"]["joules"] + streamed["decode"]["joules"],
                               sum(e["joules"] for e in streamed["energy"] if e["scope"] == "accelerator"), places=6)
        self.assertGreater(streamed["ttft_seconds"], 0.019)
        self.assertNotIn("decode", whole)
        self.assertEqual(trace["num_turns"], 2)
        self.assertTrue(trace["is_resolved"])
        self.assert_adds_up(trace)

    def test_sixty_four_tasks_at_once_add_up_to_the_devices(self):
        run, traces = self.run_tasks(["ask wait:0.1 ask whole"] * 64, "--concurrency", "64", status=(0, 1))
        self.assertEqual(len(traces), 64)
        for trace in traces:
            self.assert_adds_up(trace)
        summary = json.loads((run / "summary.json").read_text())
        self.assertEqual(summary["totals"]["correct"], 64)
        # 64 programs that start at once on a small machine may make the sampler late, which the verdict then says.
        self.assertTrue(all("ticks" in reason for reason in summary["verdict"]["reasons"]), summary["verdict"])
        for domain in summary["attribution"]["domains"]:
            tasks = sum(e["joules"] for t in traces for s in t["spans"] for e in s["energy"] if e["domain"] == domain["domain"])
            whole = domain["device_joules"]
            self.assertAlmostEqual(tasks + domain["idle_joules"] + domain["unattributed_joules"], whole, delta=1e-3 * whole, msg=domain["domain"])
            self.assertLess(abs(domain["unattributed_joules"]), 1e-3 * whole)

    def test_A11_agents_that_fail_or_hang_are_recorded_and_the_run_goes_on(self):
        _, traces = self.run_tasks(["ask fail:3", "ask wait:60", "ask"], "--query-timeout", "1.5")
        self.assertEqual([t["completed"] for t in traces], [False, False, True])
        self.assertIn("status 3", traces[0]["failure"])
        self.assertTrue(traces[1]["timed_out"])
        self.assertEqual([t["is_resolved"] for t in traces], [False, False, True])
        self.assertEqual(len(traces[1]["turns"]), 1)
        self.assertLess(traces[1]["total_wall_clock_s"], 4)

    def test_M20_a_task_that_fails_keeps_its_turns_tokens_and_energy(self):
        _, (trace, _) = self.run_tasks(["ask wait:0.3 ask fail:3", "ask"])
        self.assertFalse(trace["completed"])
        self.assertEqual(trace["num_turns"], 2)
        self.assertEqual(trace["total_output_tokens"], sum(turn["output_tokens"] for turn in trace["turns"]))
        self.assertGreater(trace["total_output_tokens"], 0)
        self.assertGreater(trace["query_gpu_energy_joules"], 0)
        self.assertGreater(trace["total_wall_clock_s"], 0.3)

    def test_A14_no_task_has_more_turns_than_were_given(self):
        _, traces = self.run_tasks(["ask ask whole ask"], "--max-turns", "2")
        self.assertEqual(traces[0]["num_turns"], 2)
        self.assertEqual(traces[0]["response_text"], "answered answered refused 403 refused 403")

    def test_A15_an_option_that_would_do_nothing_is_refused(self):
        _, words = self.words(["ask"], "--max-retries", "3")
        done = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual((done.returncode, "unknown option" in done.stderr), (2, True), done.stderr)

    def test_X11_a_task_has_the_same_spans_alone_and_among_others(self):
        def spans(*more):
            _, traces = self.run_tasks(["ask whole ask"] * 4, *more)
            return [[(s["kind"], s["name"], s.get("tokens")) for s in t["spans"]] for t in traces]
        self.assertEqual(spans(), spans("--concurrency", "4"))

    def test_A12_a_task_sees_nothing_of_another(self):
        _, traces = self.run_tasks(["keep:secret list", "list"])
        self.assertEqual([t["response_text"] for t in traces], ["secret", "nothing"])

    def test_A8_each_task_has_a_key_of_its_own(self):
        _, traces = self.run_tasks(["key ask"] * 8, "--concurrency", "8")
        keys = [t["response_text"].split()[0] for t in traces]
        self.assertEqual(len(set(keys)), 8)
        self.assertEqual([t["num_turns"] for t in traces], [1] * 8)

    def test_ctrl_c_keeps_what_is_done_and_resume_does_the_rest(self):
        folder, words = self.words(["ask wait:0.1"] * 12)
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        journal = pathlib.Path(folder, "runs", "run_command_simulated_local", "journal.jsonl")
        while not journal.exists() or journal.read_bytes().count(b"\n") < 3:
            self.assertIsNone(process.poll())
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130)
        before = journal.read_text().splitlines()
        self.assertLess(len(before), 12)
        subprocess.run([*words, "--resume"], check=True, capture_output=True, timeout=120)
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        indices = [line["index"] for line in lines if line["type"] == "query"]
        self.assertEqual(sorted(indices), list(range(12)))
        self.assertEqual(len(self.read(folder)[1]), 12)

    def test_a_full_disk_ends_the_run_and_not_only_its_report(self):
        folder, words = self.words(["ask"] * 200)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

        done = subprocess.run(words, preexec_fn=limit, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("cannot write", done.stderr)
        (run,) = pathlib.Path(folder, "runs").iterdir()
        self.assertLess(len(list((run / "artifacts").iterdir())), 100)

    def test_X24_a_server_that_is_away_ends_the_run_before_any_agent_starts(self):
        _, words = self.words(["ask"], "--client-base-url", "http://127.0.0.1:1/v1")
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing answers", done.stderr)

    def test_C19_the_folder_has_the_artifacts_of_each_task(self):
        run, _ = self.run_tasks(["ask keep:out.txt"])
        manifest = json.loads((run / "artifacts_manifest.json").read_text())
        self.assertEqual(manifest, [{"query_dir": "q0000_task_0", "files": [
            "q0000_task_0/metadata.json", "q0000_task_0/response.txt", "q0000_task_0/workspace/out.txt"]}])
        self.assertEqual((run / "artifacts/q0000_task_0/response.txt").read_text(), "answered")

    def test_the_proxy_by_itself_tells_each_call(self):
        words = [PROGRAMS / "ipw", "proxy", "--upstream", self.address, "--port", "0", "--json", "--monitor", "none", "--sysfs-root", self.root]
        proxy = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            address = proxy.stderr.readline().strip().removeprefix("OPENAI_BASE_URL=")
            environment = {**os.environ, "OPENAI_BASE_URL": address, "OPENAI_API_KEY": "mine", "IPW_MODEL": "simulated"}
            subprocess.run([*AGENT["argv"][:2], "ask whole"], env=environment, check=True, capture_output=True, timeout=60)
            calls = [json.loads(proxy.stdout.readline()) for _ in range(2)]
        finally:
            proxy.send_signal(signal.SIGINT)
            _, err = proxy.communicate(timeout=20)
        self.assertEqual([c["call"] for c in calls], [1, 2])
        for call in calls:
            self.assertGreater(call["output_tokens"], 0)
            self.assertGreater(call["joules"], 0)
            self.assertEqual(call["token_source"], "server")
        self.assertIsNotNone(calls[0]["ttft_seconds"])
        self.assertIsNone(calls[1]["ttft_seconds"])
        self.assertIn("2 calls, 0 failed", err)

    def test_usage_is_checked(self):
        for more, what in ((["--agent", "nobody"], "unknown agent"), (["--agent-kwargs", "{"], "no JSON"), (["--agent-kwargs", "{}"], "argv"),
                           (["--sandbox", "nowhere"], "unknown sandbox")):
            _, words = self.words(["ask"], *more)
            done = subprocess.run(words, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(what, done.stderr)


if __name__ == "__main__":
    os.environ.pop("OPENAI_API_KEY", None)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
