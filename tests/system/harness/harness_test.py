#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ipw run` on tasks that bring containers, with a real engine: usage harness_test.py PROGRAMS_FOLDER.

The agent runs its prompt as a script in the task's container, so that each task says itself what is done there.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "agents")]
import containers  # noqa: E402
import image  # noqa: E402
from scripted_model import TalkingModel  # noqa: E402

PROGRAMS = pathlib.Path(sys.argv[1]).absolute()
IMAGE = "localhost/ipw-harness:latest"
SHELL = {"argv": ["sh", "-c", "{prompt}"]}

# Prints pytest's lines for functions test_* of the files that are named, or of all.
RUN_TESTS = '''import sys, glob, runpy, traceback
failed = 0
for file in sys.argv[1:] or sorted(glob.glob("tests/test_*.py")):
    try:
        found = runpy.run_path(file)
    except Exception:
        print("ERROR", file)
        failed += 1
        continue
    for name, test in found.items():
        if name.startswith("test_"):
            try:
                test()
                print("PASSED %s::%s" % (file, name))
            except Exception as error:
                print("FAILED %s::%s - %r" % (file, name, error))
                failed += 1
sys.exit(failed > 0)
'''
TESTS = "import sys\nsys.path.insert(0, '.')\nfrom calc import add, total\n\n\ndef test_total():\n    assert total(4) == 6\n"
TESTS_AFTER = TESTS + "\n\ndef test_add():\n    assert add(1, 2) == 3\n"
CALC = '''import time


def add(a, b):
    return a - b


def total(n):
    time.sleep(0.04)
    return sum(range(n))
'''
WORKLOAD = '''import sys, timeit, statistics
sys.path.insert(0, "/testbed")
from calc import total


def workload():
    total(10)


runtimes = timeit.repeat(workload, number=1, repeat=5)
print("Mean:", statistics.mean(runtimes))
print("Std Dev:", statistics.stdev(runtimes))
'''
FIX = "sed -i 's/return a - b/return a + b/' calc.py"
FAST = "sed -i '/sleep/d' calc.py"


def git(folder, *words):
    environment = {**os.environ, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True, env=environment).stdout


def make_repository(folder):
    """The project, its commit, and the patches of tests and expert."""
    (folder / "tests").mkdir(parents=True)
    (folder / "calc.py").write_text(CALC)
    (folder / "run_tests.py").write_text(RUN_TESTS)
    (folder / "tests/test_calc.py").write_text(TESTS)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "begin")
    (folder / "tests/test_calc.py").write_text(TESTS_AFTER)
    test_patch = git(folder, "diff")
    git(folder, "checkout", "-q", ".")
    (folder / "calc.py").write_text(CALC.replace("    time.sleep(0.04)\n", ""))
    expert = git(folder, "diff")
    git(folder, "checkout", "-q", ".")
    return git(folder, "rev-parse", "HEAD").strip(), test_patch, expert


class Harness(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = cls.enter(tempfile.TemporaryDirectory())
        cls.engine = cls.enter(containers.start_engine())
        repository = pathlib.Path(cls.place, "testbed")
        cls.commit, cls.test_patch, cls.expert = make_repository(repository)
        image.build(cls.engine, IMAGE, [(repository, "/testbed")])
        root = cls.place + "/machine"
        cls.sim = subprocess.Popen([PROGRAMS / "ipw-sim", "--port", "0", "--root", root, "--devices", "nvidia", "--answers", "fixed", "--fixed-answer", "x",
                                    "--duration", "500s", "--json"], stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.end_sim)
        cls.address, cls.root = json.loads(cls.sim.stdout.readline())["base_url"], root

    @classmethod
    def enter(cls, context):
        value = context.__enter__()  # pylint: disable=unnecessary-dunder-call
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    @classmethod
    def end_sim(cls):
        cls.sim.send_signal(signal.SIGINT)
        cls.sim.communicate(timeout=20)

    def tearDown(self):
        self.assertEqual(self.engine.containers(), [], "containers are left behind")

    def words(self, params, *more, dataset="terminalbench", sandbox="none", agent=("command", SHELL), model=None):
        """The words of a run, and the folder in which it will be."""
        folder = tempfile.mkdtemp(dir=self.place)
        words = [PROGRAMS / "ipw", "run", "--quiet", "--agent", agent[0], "--agent-kwargs", json.dumps(agent[1]), "--sandbox", sandbox, "--model", "scripted" if model else "simulated",
                 "--client-base-url", model.url if model else self.address, "--dataset", dataset, "--output-dir", folder, "--monitor", "none", "--sysfs-root", self.root,
                 "--idle-seconds", "0", *(w for p in params for w in ("--dataset-param", p)), *more]
        return words, folder

    def run_ipw(self, params, *more, status=(0, 1), **how):
        words, folder = self.words(params, *more, **how)
        environment = {**os.environ, "DOCKER_HOST": self.engine.endpoint}
        done = subprocess.run(words, capture_output=True, text=True, timeout=400, env=environment)
        self.assertIn(done.returncode, status, done.stdout + done.stderr)
        (run,) = pathlib.Path(folder).iterdir()
        with open(run / "traces.jsonl", encoding="utf-8") as file:
            return run, {trace["instance_id"]: trace for trace in map(json.loads, file)}

    def tasks(self):
        return pathlib.Path(tempfile.mkdtemp(dir=self.place))

    def v1(self, folder, name, instruction, run_tests, more="", dockerfile=f"FROM {IMAGE}\nWORKDIR /app\n"):
        task = folder / name
        (task / "tests").mkdir(parents=True)
        (task / "task.yaml").write_text(f"instruction: {json.dumps(instruction)}\ndifficulty: easy\nparser_name: pytest\n{more}")
        (task / "Dockerfile").write_text(dockerfile)
        (task / "docker-compose.yaml").write_text("services:\n  client:\n    build: {dockerfile: Dockerfile}\n    network_mode: none\n"
                                                  "    command: [sh, -c, sleep infinity]\n    environment: ['TEST_DIR=${T_BENCH_TEST_DIR}']\n")
        (task / "run-tests.sh").write_text(run_tests)
        (task / "tests/check.sh").write_text("grep -q 42 /app/answer.txt && echo PASSED t.py::test_answer || echo FAILED t.py::test_answer - no answer\n")

    def harbor(self, folder, name, instruction, test, toml=""):
        task = folder / name
        (task / "tests").mkdir(parents=True)
        (task / "instruction.md").write_text(instruction)
        (task / "task.toml").write_text(f"[environment]\ndocker_image = '{IMAGE}'\nworkdir = '/testbed'\nnetwork_mode = 'no-network'\n{toml}")
        (task / "tests/test.sh").write_text(test)

    CHECK = "echo '=== short test summary info ==='\nbash $TEST_DIR/check.sh\n"

    def test_S15_a_task_of_terminal_bench_is_judged_by_its_tests(self):
        folder = self.tasks()
        self.v1(folder, "solved", "pwd > where.txt; echo 42 > answer.txt", self.CHECK)
        self.v1(folder, "failed", "echo 41 > answer.txt", self.CHECK)
        self.v1(folder, "late", "echo 42 > answer.txt; sleep 60", self.CHECK)
        self.v1(folder, "silent", "echo 42 > answer.txt", "echo nothing\n")
        self.v1(folder, "slow", "true", "sleep 60\n", "max_test_timeout_sec: 1\n")
        self.v1(folder, "dead", "kill -9 -1; kill 1; sleep 5", self.CHECK)
        run, traces = self.run_ipw([f"path={folder}"], "--query-timeout", "4")
        self.assertEqual({n: t["is_resolved"] for n, t in traces.items()}, {"solved": True, "failed": False, "late": True, "silent": None, "slow": False, "dead": traces["dead"]["is_resolved"]})
        self.assertTrue(traces["late"]["timed_out"])
        self.assertIn("harness error", traces["silent"]["unscorable_reason"])
        self.assertTrue(traces["slow"]["score_metadata"]["timeout"])
        self.assertIsNot(traces["dead"]["is_resolved"], True)
        accuracy = json.loads((run / "summary.json").read_text())
        self.assertEqual(accuracy["totals"]["correct"], 2)

    def test_S15_terminus_leaves_its_terminal_to_the_tests(self):
        folder = self.tasks()
        check = "echo '=== short test summary info ==='\n{} && kill -0 $(cat /app/pid) && echo PASSED t.py::test_it || echo FAILED t.py::test_it - gone\n"
        self.v1(folder, "shell", "Serve.", check.format('[ "$MARK" = here ]'), "run_tests_in_same_shell: true\n")
        self.v1(folder, "served", "Serve.", check.format("true"))
        self.v1(folder, "forged", "Serve.", check.format("false"), "run_tests_in_same_shell: true\n")
        done = {"analysis": "", "plan": "", "task_complete": True, "commands": []}
        keys = [{"keystrokes": "export MARK=here; sleep 500 & echo $! > /app/pid\n", "duration": 0.5},
                {"keystrokes": "(echo === short test summary info ===; echo PASSED t.py::test_it) >/tmp/ipw-tests.log; touch /tmp/ipw-tests.done\n", "duration": 0.5}]
        model = TalkingModel([json.dumps({**done, "task_complete": False, "commands": keys}), json.dumps(done)])
        _, traces = self.run_ipw([f"path={folder}"], agent=("terminus", {}), model=model)
        self.assertEqual({n: t["is_resolved"] for n, t in traces.items()}, {"shell": True, "served": True, "forged": False}, traces)
        self.assertEqual(traces["shell"]["score_metadata"]["tests_ran_in"], "the agent's session of tmux")

    def test_the_sandbox_is_asked_for_only_where_a_task_will_be_in_it(self):
        folder = self.tasks()
        self.v1(folder, "task", "echo 42 > answer.txt", self.CHECK)
        _, traces = self.run_ipw([f"path={folder}"], sandbox="container")  # which would need an image
        self.assertTrue(traces["task"]["is_resolved"], traces)
        words, folder = self.words([f"path={folder}"], sandbox="none")
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, env={**os.environ, "DOCKER_HOST": "unix:///nowhere.sock"})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("podman system service", done.stderr)
        self.assertEqual(os.listdir(folder), [], "a run has begun without its engine")

    def test_an_image_has_what_the_ignore_file_leaves(self):
        folder = self.tasks()
        self.v1(folder, "task", "ls -A > answer.txt; [ -e kept.txt ] && [ ! -e tests ] && [ ! -e Dockerfile ] && echo 42 >> answer.txt", self.CHECK,
                dockerfile=f"FROM {IMAGE}\nWORKDIR /app\nCOPY . /app\n")
        (folder / "task/.dockerignore").write_text("*\n!*.txt\nsecret.txt\n")
        for name in ("kept.txt", "secret.txt"):
            (folder / "task" / name).write_text("x")
        _, traces = self.run_ipw([f"path={folder}"])
        self.assertTrue(traces["task"]["is_resolved"], traces)

    def test_a_task_that_fills_the_disk_is_not_solved_and_its_tests_do_not_run(self):
        folder = self.tasks()
        self.v1(folder, "full", "echo 42 > answer.txt; i=0; while [ $i -lt 100 ]; do head -c 4000000 /dev/zero > f$i; i=$((i+1)); sleep 0.1; done", self.CHECK)
        self.v1(folder, "solved", "echo 42 > answer.txt", self.CHECK)
        _, traces = self.run_ipw([f"path={folder}"], "--max-task-disk", "20M")
        self.assertEqual({n: t["is_resolved"] for n, t in traces.items()}, {"full": False, "solved": True}, traces)
        self.assertIn("--max-task-disk allows 20.0 MiB", traces["full"]["failure"])
        self.assertLess(traces["full"]["total_wall_clock_s"], 9)

    def test_the_energy_of_the_tests_is_not_the_agent_s(self):
        folder = self.tasks()
        self.v1(folder, "task", "echo 42 > answer.txt", "sleep 3\n" + self.CHECK)
        _, traces = self.run_ipw([f"path={folder}"])
        self.assertTrue(traces["task"]["is_resolved"], traces)
        self.assertLess(traces["task"]["total_wall_clock_s"], 2.5)

    def test_M19_making_a_task_s_place_is_no_time_of_the_task(self):
        folder = self.tasks()
        self.v1(folder, "task", "echo 42 > answer.txt", self.CHECK, dockerfile=f"FROM {IMAGE}\nWORKDIR /app\nRUN sleep 3\n")
        _, traces = self.run_ipw([f"path={folder}"])
        self.assertTrue(traces["task"]["is_resolved"], traces)
        self.assertLess(traces["task"]["total_wall_clock_s"], 2.5)

    def test_S11_a_missing_image_leaves_its_task_out_and_the_run_goes_on(self):
        folder = self.tasks()
        self.v1(folder, "solved", "echo 42 > answer.txt", self.CHECK)
        self.v1(folder, "missing", "true", self.CHECK, dockerfile="FROM localhost/no-such-image:1\n")
        run, traces = self.run_ipw([f"path={folder}"])
        self.assertTrue(traces["solved"]["is_resolved"])
        self.assertIsNone(traces["missing"]["is_resolved"])
        self.assertIn("no-such-image", traces["missing"]["failure"])
        self.assertEqual(traces["missing"]["total_wall_clock_s"], 0)
        done = subprocess.run([PROGRAMS / "ipw", "analyze", run, "--json"], capture_output=True, text=True, check=True)
        self.assertIn("harness error", done.stdout)
        scored = subprocess.run([PROGRAMS / "ipw", "score", run, "--scorer", "terminalbench"], capture_output=True, text=True, check=False)
        self.assertEqual(scored.returncode, 2, scored.stderr)
        self.assertIn("while `ipw run` solves it", scored.stderr)

    SERVICES = """services:
  client:
    build: .
    command: [sleep, infinity]
    depends_on: {{store: {{condition: service_healthy}}}}
    volumes: ["shared:/shared"]
    environment: ["TEST_DIR=${{T_BENCH_TEST_DIR}}"]
  store:
    image: {image}
    command: [sh, -c, "cp /conf/number /shared/number; busybox httpd -f -p 80 -h /shared"]
    ports: ["8080:80"]
    volumes: ["shared:/shared", "./conf:/conf"]
    healthcheck: {{test: [CMD, test, -e, /shared/number], interval: 1s, retries: 30}}
volumes: {{shared: }}
"""

    def several(self, folder, name, instruction):
        self.v1(folder, name, instruction, self.CHECK)
        (folder / name / "docker-compose.yaml").write_text(self.SERVICES.format(image=IMAGE))
        (folder / name / "conf").mkdir()
        (folder / name / "conf/number").write_text("42\n")

    def left(self):
        """Networks and volumes of ours that are still there."""
        return self.engine.podman("network", "ls", "--quiet", "--filter", "label=ipw=1").split() + self.engine.podman("volume", "ls", "--quiet").split()

    def test_a_client_finds_the_other_services_by_name_and_nobody_else(self):
        folder = self.tasks()
        self.several(folder, "by-name", "busybox wget -q -O answer.txt http://store/number; cat answer.txt; cat /shared/number")
        self.several(folder, "outside", "echo 42 > answer.txt; grep -c default /proc/net/route; awk '$2 == \"00000000\"' /proc/net/route | wc -l")
        _, traces = self.run_ipw([f"path={folder}"])
        self.assertEqual({n: t["is_resolved"] for n, t in traces.items()}, {"by-name": True, "outside": True}, traces)
        self.assertEqual(traces["by-name"]["response_text"], "42\n42")
        self.assertEqual(traces["outside"]["response_text"].split()[-1], "0", "there is a way out")
        self.assertEqual(self.left(), [])

    def test_services_of_a_killed_run_are_removed_by_the_next(self):
        folder = self.tasks()
        self.several(folder, "hangs", "exec sleep 7641")
        words, _ = self.words([f"path={folder}"])
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "DOCKER_HOST": self.engine.endpoint})
        for _ in range(1200):
            if subprocess.run(["pgrep", "-f", "[s]leep 7641"], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.05)
        process.kill()
        process.wait()
        self.assertEqual((len(self.engine.containers()), len(self.left())), (2, 2))
        folder = self.tasks()
        self.v1(folder, "task", "echo 42 > answer.txt", self.CHECK)
        self.run_ipw([f"path={folder}"])
        self.assertEqual(self.left(), [])

    def test_S14_a_task_of_harbor_is_judged_by_its_reward(self):
        folder = self.tasks()
        test = "#!/bin/bash\nif grep -q 42 answer.txt; then echo 1; else echo 0.5; fi > /logs/verifier/reward.txt\n"
        self.harbor(folder, "solved", "echo 42 > answer.txt", test)
        self.harbor(folder, "half", "echo 1 > answer.txt; mkdir -p /logs/verifier; echo 1 > /logs/verifier/reward.json", test)
        self.harbor(folder, "silent", "true", "#!/bin/sh\ntrue\n")
        self.harbor(folder, "late", "true", "#!/bin/sh\nsleep 60\n", "[verifier]\ntimeout_sec = 1\n")
        _, traces = self.run_ipw([f"path={folder}"])
        self.assertEqual({n: (t["is_resolved"], t["accuracy_score"]) for n, t in traces.items()},
                         {"solved": (True, 1), "half": (False, 0.5), "silent": (None, None), "late": (None, None)})
        self.assertIn("neither", traces["silent"]["unscorable_reason"])

    def issues(self, prompts, scorer, **metadata):
        path = self.tasks() / "issues.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            for name, prompt in prompts.items():
                file.write(json.dumps({"id": name, "problem": prompt, "answer": self.expert, "repo": "pallets/flask", "base_commit": self.commit,
                                       "test_patch": self.test_patch, **metadata}) + "\n")
        return [f"path={path}", f"scorer={scorer}", "options=none"]

    def test_S8_an_issue_is_judged_by_the_tests_of_its_solution(self):
        diff = "diff --git a/calc.py b/calc.py\n--- a/calc.py\n+++ b/calc.py\n@@ -4,4 +4,4 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n \n \n"
        prompts = {"solved": FIX, "untouched": "echo I give up",
                   "tests-bent": "printf 'def test_add():\\n    pass\\n' > tests/test_calc.py; echo x > new.py",
                   "broken": FIX + "; sed -i 's/sum(range(n))/0/' calc.py",
                   "committed": FIX + "; git -c user.name=a -c user.email=a@b commit -qam fix; echo fine",
                   "answered": f"cat <<'E'\nHere it is:\n```diff\n{diff}```\nIt adds now.\nE\n",
                   "misfit": "cat <<'E'\n" + diff.replace("a - b", "a * b") + "E\n",
                   "syntax": "echo 'def (' >> calc.py"}
        params = self.issues(prompts, "swebench", image=IMAGE, test_cmd="python3 run_tests.py tests/test_calc.py",
                             fail_to_pass=["tests/test_calc.py::test_add"], pass_to_pass=["tests/test_calc.py::test_total"])
        _, traces = self.run_ipw(params, dataset="local")
        self.assertEqual({n: t["is_resolved"] for n, t in traces.items()},
                         {"solved": True, "untouched": False, "tests-bent": False, "broken": False, "committed": True, "answered": True, "misfit": False, "syntax": False},
                         json.dumps({n: (t["unscorable_reason"], t["score_metadata"]) for n, t in traces.items()}, indent=1))
        self.assertEqual(traces["answered"]["score_metadata"]["patch_source"], "answer")
        self.assertEqual(traces["solved"]["score_metadata"]["patch_source"], "workspace")

    def test_S10_a_workload_s_ratio_is_that_of_the_expert(self):
        params = self.issues({"fast": FAST, "untouched": "true", "broken": FAST + "; sed -i 's/sum(range(n))/0/' calc.py"}, "swefficiency", image_name=IMAGE,
                             workload=WORKLOAD, test_cmd="python3 run_tests.py", covering_tests=["tests/test_calc.py"],
                             pass_to_pass=["tests/test_calc.py::test_total"], log_parser="parse_log_pytest")
        run, traces = self.run_ipw(params, dataset="local")
        about = {n: t["score_metadata"] for n, t in traces.items()}
        self.assertEqual({n: t["is_resolved"] for n, t in traces.items()}, {"fast": True, "untouched": False, "broken": False}, json.dumps(about, indent=1))
        self.assertGreater(about["fast"]["model"]["speedup"], 10)
        self.assertGreater(about["fast"]["expert"]["speedup"], 10)
        self.assertEqual(about["broken"]["speedup"], 1)
        self.assertAlmostEqual(about["broken"]["speedup_ratio"], 1 / about["broken"]["expert"]["speedup"])
        self.assertEqual(about["fast"]["correctness"], True)
        done = subprocess.run([PROGRAMS / "ipw", "analyze", run, "--json"], capture_output=True, text=True, check=True)
        ratios = [a["speedup_ratio"] for a in about.values()]
        self.assertIn("speedup_ratio", done.stdout)
        self.assertGreater(len(ratios) / sum(1 / r for r in ratios), 0)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("harness_test.py: the engine of the tests needs root", file=sys.stderr)
        sys.exit(containers.NOT_ROOT)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
