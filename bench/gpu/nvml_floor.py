#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Read one GPU's sensors by another program than ipw: what each call costs, and what it shows. Needs nvidia-ml-py.

usage: nvml_floor.py SECONDS CSV            all calls in turn, as fast as they answer
       nvml_floor.py poll CALL MILLISECONDS one call, until it is killed

CSV has the columns: call, seconds of the monotonic clock before and after it, value (mJ, mW, MiB, %, a count).
"""
import sys
import time

import pynvml

# Numbers of fields in nvml.h.
FIELDS = {"energy-83": 83, "energy-191": 191, "average": 185, "instant": 186}
SELDOM = ("temperature", "utilization", "memory", "processes", "energy-83", "energy-191")


def field(device, number):
    value = pynvml.nvmlDeviceGetFieldValues(device, [number])[0]
    if value.nvmlReturn != 0:
        return -value.nvmlReturn
    return value.value.ullVal if value.valueType == pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG else value.value.uiVal


class Ring:
    """The driver's own samples of power since the last look; the value is how many there were."""

    def __init__(self, device):
        self.device, self.last = device, 0

    def __call__(self):
        try:
            kind, samples = pynvml.nvmlDeviceGetSamples(self.device, pynvml.NVML_TOTAL_POWER_SAMPLES, self.last)
        except pynvml.NVMLError as error:
            return -error.value
        self.last = max((sample.timeStamp for sample in samples), default=self.last)
        return len(samples)


def calls(device):
    out = {
        "energy": lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(device),
        "usage": lambda: pynvml.nvmlDeviceGetPowerUsage(device),
        "ring": Ring(device),
        "temperature": lambda: pynvml.nvmlDeviceGetTemperature(device, 0),
        "utilization": lambda: pynvml.nvmlDeviceGetUtilizationRates(device).gpu,
        "memory": lambda: pynvml.nvmlDeviceGetMemoryInfo(device).used >> 20,
        "processes": lambda: len(pynvml.nvmlDeviceGetComputeRunningProcesses(device)),
    }
    for name, number in FIELDS.items():
        out[name] = lambda number=number: field(device, number)
    return out


def record(device, seconds, path):
    rows, end, turn, every = [], time.monotonic() + seconds, 0, calls(device)
    while time.monotonic() < end:
        for name, call in every.items():
            if name in SELDOM and turn % 10:
                continue
            before = time.monotonic()
            value = call()
            rows.append((name, before, time.monotonic(), value))
        turn += 1
        time.sleep(0.0005)
    with open(path, "w") as out:
        out.write("call,before,after,value\n")
        out.writelines(f"{name},{before:.7f},{after:.7f},{value}\n" for name, before, after, value in rows)


def poll(device, name, period):
    call, begin, tick = calls(device)[name], time.monotonic(), 0
    while True:
        call()
        tick = int((time.monotonic() - begin) / period) + 1
        time.sleep(max(0.0, begin + tick * period - time.monotonic()))


def main(arguments):
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)
    if arguments[0] == "poll":
        poll(device, arguments[1], float(arguments[2]) / 1000)
    else:
        record(device, float(arguments[0]), arguments[1])


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1:])
