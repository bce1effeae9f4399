#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ipw run` with agents in bubblewrap and in containers, the model reached without a network: usage run_test.py PROGRAMS_FOLDER."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import containers  # noqa: E402

PROGRAMS = pathlib.Path(sys.argv[1]).absolute()
# A whole agent in a shell. The task is a script, so that each task can try something else.
ASK = ("busybox wget -q -O - --header \"Authorization: Bearer $OPENAI_API_KEY\" --header 'Content-Type: application/json' "
       "--post-data '{\"model\":\"simulated\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}' $OPENAI_BASE_URL/chat/completions | "
       "grep -o Something. | head -1")
AGENT = {"argv": ["sh", "-c", "{prompt}"]}


class Sandboxes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.engine = cls.enterClassContext(containers.start_engine())
        containers.import_image(cls.engine)
        cls.root = cls.place.name + "/machine"
        cls.sim = subprocess.Popen([PROGRAMS / "ipw-sim", "--port", "0", "--root", cls.root, "--devices", "nvidia", "--ttft-ms", "5", "--itl-ms", "1",
                                    "--answers", "fixed", "--fixed-answer", "Something.", "--duration", "300s", "--json"], stdout=subprocess.PIPE, text=True)
        cls.address = json.loads(cls.sim.stdout.readline())["base_url"]

    @classmethod
    def tearDownClass(cls):
        cls.sim.send_signal(signal.SIGINT)
        cls.sim.communicate(timeout=20)

    def tearDown(self):
        self.assertEqual(self.engine.containers(), [])

    def words(self, sandbox, scripts, agent=None, *more):
        folder = tempfile.mkdtemp(dir=self.place.name)
        with open(folder + "/tasks.jsonl", "w", encoding="utf-8") as file:
            for i, script in enumerate(scripts):
                file.write(json.dumps({"id": f"task/{i}", "problem": script, "answer": "Something."}) + "\n")
        options = {"--agent": "command", "--sandbox": sandbox, "--agent-kwargs": json.dumps(agent or AGENT), "--model": "simulated",
                   "--client-base-url": self.address, "--dataset": "local", "--output-dir": folder + "/runs", "--monitor": "none",
                   "--sysfs-root": self.root, "--idle-seconds": "0", "--query-timeout": "30", **dict(zip(more[::2], more[1::2]))}
        if sandbox == "container":
            options = {"--sandbox-image": containers.IMAGE, "--sandbox-engine": self.engine.endpoint, **options}
        params = ["--dataset-param", f"path={folder}/tasks.jsonl", "--dataset-param", "options=none", "--dataset-param", "scorer=contains"]
        return folder, [PROGRAMS / "ipw", "run", "--quiet", *params, *(word for pair in options.items() for word in pair)]

    def run_tasks(self, sandbox, scripts, agent=None, *more):
        folder, words = self.words(sandbox, scripts, agent, *more)
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        (run,) = pathlib.Path(folder, "runs").iterdir()
        with open(run / "traces.jsonl", encoding="utf-8") as file:
            return run, [json.loads(line) for line in file]

    def each(self):
        for sandbox in ("bubblewrap", "container"):
            with self.subTest(sandbox):
                yield sandbox

    def test_Z4_the_model_is_reached_without_a_network(self):
        for sandbox in self.each():
            run, traces = self.run_tasks(sandbox, [f"{ASK}; ls /sys/class/net 2>/dev/null | grep -v lo; pwd; echo mine >out.txt"] * 3,
                                         None, "--concurrency", "3")
            self.assertEqual([t["response_text"] for t in traces], ["Something.\n/workspace"] * 3, traces[0]["failure"])
            self.assertEqual([t["num_turns"] for t in traces], [1, 1, 1])
            self.assertEqual((run / "artifacts/q0000_task_0/workspace/out.txt").read_text(), "mine\n")
            config = json.loads((run / "config.json").read_text())
            self.assertEqual(config["sandbox"], sandbox)

    def test_nothing_of_a_task_is_left_behind(self):
        for sandbox in self.each():
            self.run_tasks(sandbox, ["setsid sleep 7531 >/dev/null 2>&1 & echo Something."])
            left = subprocess.run(["pgrep", "-f", "[s]leep 7531"], capture_output=True, text=True, check=False).stdout
            self.assertEqual(left, "")

    def test_A11_an_agent_that_hangs_is_ended_and_the_run_goes_on(self):
        for sandbox in self.each():
            _, traces = self.run_tasks(sandbox, ["setsid sleep 7532 & exec sleep 7533", f"{ASK}"], None, "--query-timeout", "2")
            self.assertEqual([t["timed_out"] for t in traces], [True, False])
            self.assertTrue(traces[1]["is_resolved"])

    def test_a_task_that_fills_the_disk_is_ended_and_the_run_goes_on(self):
        fill = "i=0; while [ $i -lt 100 ]; do head -c 4000000 /dev/zero >{}/f$i || exit 1; i=$((i+1)); sleep 0.1; done"
        for sandbox, where in (("bubblewrap", "/workspace"), ("container", "/workspace"), ("container", "/var")):
            with self.subTest(f"{sandbox} {where}"):
                run, traces = self.run_tasks(sandbox, ["mkdir -p /var; " * (where == "/var") + fill.format(where), ASK], None, "--max-task-disk", "20M")
                self.assertIn("--max-task-disk allows 20.0 MiB", traces[0]["failure"])
                self.assertEqual([t["completed"] for t in traces], [False, True])
                self.assertTrue(traces[1]["is_resolved"])
                kept = sum(path.stat().st_size for path in run.glob("artifacts/q0000*/workspace/f*"))
                self.assertLess(kept, 300_000_000)
                self.assertEqual(kept > 0, where == "/workspace", "the workspace stays as the task's artifacts")
                summary = json.loads((run / "summary.json").read_text())
                self.assertEqual(summary["totals"]["correct"], 1)

    def test_the_limit_on_disk_is_for_all_files_together(self):
        _, traces = self.run_tasks("bubblewrap", ["head -c 4000000 /dev/zero >f; head -c 30000000 /dev/zero >g; echo Something."], None, "--max-task-disk", "20M")
        self.assertIn("--max-task-disk", traces[0]["failure"])  # g was cut at 20 MiB, and both are more
        _, traces = self.run_tasks("bubblewrap", ["head -c 4000000 /dev/zero >f; echo Something."], None, "--max-task-disk", "20M")
        self.assertTrue(traces[0]["is_resolved"], traces)

    def test_an_answer_that_is_a_link_to_a_file_of_this_machine_is_none(self):
        secret = pathlib.Path(self.place.name, "secret")
        secret.write_text("of the host")
        agent = {**AGENT, "answer": "answer.txt"}
        for sandbox in self.each():
            _, traces = self.run_tasks(sandbox, [f"ln -s {secret} answer.txt", "echo Something. >answer.txt"], agent)
            self.assertIn("wrote no answer.txt", traces[0]["failure"])
            self.assertEqual(traces[1]["response_text"], "Something.")
        self.assertEqual(secret.read_text(), "of the host")

    def test_the_prompt_as_a_file_and_as_input(self):
        for sandbox in self.each():
            for how, argv in (("file", ["cat", "PROMPT.md"]), ("stdin", ["cat"]), ("environment", ["sh", "-c", "echo $IPW_PROMPT"])):
                _, traces = self.run_tasks(sandbox, ["the task"], {"argv": argv, "prompt": how})
                self.assertEqual(traces[0]["response_text"], "the task", (how, traces[0]["failure"]))

    def test_keys_of_this_machine_are_not_in_a_sandbox(self):
        for sandbox in self.each():
            os.environ["SECRET_OF_OURS"] = "secret"
            try:
                _, traces = self.run_tasks(sandbox, ["env | grep -c SECRET_OF_OURS; echo Something."])
            finally:
                del os.environ["SECRET_OF_OURS"]
            self.assertEqual(traces[0]["response_text"], "0\nSomething.")

    def test_ctrl_c_leaves_no_container_and_no_process(self):
        for sandbox in self.each():
            folder, words = self.words(sandbox, [ASK, "exec sleep 7534"])
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            deadline = time.monotonic() + 60
            while subprocess.run(["pgrep", "-f", "[s]leep 7534"], capture_output=True, check=False).returncode != 0:
                self.assertLess(time.monotonic(), deadline)
                self.assertIsNone(process.poll(), folder)
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 130, err)
            self.assertNotEqual(subprocess.run(["pgrep", "-f", "[s]leep 7534"], capture_output=True, check=False).returncode, 0)

    def test_a_killed_run_leaves_nothing_for_long(self):
        folder, words = self.words("bubblewrap", ["exec sleep 7535"])
        self.kill(words, "7535")
        for _ in range(100):
            if subprocess.run(["pgrep", "-f", "[s]leep 7535"], capture_output=True, check=False).returncode != 0:
                break
            time.sleep(0.05)
        else:
            self.fail("a process is left behind")
        folder, words = self.words("container", ["exec sleep 7536"])
        self.kill(words, "7536")
        self.assertEqual(len(self.engine.containers()), 1)
        self.run_tasks("container", [ASK])
        self.assertEqual(self.engine.containers(), [], folder)

    def kill(self, words, mark):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(1200):
            if subprocess.run(["pgrep", "-f", f"[s]leep {mark}"], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.05)
        process.kill()
        process.wait()

    def test_X20_a_place_that_cannot_be_made_is_its_task_s_failure_and_no_agent_starts(self):
        folder, words = self.words("container", ["exec sleep 7537", ASK])
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(1200):
            if subprocess.run(["pgrep", "-f", "[s]leep 7537"], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.05)
        self.engine.service.kill()
        self.engine.service.wait()
        try:
            _, err = process.communicate(timeout=60)
        finally:
            self.engine.socket.unlink(missing_ok=True)
            self.engine.start()
        self.assertEqual(process.returncode, 1, err)
        (run,) = pathlib.Path(folder, "runs").iterdir()
        with open(run / "traces.jsonl", encoding="utf-8") as file:
            traces = [json.loads(line) for line in file]
        self.assertEqual([t["completed"] for t in traces], [False, False])
        for trace in traces:
            self.assertIn("container engine", trace["failure"])
        self.assertEqual([t["num_turns"] for t in traces], [0, 0])
        self.run_tasks("container", [ASK])  # removes what the engine could not

    def test_X24_what_is_missing_is_said_before_any_task(self):
        for more, what in ((["--sandbox-image", ""], "--sandbox-image"), (["--sandbox-image", "localhost/nothing:1"], "localhost/nothing:1"),
                           (["--sandbox-engine", "unix:///nowhere.sock"], "podman system service"), (["--sandbox-engine", "ssh://x"], "unix:///PATH")):
            folder, words = self.words("container", [ASK], None, *more)
            done = subprocess.run(words, capture_output=True, text=True, timeout=60)
            self.assertIn(done.returncode, (1, 2), done.stderr)
            self.assertIn(what, done.stderr)
            self.assertFalse(pathlib.Path(folder, "runs").exists())
        _, words = self.words("nowhere", [ASK])
        self.assertIn("unknown sandbox", subprocess.run(words, capture_output=True, text=True, timeout=60).stderr)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("run_test.py: the engine of the tests needs root", file=sys.stderr)
        sys.exit(containers.NOT_ROOT)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
