# SPDX-License-Identifier: Apache-2.0
"""Runs of agents on a simulated machine, for the tests beside this file; their first argument is the programs' folder."""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
PROGRAMS = pathlib.Path(sys.argv[1]).absolute()
AGENT = {"argv": [sys.executable, str(HERE / "scripted_agent.py"), "{prompt}"]}


class SimulatedRun(unittest.TestCase):
    """`ipw run` with the scripted agent against ipw-sim; prompts say what the agent does."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        root = cls.place.name + "/machine"
        cls.sim = subprocess.Popen([PROGRAMS / "ipw-sim", "--port", "0", "--root", root, "--devices", "nvidia", "--ttft-ms", "20", "--itl-ms", "4",
                                    "--answers", "fixed", "--fixed-answer", "Something.", "--duration", "300s", "--json"], stdout=subprocess.PIPE, text=True)
        cls.address = json.loads(cls.sim.stdout.readline())["base_url"]
        cls.root = root

    @classmethod
    def tearDownClass(cls):
        cls.sim.send_signal(signal.SIGINT)
        cls.sim.communicate(timeout=20)
        cls.place.cleanup()

    def words(self, prompts, *more):
        folder = tempfile.mkdtemp(dir=self.place.name)
        with open(folder + "/tasks.jsonl", "w", encoding="utf-8") as file:
            for i, prompt in enumerate(prompts):
                file.write(json.dumps({"id": f"task/{i}", "problem": prompt, "answer": "answered"}) + "\n")
        options = {"--agent": "command", "--sandbox": "none", "--agent-kwargs": json.dumps(AGENT), "--model": "simulated",
                   "--client-base-url": self.address, "--dataset": "local", "--output-dir": folder + "/runs", "--monitor": "none",
                   "--sysfs-root": self.root, "--idle-seconds": "0", **dict(zip(more[::2], more[1::2]))}
        params = ["--dataset-param", f"path={folder}/tasks.jsonl", "--dataset-param", "options=none", "--dataset-param", "scorer=contains"]
        return folder, [PROGRAMS / "ipw", "run", "--quiet", *params, *(word for pair in options.items() for word in pair)]

    def run_tasks(self, prompts, *more, status=(0,)):
        folder, words = self.words(prompts, *more)
        done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        self.assertIn(done.returncode, status, done.stdout + done.stderr)
        return self.read(folder)

    def read(self, folder):
        (run,) = pathlib.Path(folder, "runs").iterdir()
        with open(run / "traces.jsonl", encoding="utf-8") as file:
            return run, [json.loads(line) for line in file]
