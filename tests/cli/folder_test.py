#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A run folder holds what docs/reference/run-folder.md says: usage folder_test.py PROGRAM SOURCE."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
TYPES = {"string": str, "number": float, "integer": int, "object": dict, "array": list, "boolean": bool,
         "null": type(None)}
ROW = re.compile(r"^\| (`[^|]+`) \| ([^|]+) \|", re.MULTILINE)


def section(title):
    """The first two cells of each row of the first table below a heading; names without their backquotes."""
    with open(SOURCE + "/docs/reference/run-folder.md", encoding="utf-8") as file:
        text = file.read()
    body = text.split(title, 1)[1].split("\n## ", 1)[0]
    return [(re.findall(r"`([^`]+)`", names), cell.strip()) for names, cell in ROW.findall(body)]


class Folder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        words = "profile --client echo --model parrot --dataset ipw-tiny --max-queries 3 --idle-seconds 0.2 --quiet " \
                "--collector simulated:watts=50 --sampling-period 0.2 --monitor none"
        subprocess.run([PROGRAM, *words.split()], cwd=cls.place.name, check=True, capture_output=True, timeout=120)
        (cls.run_folder,) = glob.glob(cls.place.name + "/runs/*")
        subprocess.run([PROGRAM, "analyze", cls.run_folder], check=True, capture_output=True, timeout=120)

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def test_X12_every_documented_file_is_there_and_no_other(self):
        documented = [name.replace("<id>", "*") for names, _ in section("# The run folder") for name in names]
        self.assertGreater(len(documented), 7)
        found = set()
        for pattern in documented:
            paths = glob.glob(os.path.join(self.run_folder, pattern))
            self.assertTrue(paths, pattern)
            found.update(paths)
        there = {p for p in glob.glob(self.run_folder + "/**", recursive=True) if os.path.isfile(p)}
        self.assertEqual(there, found)

    def test_C18_summary_json_has_the_documented_keys_and_types(self):
        with open(self.run_folder + "/summary.json", encoding="utf-8") as file:
            summary = json.load(file)
        documented = {name: cell for names, cell in section("## The summary") for name in names}
        self.assertEqual(list(summary), list(documented))
        for key, cell in documented.items():
            allowed = tuple(TYPES[word] for word in cell.split(" or "))
            self.assertIsInstance(summary[key], allowed, key)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
