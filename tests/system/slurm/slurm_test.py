#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shards as an array job of a real Slurm with two nodes: usage slurm_test.py PROGRAMS_FOLDER."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from cluster import Cluster

HERE = pathlib.Path(__file__).parent
PROGRAMS = pathlib.Path(sys.argv[1]).absolute()
AGENT = {"argv": [sys.executable, str(HERE.parent / "agents/scripted_agent.py"), "{prompt}"]}
ECHO = ["--client", "echo", "--model", "parrot", "--dataset", "ipw-tiny", "--max-queries", "30", "--idle-seconds", "0.2", "--monitor", "none",
        "--collector", "simulated:watts=50", "--quiet"]
# What differs from run to run, or from one machine to several.
TIMES = {"started_unix_ns", "started_seconds", "latency", "energy", "prefill", "decode", "gpu_power_watts", "cpu_power_watts", "temperature_celsius",
         "cpu_memory_mb", "gpu_memory_mb", "gpu_utilization_pct", "gpu_memory_bandwidth_pct", "gpu_memory_total_mb", "devices", "spans"}


def records(run):
    """The queries of a merged journal, or of one with amendments."""
    queries = {}
    for line in (run / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if "index" in entry:
            kind, index = entry.pop("type"), entry["index"]
            queries[index] = entry if kind == "query" else {**queries[index], **entry}
    return [queries[index] for index in sorted(queries)]


def timeless(run):
    return [{key: value for key, value in record.items() if key not in TIMES} for record in records(run)]


def summary(run):
    return json.loads((run / "summary.json").read_text())


def joules(record):
    return sum(e["joules"] for e in record["energy"] if e["scope"] == "accelerator")


class Slurm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)

    def ipw(self, *words, status=(0,), environment=None):
        done = subprocess.run([PROGRAMS / "ipw", *map(str, words)], cwd=self.place, capture_output=True, text=True, timeout=240,
                              env={**self.cluster.environment, **(environment or {})})
        logs = "".join(p.read_text() for p in self.place.rglob("slurm/task-*.log"))
        self.assertIn(done.returncode, status, done.stdout + done.stderr + logs)
        return done

    def whole(self, out):
        (run,) = (p for p in (self.place / out).iterdir() if (p / "journal.jsonl").exists() and "_shard" not in p.name)
        return run

    def test_four_shards_on_two_nodes_are_the_run_that_was_not_sharded(self):
        self.ipw("profile", *ECHO, "--output-dir", "alone")
        done = self.ipw("profile", *ECHO, "--output-dir", "out", "--launcher", "slurm", "--shards", "4", "--wait")
        alone, merged = self.whole("alone"), self.whole("out")
        self.assertEqual(alone.name, merged.name)
        self.assertIn("squeue --job", done.stderr)
        self.assertEqual(len([p for p in (self.place / "out").iterdir() if "_shard" in p.name]), 4)
        self.assertEqual(timeless(merged), timeless(alone))
        ours, theirs = summary(merged), summary(alone)
        for key in ("queries", "failed", "scored", "unscored", "correct", "with_energy", "cost_usd"):
            self.assertEqual(ours["totals"][key], theirs["totals"][key], key)
        self.assertEqual(ours["efficiency"]["accuracy"], theirs["efficiency"]["accuracy"])
        self.assertTrue(ours["verdict"]["valid"], ours["verdict"])
        parts = [summary(p) for p in (merged / "parts").iterdir()]
        self.assertAlmostEqual(ours["totals"]["energy_joules"], sum(p["totals"]["energy_joules"] for p in parts), places=12)
        self.assertEqual(ours["telemetry"]["sampler"]["ticks"], sum(p["telemetry"]["sampler"]["ticks"] for p in parts))
        self.assertEqual((self.place / "out/slurm/job-id").read_text().strip(), done.stderr.split("job ")[1].split(":")[0])

    def test_a_shard_that_is_lost_is_told_and_done_again_by_the_same_script(self):
        self.ipw("profile", *ECHO, "--output-dir", "out", "--launcher", "slurm", "--shards", "3", "--wait")
        out = self.place / "out"
        before = timeless(self.whole("out"))
        (lost,) = out.glob("*_shard2of3")
        shutil.rmtree(lost)
        done = self.ipw("merge", out, *out.glob("*_shard*"), "--overwrite", status=(1,))
        self.assertIn("2 of 3 shards; missing: 2", done.stderr)
        self.assertIn("2 of 3 shards are there; missing: 2", done.stdout)
        self.assertEqual(self.cluster.run("sbatch", "--wait", str(out / "slurm/job.sh"), timeout=120).returncode, 0)
        self.ipw("merge", out, *out.glob("*_shard*"), "--overwrite")
        self.assertEqual(timeless(self.whole("out")), before)

    def test_a_run_that_no_merge_made_is_replaced_only_when_asked_to(self):
        self.ipw("profile", *ECHO, "--output-dir", "out")
        alone = self.whole("out")
        before = (alone / "journal.jsonl").read_bytes()
        slurm = ["profile", "--config", alone / "config.json", "--quiet", "--launcher", "slurm", "--shards", "2", "--wait"]
        done = self.ipw(*slurm, status=(2,))
        self.assertIn("was not merged from shards", done.stderr)
        self.assertIn("--overwrite", done.stderr)
        self.assertEqual([p.name for p in (self.place / "out").iterdir()], [alone.name])
        self.assertEqual((alone / "journal.jsonl").read_bytes(), before)
        self.ipw(*slurm, "--overwrite")
        self.assertEqual(len(list((self.whole("out") / "parts").iterdir())), 2)
        self.ipw(*slurm)  # what a merge made is made again
        merged = self.whole("out")
        done = self.ipw("profile", *ECHO, "--output-dir", "out", "--launcher", "slurm", "--overwrite", status=(2,))
        self.assertIn("the hardware of the nodes is not known", done.stderr)
        self.assertTrue((merged / "journal.jsonl").exists())

    def test_with_overwrite_shards_begin_anew_and_a_task_that_is_started_again_goes_on(self):
        slurm = ["profile", *ECHO, "--output-dir", "out", "--launcher", "slurm", "--shards", "2", "--wait"]
        self.ipw(*slurm)
        out = self.place / "out"
        marks = [shard / "mark" for shard in out.glob("*_shard*")]
        for mark in marks:
            mark.touch()
        self.ipw(*slurm)
        self.assertEqual([mark.exists() for mark in marks], [True, True])
        self.ipw(*slurm, "--overwrite")
        self.assertEqual([mark.exists() for mark in marks], [False, False])
        journals = [mark.parent / "journal.jsonl" for mark in marks]
        before = [journal.read_bytes() for journal in journals]
        self.assertEqual(self.cluster.run("sbatch", "--wait", str(out / "slurm/job.sh"), timeout=120).returncode, 0)
        for journal, lines in zip(journals, before):
            self.assertTrue(journal.read_bytes().startswith(lines), journal)

    def test_Z10_a_key_goes_by_the_environment_and_stands_in_no_file(self):
        self.ipw("profile", *ECHO, "--output-dir", "out", "--launcher", "slurm", "--shards", "2", "--wait", "--api-key", "sk-very-secret")
        for path in self.place.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"sk-very-secret", path.read_bytes(), path)

    def test_a_dry_run_writes_a_script_and_submits_nothing(self):
        done = self.ipw("profile", *ECHO, "--output-dir", "out", "--launcher", "slurm", "--shards", "8", "--dry-run", "--slurm-option=--partition=all")
        script = (self.place / "out/slurm/job.sh").read_text()
        self.assertIn("#SBATCH --array=1-8\n", script)
        self.assertIn("#SBATCH --partition=all\n", script)
        self.assertIn('--shard "$SLURM_ARRAY_TASK_ID/8"', script)
        self.assertIn("sbatch", done.stderr)
        self.assertEqual(sorted(p.name for p in (self.place / "out").rglob("*")), ["config.json", "job.sh", "slurm"])
        subprocess.run(["bash", "-n", self.place / "out/slurm/job.sh"], check=True)

    def test_what_slurm_refuses_is_told(self):
        done = self.ipw("profile", *ECHO, "--output-dir", "out", "--launcher", "slurm", "--shards", "2", "--slurm-option=--partition=nowhere", status=(1,))
        self.assertIn("Invalid partition name specified", done.stderr)
        empty = self.place / "bin"
        empty.mkdir()
        done = self.ipw("profile", *ECHO, "--output-dir", "out", "--launcher", "slurm", "--shards", "2", status=(1,), environment={"PATH": str(empty)})
        self.assertIn("there is no sbatch on this machine", done.stderr)
        done = self.ipw("profile", *ECHO, "--shards", "2", status=(2,))
        self.assertIn("--shards needs --launcher slurm", done.stderr)


class Bench(Slurm):
    """Agents on a simulated machine; both nodes are that machine, so one task runs at a time."""

    ONE_AT_A_TIME = ["--slurm-option=--nodelist=n1", "--slurm-option=--cpus-per-task=2"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.machine)
        cls.sim = subprocess.Popen([PROGRAMS / "ipw-sim", "--port", "0", "--root", cls.machine + "/root", "--devices", "nvidia", "--ttft-ms", "20", "--itl-ms", "20",
                                    "--answers", "fixed", "--fixed-answer", "one two three four five six seven eight nine ten eleven twelve", "--duration", "600s", "--json"], stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.stop_sim)
        cls.address = json.loads(cls.sim.stdout.readline())["base_url"]

    @classmethod
    def stop_sim(cls):
        cls.sim.send_signal(signal.SIGINT)
        cls.sim.communicate(timeout=20)

    def words(self, out):
        with open(self.place / "tasks.jsonl", "w", encoding="utf-8") as file:
            for i in range(8):
                file.write(json.dumps({"id": f"task-{i}", "problem": "ask wait:0.2 whole ask", "answer": "answered"}) + "\n")
        return ["bench", "--agent", "command", "--sandbox", "none", "--agent-kwargs", json.dumps(AGENT), "--model", "simulated", "--client-base-url", self.address,
                "--dataset", "local", "--dataset-param", f"path={self.place}/tasks.jsonl", "--dataset-param", "options=none", "--dataset-param", "scorer=contains",
                "--output-dir", out, "--monitor", "none", "--sysfs-root", self.machine + "/root", "--idle-seconds", "0.3", "--per-action", "--quiet"]

    def test_shards_of_a_bench_cost_what_the_whole_does(self):
        self.ipw(*self.words("alone"))
        self.ipw(*self.words("out"), "--launcher", "slurm", "--shards", "4", "--wait", *self.ONE_AT_A_TIME)
        alone, merged = self.whole("alone"), self.whole("out")
        self.assertEqual(alone.name, merged.name)
        self.assertEqual(timeless(merged), timeless(alone))
        ours, theirs = (json.loads((run / "results.json").read_text()) for run in (merged, alone))
        for key in ("queries", "completed", "total_turns", "total_tokens", "turns"):
            self.assertEqual(ours[key], theirs[key], key)
        self.assertEqual(ours["energy_analysis"]["action_counts"], theirs["energy_analysis"]["action_counts"])
        decode = [results["energy_analysis"]["energy_by_action"]["model decode"] for results in (ours, theirs)]
        self.assertAlmostEqual(decode[0], decode[1], delta=0.05 * decode[1])
        self.assertAlmostEqual(sum(map(joules, records(merged))), summary(merged)["totals"]["energy_joules"], places=6)
        self.assertEqual(len((merged / "traces.jsonl").read_text().splitlines()), 8)
        self.assertEqual(len(list((merged / "artifacts").iterdir())), 8)


if __name__ == "__main__":
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(Slurm))
    suite.addTest(Bench("test_shards_of_a_bench_cost_what_the_whole_does"))
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
