#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""By how much programs that sample slow a GPU workload down: goals O5 and O6 on hardware.

usage: slowdown.py ROUNDS NAME=PID...

Each PID leads a process group that samples. All are stopped; in every round each is continued in turn, between runs
without any, and the same three workloads run: matrix products (time on the GPU), launches (a small kernel and a wait
for it) and allocations (cudaMalloc and cudaFree, which pass through the driver's locks). Prints JSON with the times in
milliseconds: the products as one number a run, of the others the median, the 99th percentile and the longest, and the
CPU seconds that the group used.
"""
import ctypes
import json
import os
import signal
import sys
import time

import torch

SECONDS = 0.3  # of launches and of allocations in a run
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(group):
    """User and kernel time of all processes of the group."""
    total = 0
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[2]) == group:
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def repeated(action):
    """The times of an action, in milliseconds."""
    times, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        begin = time.perf_counter()
        action()
        times.append(1e3 * (time.perf_counter() - begin))
    times.sort()
    return {"median": times[len(times) // 2], "p99": times[int(0.99 * len(times))], "max": times[-1], "n": len(times)}


class Workload:
    def __init__(self):
        self.a = torch.randn(4096, 4096, device="cuda", dtype=torch.bfloat16)
        self.out = torch.empty_like(self.a)
        self.small = torch.zeros(64, device="cuda")
        torch.matmul(self.a, self.a, out=self.out)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            for _ in range(2000):
                torch.matmul(self.a, self.a, out=self.out)
        with open("/proc/self/maps") as maps:
            runtime = next(line.split()[-1] for line in maps if "libcudart" in line)
        self.cudart = ctypes.CDLL(runtime)

    def products(self):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        self.graph.replay()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end)

    def launch(self):
        self.small.add_(1)
        torch.cuda.synchronize()

    def allocate(self):
        place = ctypes.c_void_p()
        status = self.cudart.cudaMalloc(ctypes.byref(place), ctypes.c_size_t(4 << 20)) or self.cudart.cudaFree(place)
        if status:
            raise RuntimeError(f"cudaMalloc or cudaFree: error {status}")

    def run(self):
        return {"products": self.products(), "launches": repeated(self.launch), "allocations": repeated(self.allocate)}


def sampled(workload, group):
    os.killpg(group, signal.SIGCONT)
    time.sleep(0.1)
    cpu, begin = cpu_seconds(group), time.monotonic()
    out = workload.run()
    out["cpu_seconds"], out["seconds"] = cpu_seconds(group) - cpu, time.monotonic() - begin
    os.killpg(group, signal.SIGSTOP)
    time.sleep(0.05)
    return out


def main(rounds, groups):
    workload = Workload()
    for group in groups.values():
        os.killpg(group, signal.SIGSTOP)
    for _ in range(3):
        workload.run()
    rows = []
    for _ in range(rounds):
        for name, group in groups.items():
            rows.append({"sampler": None, **workload.run()})
            rows.append({"sampler": name, **sampled(workload, group)})
        rows.append({"sampler": None, **workload.run()})
    for group in groups.values():
        os.killpg(group, signal.SIGCONT)
    print(json.dumps(rows))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(int(sys.argv[1]), {name: int(pid) for name, pid in (pair.split("=") for pair in sys.argv[2:])})
