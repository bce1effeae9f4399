#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ipw run --agent terminus` with a real tmux in each kind of place: usage terminus_test.py PROGRAMS_FOLDER."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from scripted_model import TalkingModel  # noqa: E402

PROGRAMS = pathlib.Path(sys.argv[1]).absolute()


def reply(*commands, complete=False):
    return json.dumps({"analysis": "what I see", "plan": "what I do", "task_complete": complete,
                       "commands": [{"keystrokes": keys, "duration": seconds} for keys, seconds in commands]})


DONE = reply(complete=True)


class Terminus(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)

    def run_task(self, texts, *more):
        """(trace, its workspace, what ipw said) of one task."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.place.name))
        (folder / "tasks.jsonl").write_text(json.dumps({"id": "t", "problem": "Make a note.", "answer": "x"}))
        model = TalkingModel(texts)
        done = subprocess.run([PROGRAMS / "ipw", "run", "--agent", "terminus", "--model", "scripted", "--client-base-url", model.url, "--dataset", "local",
                               "--dataset-param", f"path={folder}/tasks.jsonl", "--dataset-param", "options=none", "--output-dir", folder / "runs",
                               "--monitor", "none", "--collector", "simulated:watts=50", "--idle-seconds", "0", "--quiet", *more],
                              capture_output=True, text=True, timeout=120)
        (run,) = (folder / "runs").iterdir()
        (line,) = (run / "traces.jsonl").read_text().splitlines()
        (workspace,) = run.glob("artifacts/*/workspace")
        return json.loads(line), workspace, done.stderr

    def left(self):
        return subprocess.run(["pgrep", "-f", "tmux -f /dev/null -L ipw-"], capture_output=True, text=True).stdout

    def test_M55_keystrokes_reach_a_shell_in_the_sandbox_and_on_this_machine(self):
        for sandbox in ("bubblewrap", "none"):
            with self.subTest(sandbox):
                trace, workspace, said = self.run_task([reply(("echo hello >note.txt\n", 0.3), ("cat note.txt; echo semi;", 0.1), ("\n", 0.5)), DONE, DONE],
                                                       "--sandbox", sandbox)
                self.assertTrue(trace["completed"], (trace["failure"], said))
                self.assertEqual((workspace / "note.txt").read_text(), "hello\n")
                self.assertEqual([s["kind"] for s in trace["spans"]], ["task", "model", "tool", "tool", "tool", "model", "model"])
                tools = [s for s in trace["spans"] if s["kind"] == "tool"]
                self.assertGreater(tools[0]["own_seconds"], 0.3)
                self.assertIn("hello\nsemi", json.loads(tools[-1]["attributes"])["result"])
                self.assertEqual(self.left(), "")

    def test_a_key_can_be_named(self):
        trace, workspace, _ = self.run_task([reply(("sleep 100\n", 0.3), ("C-c", 0.3), ("echo after >note.txt\n", 0.5)), DONE, DONE])
        self.assertTrue(trace["completed"])
        self.assertEqual((workspace / "note.txt").read_text(), "after\n")

    def test_a_lot_of_keys_arrives_whole(self):
        text = "".join(f"line {i} ;\n" for i in range(3000))
        trace, workspace, _ = self.run_task([reply(("cat >note.txt\n", 0.2), (text, 1), ("C-d", 0.5)), DONE, DONE])
        self.assertTrue(trace["completed"])
        self.assertEqual((workspace / "note.txt").read_text(), text)

    def test_a_flood_is_cut(self):
        trace, _, _ = self.run_task([reply(("seq 1 200000\n", 3)), DONE, DONE])
        (tool,) = (s for s in trace["spans"] if s["kind"] == "tool")
        self.assertTrue(trace["completed"])
        self.assertIn("200000", json.loads(tool["attributes"])["result"])

    def test_a_model_that_kills_its_terminal_has_failed(self):
        trace, _, _ = self.run_task([reply(("tmux kill-server || kill -9 $PPID\n", 0.5)), DONE])
        self.assertFalse(trace["completed"])
        self.assertIn("terminal", trace["failure"])
        self.assertEqual(self.left(), "")

    def test_A11_a_model_that_never_answers_in_the_form_ends_at_its_turns(self):
        trace, _, _ = self.run_task(["I will not."], "--max-turns", "3")
        self.assertEqual(trace["num_turns"], 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
