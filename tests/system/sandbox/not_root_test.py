#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The places for a user that is not root: usage not_root_test.py TEST_PROGRAM MODULES_FOLDER. As root it becomes another user."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

USER = 54321


def main(program, modules):
    with tempfile.TemporaryDirectory(prefix="ipw-not-root-") as folder:
        os.chmod(folder, 0o755)
        # A user may not get through to the build's folder.
        place = pathlib.Path(folder)
        shutil.copytree(modules, place / "lib/ipw")
        (place / "bin").mkdir()
        shutil.copy(program, place / "bin")
        words = [place / "bin" / pathlib.Path(program).name, "--gtest_filter=*/bubblewrap:*/none"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}
        if os.geteuid() == 0:
            words = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words]
        return subprocess.run(words, env=environment, check=False, timeout=200).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
