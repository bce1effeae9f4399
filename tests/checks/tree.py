# SPDX-License-Identifier: Apache-2.0
"""A source tree made of strings, and the verdict of a check on it: usage of the tests is TEST.py CHECK."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = sys.argv.pop(1)


def verdict(files):
    """(exit status, output) of the check on a tree with these files: path -> text."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, CHECK, folder], text=True, capture_output=True)
        return done.returncode, done.stdout
