#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every option of `ipw profile` has an effect: usage options_test.py PROGRAM SOURCE."""
import glob
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
BASE = {"--client": "echo", "--model": "parrot", "--dataset": "ipw-tiny", "--max-queries": "2", "--idle-seconds": "0",
        "--collector": "simulated:watts=50", "--monitor": "none"}
# A value other than the one above or the default, for each option that is a wish about the run.
OTHER = {"--client": "echo", "--model": "other", "--client-base-url": "http://localhost:9", "--client-param": "answer=yes",
         "--temperature": "0.5", "--max-tokens": "7", "--query-timeout": "9", "--dataset": "ipw-mini",
         "--dataset-param": "seed=3", "--max-queries": "3", "--sample-evenly": None, "--samples": "2", "--shard": "1/2", "--seed": "5",
         "--concurrency": "2", "--attribution": "time-share", "--batch-size": "2", "--warmup-queries": "1", "--idle-seconds": "0.2",
         "--output-dir": "elsewhere", "--monitor": "none", "--monitor-token": "elsewhere.token", "--collector": "simulated:watts=60",
         "--sysfs-root": SOURCE + "/tests/fixtures/sysfs/two-sockets", "--sampling-period": "0.02", "--calibration": "none",
         "--prices": SOURCE + "/data/prices.json",
         "--eval-client": "ollama", "--eval-base-url": "http://localhost:9", "--eval-model": "judge", "--rubric": "simpleqa=" + SOURCE + "/LICENSE"}
# What stands in config.json under another name than the option's.
KEYS = {"--rubric": "eval_rubrics", "--monitor-token": "monitor_access_file", "--batch-size": "concurrency", "--client": "client_id", "--client-param": "client_params",
        "--collector": "collectors", "--dataset": "dataset_id", "--dataset-param": "dataset_params", "--query-timeout": "query_timeout_seconds",
        "--sampling-period": "sampling_period_seconds"}
# Options that say how to treat a folder or what to print. Their effect is tested in profile.test, usage.test and here.
ABOUT_THE_OUTPUT = {"--resume", "--retry-failed", "--overwrite", "--config", "--json", "--quiet", "--api-key",
                    "--launcher", "--shards", "--slurm-option", "--wait", "--dry-run"}


def options_of_profile():
    text = subprocess.run([PROGRAM, "profile", "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE)


class Options(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def profile(self, changed):
        """(config.json, summary.json) of a run with some options changed."""
        words = [w for name, value in {**BASE, **changed}.items() for w in ([name] if value is None else [name, value])]
        environment = dict(os.environ, COLUMNS="100")
        done = subprocess.run([PROGRAM, "profile", *words, "--quiet", "--overwrite"], cwd=self.folder.name, text=True,
                              env=environment, capture_output=True, timeout=120)
        self.assertIn("results: ", done.stdout, done.stderr)
        run = os.path.join(self.folder.name, re.search(r"^results: (.*)$", done.stdout, re.MULTILINE)[1])
        return [json.loads(pathlib.Path(run, name).read_text()) for name in ("config.json", "summary.json")]

    def test_C5_every_option_changes_what_is_recorded(self):
        plain, _ = self.profile({})
        for option in options_of_profile():
            if option in ABOUT_THE_OUTPUT:
                continue
            with self.subTest(option):
                self.assertIn(option, OTHER, "a new option needs a value here")
                changed, _ = self.profile({option: OTHER[option]})
                key = KEYS.get(option, option[2:].replace("-", "_"))
                self.assertIn(key, changed)
                if OTHER[option] != BASE.get(option):
                    self.assertNotEqual(changed[key], plain[key])

    def test_C20_the_sampling_period_changes_the_rate_of_readings(self):
        for period in (0.01, 0.04):
            _, summary = self.profile({"--sampling-period": str(period), "--idle-seconds": "0.4"})
            sampler = summary["telemetry"]["sampler"]
            self.assertEqual(sampler["period_seconds"], period)
            self.assertGreater(sampler["ticks"], 0.4 / period)

    def test_Z10_the_key_is_in_no_file(self):
        self.profile({"--api-key": "sk-very-secret"})
        for path in glob.glob(self.folder.name + "/runs/*/*"):
            with open(path, "rb") as file:
                self.assertNotIn(b"sk-very-secret", file.read(), path)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
