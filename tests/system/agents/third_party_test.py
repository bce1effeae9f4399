#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Agents of others, unchanged, through the proxy: their own token counts equal ours.

usage: third_party_test.py PROGRAMS_FOLDER     run by a Python that has them (IPW_AGENT_PACKAGES in deps/versions.sh)
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import scripted_model  # noqa: E402

HERE = pathlib.Path(__file__).parent
PROGRAMS = pathlib.Path(sys.argv[1]).absolute()
ENVIRONMENT = pathlib.Path(sys.executable).parent
COMMANDS = ["echo hello >note.txt", "cat note.txt"]
SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat note.txt"


class ThirdParty(unittest.TestCase):
    def run_agent(self, kwargs, model):
        """The run's folder and its traces, two tasks at once."""
        folder = tempfile.mkdtemp(dir=self.place.name)
        pathlib.Path(folder, "tasks.jsonl").write_text("".join(
            json.dumps({"id": f"t{i}", "problem": "Write hello into note.txt.", "answer": "hello"}) + "\n" for i in range(2)))
        done = subprocess.run([PROGRAMS / "ipw", "run", "--agent", "command", "--sandbox", "none", "--agent-kwargs", json.dumps(kwargs), "--model", "scripted",
                               "--client-base-url", model.url, "--dataset", "local", "--dataset-param", f"path={folder}/tasks.jsonl",
                               "--dataset-param", "options=none", "--output-dir", folder + "/runs", "--monitor", "none", "--collector",
                               "simulated:watts=50", "--idle-seconds", "0", "--concurrency", "2", "--quiet"], capture_output=True, text=True, timeout=300)
        (run,) = pathlib.Path(folder, "runs").iterdir()
        traces = [json.loads(line) for line in (run / "traces.jsonl").read_text().splitlines()]
        self.assertEqual(len(traces), 2, done.stderr)
        for trace in traces:
            self.assertTrue(trace["completed"], (trace["failure"], done.stderr))
            self.assertIn("hello", trace["response_text"])
        return run, traces

    def workspace(self, run, trace):
        (folder,) = run.glob(f"artifacts/{trace['query_id']}_*/workspace")
        return folder

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)

    def test_mini_swe_agent_counts_the_tokens_that_ipw_counts(self):
        kwargs = {"argv": [str(ENVIRONMENT / "mini"), "-t", "{prompt}", "-m", "openai/{model}", "-y", "--exit-immediately", "-l", "0",
                           "-o", "{workspace}/run.traj.json"],
                  "env": {"MSWEA_CONFIGURED": "true", "MSWEA_COST_TRACKING": "ignore_errors", "HOME": "{workspace}"}}
        run, traces = self.run_agent(kwargs, scripted_model.ScriptedModel([*COMMANDS, SUBMIT]))
        for trace in traces:
            messages = json.loads((self.workspace(run, trace) / "run.traj.json").read_text())["messages"]
            usages = [m["extra"]["response"]["usage"] for m in messages if m.get("extra", {}).get("response")]
            self.assertEqual(trace["num_turns"], len(COMMANDS) + 1)
            self.assertEqual(len(usages), trace["num_turns"])
            self.assertEqual(trace["total_input_tokens"], sum(usage["prompt_tokens"] for usage in usages))
            self.assertEqual(trace["total_output_tokens"], sum(usage["completion_tokens"] for usage in usages))

    def test_an_agent_of_agno_counts_the_tokens_that_ipw_counts(self):
        kwargs = {"argv": [sys.executable, str(HERE / "agno_agent.py"), "{prompt}"], "env": {"HOME": "{workspace}"}}
        run, traces = self.run_agent(kwargs, scripted_model.ScriptedModel(COMMANDS, "The note says hello."))
        for trace in traces:
            usage = json.loads((self.workspace(run, trace) / "usage.json").read_text())
            self.assertEqual(trace["num_turns"], len(COMMANDS) + 1)
            self.assertEqual((trace["total_input_tokens"], trace["total_output_tokens"]), (usage["input"], usage["output"]))
            self.assertEqual((self.workspace(run, trace) / "note.txt").read_text(), "hello\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
