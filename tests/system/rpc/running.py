# SPDX-License-Identifier: Apache-2.0
"""A running ipw-monitor, and a tree of counters that count."""
import contextlib
import os
import pathlib
import subprocess
import sys
import threading
import time

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[2] / "support"))
import goals

BIN = pathlib.Path(os.environ["IPW_BINARY_DIR"]) / "bin"
SIMULATED = ["--collector", "simulated:watts=50,update_ms=20", "--collector", "host"]


@contextlib.contextmanager
def monitor(*options, where=("--port", "0")):
    """A running ipw-monitor: its process, and its address."""
    process = subprocess.Popen([BIN / "ipw-monitor", *where, *options], stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if line.startswith("listening on "):
                break
        else:
            pytest.fail(f"ipw-monitor ended with {process.wait()}")
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@contextlib.contextmanager
def counting_package(root, watts):
    """A powercap tree below `root` whose one package draws so many watts."""
    zone = root / "sys/class/powercap/intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "name").write_text("package-0\n")
    (zone / "max_energy_range_uj").write_text("262143328850\n")
    counter = zone / "energy_uj"
    counter.write_text("1000000000\n")
    done = threading.Event()

    def burn():
        start = time.monotonic()
        file = os.open(counter, os.O_WRONLY)
        while not done.wait(0.005):
            os.pwrite(file, b"%d" % (1_000_000_000 + int((time.monotonic() - start) * watts * 1e6)), 0)
        os.close(file)

    thread = threading.Thread(target=burn, daemon=True)
    thread.start()
    try:
        yield root
    finally:
        done.set()
        thread.join()


def report_goal(goal, met, measured):
    """Say it, and fail where it is not met."""
    goals.report_goal(goal, met, measured)
    assert met, measured
