#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A vendor's library that crashes costs its own devices a gap, and neither the monitor nor the other sensors (goal F8)."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).parents[2] / "support"))
from goals import report_goal

CRASH_AT_S, CRASH_FOR_S = 6.0, 0.4


def end(process):
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)
    if process.stdout:
        process.stdout.close()
    if process.stderr:
        process.stderr.close()


def run(ipw_monitor, ipw_sim, read_monitor, folder):
    simulator = subprocess.Popen(
        [ipw_sim, "--root", f"{folder}/root", "--port", "0", "--json", "--devices", "nvidia,amd", "--sockets", "1",
         "--fault", f"nvidia-0:crash:{CRASH_AT_S}s:{CRASH_FOR_S}s", "--duration", "60s"], stdout=subprocess.PIPE, text=True)
    start = time.monotonic()
    root = json.loads(simulator.stdout.readline())["root"]
    monitor = subprocess.Popen([ipw_monitor, "--socket", f"{folder}/m.sock", "--sysfs-root", root], stderr=subprocess.PIPE,
                               text=True)
    try:
        printed = []
        while not printed or not printed[-1].startswith("listening on "):
            printed.append(monitor.stderr.readline())
            assert printed[-1], f"the monitor ended: {''.join(printed)}"
        assert time.monotonic() - start < CRASH_AT_S - 1, "the crash came before the window"
        out = subprocess.run([read_monitor, f"unix:{folder}/m.sock", "9"], stdout=subprocess.PIPE, check=True, timeout=60)
        return json.loads(out.stdout), monitor.poll(), "".join(printed)
    finally:
        end(monitor)
        end(simulator)


def main(ipw_monitor, ipw_sim, read_monitor):
    with tempfile.TemporaryDirectory() as folder:
        got, ended, printed = run(ipw_monitor, ipw_sim, read_monitor, folder)
    gpu = next(d for d in got["domains"].values() if d["collector"] == "nvml")
    others = [d for d in got["domains"].values() if d["collector"] != "nvml"]
    told = [p for p in got["problems"] if "signal 11" in p]
    silent = sum(int(p.split(": ")[1].split()[0]) for p in told)
    met = (ended is None and bool(told) and silent * 0.05 <= CRASH_FOR_S + 1 and gpu["joules"] is not None
           and len(others) >= 2 and all(d["joules"] and not d["reason"].startswith("its") for d in others))
    report_goal("F8", met, f"SIGSEGV in NVML for {CRASH_FOR_S} s: the monitor and {len(others)} other domains go on, {silent} silent "
                           f"ticks of 50 ms of the GPU alone, told with the signal, its energy across the gap from the counter")
    return 0 if met else f"{json.dumps(got, indent=1)}\n{printed}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
