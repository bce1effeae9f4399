#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make figures of what check.py recorded: lines "what TAB measured" for tools/list_goals. Needs NumPy.

usage: figures.py OUT >docs/reference/hardware/NAME.tsv
"""
import collections
import csv
import json
import pathlib
import re
import sys

import numpy as np

WIDTHS, DELAYS = np.arange(0.005, 0.16, 0.005), np.arange(0, 0.06, 0.004)
COUNTER_DELAY = 0.008  # seconds by which the counter's value is older than its change, by the fit under squares
SETTLES = 0.5  # seconds at the begin of a pattern that are left out


class Recording:
    """Readings by domain: seconds, joules or watts, seconds that the call took."""

    def __init__(self, path):
        lines = [json.loads(line) for line in open(path)]
        self.names = [domain["name"] for domain in lines[0]["domains"]]
        rows = collections.defaultdict(list)
        for sample in lines[1:]:
            for domain, mid, half, joules, watts in sample.get("readings", []):
                rows[self.names[domain]].append((mid / 1e9, watts if joules is None else joules, 2 * half / 1e9))
        self.of = {name: np.array(values) for name, values in rows.items()}


def renewals(readings):
    """When a sensor showed a new value, between the two reads around it, on the grid that fits best; and the values."""
    new = np.flatnonzero(np.diff(readings[:, 1])) + 1
    seen = (readings[new, 0] + readings[new - 1, 0]) / 2
    period = np.median(np.diff(seen))
    step = np.round((seen - seen[0]) / period)
    period, phase = np.polyfit(step, seen, 1)
    return period, step * period + phase, readings[new, 1]


def on_seconds(pattern, until):
    """For how long the load of a pattern was on from its begin to each instant."""
    cycles = (until - pattern["begin"]) / pattern["period"]
    whole = np.floor(cycles)
    return pattern["period"] * (whole * pattern["duty"] + np.minimum(cycles - whole, pattern["duty"]))


def explained(times, values, patterns, width, delay):
    """The share of the variance that a mean over `width` seconds, `delay` ago, of the known load explains."""
    left = total = 0
    for pattern in patterns:
        inside = (times - delay - width > pattern["begin"] + SETTLES) & (times - delay < pattern["end"] - 0.1)
        if inside.sum() < 8:
            continue
        ends = times[inside] - delay
        share = (on_seconds(pattern, ends) - on_seconds(pattern, ends - width)) / width
        terms = np.vstack([share, np.ones_like(share)]).T
        fit = np.linalg.lstsq(terms, values[inside], rcond=None)[0]
        left += ((values[inside] - terms @ fit) ** 2).sum()
        total += ((values[inside] - values[inside].mean()) ** 2).sum()
    return 1 - left / total


def averaging(times, values, patterns):
    best = max((explained(times, values, patterns, w, d), w, d) for w in WIDTHS for d in DELAYS)
    return f"W {1e3 * best[1]:.0f} ms, {1e3 * best[2]:.0f} ms old (explains {100 * best[0]:.0f} % of the variance under known squares)"


def mean_watts(readings, begin, end):
    inside = (readings[:, 0] > begin) & (readings[:, 0] < end)
    return readings[inside, 1].mean()


def name_of(pattern):
    return {0: "idle", 1: "full load"}.get(pattern["duty"], f"squares of {1e3 * pattern['period']:.0f} ms")


def sources(out):
    record = Recording(out / "sources.jsonl")
    patterns = [json.loads(line) for line in open(out / "load.log")]
    squares = [pattern for pattern in patterns if 0 < pattern["duty"] < 1]
    counter, instant, ring = (record.of[name] for name in ("gpu-0", "gpu-0/instant", "gpu-0/samples"))
    period, moments, joules = renewals(counter)
    yield "energy counter", f"T {1e3 * period:.2f} ms; a step is the energy of {averaging(moments[1:], np.diff(joules) / period, squares)}"
    slow = squares[-1]  # the faster squares beat with the sensor
    period, moments, watts = renewals(instant[(instant[:, 0] > slow["begin"]) & (instant[:, 0] < slow["end"])])
    yield "instant power", f"T {1e3 * period:.1f} ms, {averaging(moments, watts, [slow])}"
    spacing = np.median(np.diff(ring[:, 0]))
    yield "the driver's ring of samples", f"T {1e3 * spacing:.1f} ms, {averaging(ring[:, 0], ring[:, 1], squares)}"
    _, moments, joules = renewals(counter)
    for pattern in patterns:
        begin, end = pattern["begin"] + SETTLES, pattern["end"] - 0.2
        if begin < ring[0, 0]:
            continue
        truth = np.diff(np.interp([begin, end], moments, joules))[0] / (end - begin)
        others = {name: mean_watts(record.of[f"gpu-0/{name}"], begin, end) / truth - 1 for name in ("instant", "samples")}
        yield (f"{name_of(pattern)}, {pattern['end'] - pattern['begin']:.0f} s",
               f"counter {truth:.1f} W; mean of instant power {100 * others['instant']:+.2f} %, of the ring {100 * others['samples']:+.2f} %")
    calls = 1e3 * counter[:, 2]
    yield "ipw's read of the counter, each 20 ms", f"{calls.mean():.1f} ms in the mean, 99 % below {np.percentile(calls, 99):.1f} ms"


def shapes(out):
    """How well the counter's value in the middle of two steps is told by a straight line, and by the ring's shape."""
    record = Recording(out / "sources.jsonl")
    counter, ring = record.of["gpu-0"], record.of["gpu-0/samples"]
    _, moments, joules = renewals(counter)
    moments = moments - COUNTER_DELAY
    cumulative = np.concatenate([[0], np.cumsum(ring[1:, 1] * np.diff(ring[:, 0]))])
    shape = np.interp(moments, ring[:, 0], cumulative)
    for pattern in (json.loads(line) for line in open(out / "load.log")):
        inside = (moments > max(pattern["begin"] + 0.2, ring[0, 0] + 0.1)) & (moments < pattern["end"] - 0.1)
        middle = np.flatnonzero(inside[:-2] & inside[2:]) + 1
        if len(middle) < 5:
            continue
        whole = joules[middle + 1] - joules[middle - 1]
        share = (shape[middle] - shape[middle - 1]) / (shape[middle + 1] - shape[middle - 1])
        errors = [np.sqrt(np.mean((joules[middle - 1] + whole * part - joules[middle]) ** 2)) for part in (0.5, share)]
        yield (f"{name_of(pattern)}: the counter between two steps", f"straight line {errors[0]:.2f} J, shape of the ring {errors[1]:.2f} J (RMS)")


def by_ipw(out):
    for row in json.load(open(out / "compare.json"))["sources"]:
        width = f", W {1e3 * row['averaging_seconds']:.0f} ms" if row["averaging_seconds"] else ""
        power = f"{row['watts']:.1f} +- {row['half_width_watts']:.1f} W" if row["watts"] else row["reason"]
        yield f"`ipw telemetry --compare`: {row['source']}", f"{power}, T {1e3 * row['update_seconds']:.1f} ms{width}"


def calls(out):
    for file, load in (("floor-idle.csv", "idle"), ("floor.csv", "under load")):
        took = collections.defaultdict(list)
        for row in csv.DictReader(open(out / file)):
            took[row["call"]].append(1e6 * (float(row["after"]) - float(row["before"])))
        text = ", ".join(f"{name} {np.mean(t):.0f} ({np.percentile(t, 99):.0f})" for name, t in sorted(took.items()))
        yield f"calls of another program, {load}", f"us in the mean (99 % below): {text}"


def crash(out):
    counter = Recording(out / "crash.jsonl").of["gpu-0"]
    worst = np.diff(counter[:, 0]).argmax()
    joules = counter[worst + 1, 1] - counter[worst, 1]
    alive = json.load(open(out / "crash.json"))["alive"]
    yield ("SIGSEGV in the helper that holds the driver's library",
           f"the monitor {'goes on' if alive else 'DIED'}; {counter[worst + 1, 0] - counter[worst, 0]:.2f} s between two readings, the {joules:.1f} J of it known")


def lines_of(path):
    return [json.loads(line) for line in open(path)]


def joules_of(energies, domain):
    return sum(energy["joules"] for energy in energies if energy["domain"] == domain)


def agents(out):
    """Whether the joules of spans, tasks, idle time and what is nobody's are those of the device, by its own counter too."""
    for concurrency in (1, 8):
        folder = next((out / f"runs-agents-{concurrency}").iterdir())
        tasks, summary = lines_of(folder / "traces.jsonl"), json.load(open(folder / "summary.json"))
        spans = [span for task in tasks for span in task["spans"]]
        sums = {kind: sum(joules_of(span["energy"], "gpu-0") for span in spans if span["kind"] == kind) for kind in ("task", "model")}
        begin = min(span["begin_seconds"] for span in spans)
        seconds = max(span["end_seconds"] for span in spans) - begin
        apart = max(abs(sum(joules_of(span["energy"], "gpu-0") for span in task["spans"]) / task["total_gpu_energy_joules"] - 1) for task in tasks)
        text = f"{len(tasks)} tasks, {len(spans)} spans in {seconds:.1f} s; calls of the model {sums['model']:.1f} J, the agents' own time {sums['task']:.1f} J"
        text += f"; spans and their task differ by {100 * apart:.4f} % at most"
        account = summary.get("attribution")
        if account:
            row = next(row for row in account["domains"] if row["domain"] == "gpu-0")
            rest = row["device_joules"] - row["idle_joules"] - row["unattributed_joules"] - sums["task"] - sums["model"]
            text += f"; device {row['device_joules']:.1f} J = tasks + idle {row['idle_joules']:.1f} + nobody's {row['unattributed_joules']:.1f}, {rest:+.3f} J off"
            counter = Recording(out / f"agents-{concurrency}.jsonl").of["gpu-0"]
            ends = [account[key] / 1e9 for key in ("begin_monotonic_ns", "end_monotonic_ns")]
            other = np.diff(np.interp(ends, counter[:, 0], counter[:, 1]))[0]
            text += f"; the counter as another program read it meanwhile: {other:.1f} J ({100 * (other / row['device_joules'] - 1):+.2f} %)"
        yield f"agents, {concurrency} at once", text


def slowdown(out):
    runs = json.load(open(out / "slowdown.out"))
    for name in sorted({run["sampler"] for run in runs if run["sampler"]}):
        at = [i for i, run in enumerate(runs) if run["sampler"] == name]
        told = []
        for workload, figure in (("products", None), ("launches", "median"), ("allocations", "median"), ("allocations", "p99")):
            value = (lambda run: run[workload]) if figure is None else (lambda run: run[workload][figure])
            ratios = np.sort([2 * value(runs[i]) / (value(runs[i - 1]) + value(runs[i + 1])) - 1 for i in at])
            told.append(f"{workload}{' ' + figure if figure else ''} {100 * np.median(ratios):+.1f} % ({100 * ratios[1]:+.1f} to {100 * ratios[-2]:+.1f})")
        cpu = sum(runs[i]["cpu_seconds"] for i in at) / sum(runs[i]["seconds"] for i in at)
        yield f"slow-down by {name}", f"{', '.join(told)}; {100 * cpu:.2f} % of a core"


def facts(out):
    text = (out / "nvidia-smi.out").read_text()
    found = {key: re.search(rf"^\s*{key}\s*: (.*)$", text, re.M).group(1) for key in ("Product Name", "Driver Version", "CUDA Version")}
    yield "device", f"{found['Product Name']}, driver {found['Driver Version']}, CUDA {found['CUDA Version']}"


def main(out):
    for part in (facts, sources, shapes, by_ipw, calls, agents, slowdown, crash):
        try:
            for what, measured in part(out):
                print(f"{what}\t{measured}")
        except FileNotFoundError as missing:
            print(f"{part.__name__}: not run, there is no {pathlib.Path(missing.filename).name}", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
