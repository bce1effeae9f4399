#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing grows with the run but the disk (law 8): a run ten times as long needs no more memory, also when it is resumed."""
import os
import subprocess
import sys
import tempfile

SHORT, LONG, ALLOWED_MB = 5000, 50000, 4


def peak_mb(program, folder, queries, *more):
    """Peak memory in MB of a profile run that ends well."""
    arguments = [program, "profile", "--client", "echo", "--model", "m", "--dataset", "ipw-tiny", "--dataset-param", "n=50000",
                 "--max-queries", str(queries), "--output-dir", folder, "--warmup-queries", "0", "--idle-seconds", "0",
                 "--monitor", "none", "--collector", "simulated:watts=50", "--quiet", *more]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    return usage.ru_maxrss / 1024


def main():
    with tempfile.TemporaryDirectory() as folder:
        short = peak_mb(sys.argv[1], folder, SHORT)
        long = peak_mb(sys.argv[1], folder, LONG, "--overwrite")
        resumed = peak_mb(sys.argv[1], folder, LONG, "--resume")
    print(f"peak memory: {short:.1f} MB at {SHORT} queries, {long:.1f} MB at {LONG}, {resumed:.1f} MB when resumed")
    assert long - short < ALLOWED_MB, "memory grows with the run"
    assert resumed - short < ALLOWED_MB, "memory grows with what is resumed"


if __name__ == "__main__":
    main()
