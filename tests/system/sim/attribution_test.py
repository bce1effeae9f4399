#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Eight requests at once sum, with idle and unattributed, to the truth of each domain, each right in its interval (defect M8).

`ipw profile` on ipw-mini against `ipw-sim`, which knows the truth (goal E12).
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import urllib.request

sys.path.append(str(pathlib.Path(__file__).parents[2] / "support"))
from goals import report_goal

CONCURRENCY = 8
SUM_WITHIN = 1e-3
INSIDE_AT_LEAST = 0.93
# Domain of ipw: how the device of the simulator is called. Accelerators are known by their collector.
CPU_DOMAINS = {name: name for name in ("package-0", "package-0/dram", "package-1", "package-1/dram")}
ACCELERATOR_COLLECTORS = {"nvml": "nvidia-0", "amd": "amd-0"}


class Simulator:
    """A running ipw-sim; the start line and, after stop(), the report."""

    def __init__(self, program, root):
        arguments = [program, "--root", root, "--port", "0", "--json", "--devices", "nvidia,amd", "--sockets", "2",
                     "--ttft-ms", "60~0.3", "--itl-ms", "12~0.2", "--reasoning-tokens", "16~0.6", "--accuracy", "0.9",
                     "--seed", "5", "--duration", "100s"]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        self.start = json.loads(self.process.stdout.readline())

    def truth(self, begin_ns, end_ns):
        url = f"http://127.0.0.1:{self.start['port']}/sim/truth?from_ns={begin_ns}&to_ns={end_ns}"
        with urllib.request.urlopen(url) as answer:
            return {d["name"]: d for d in json.load(answer)["devices"]}

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        output, _ = self.process.communicate(timeout=10)
        assert self.process.returncode == 0, self.process.returncode
        return json.loads(output.splitlines()[-1])


def profile(program, simulator, folder):
    """Run ipw profile; its summary and the records of its journal."""
    command = [program, "profile", "--dataset", "ipw-mini", "--client", "openai", "--client-base-url",
               simulator.start["base_url"], "--model", simulator.start["model"], "--sysfs-root", simulator.start["root"],
               "--monitor", "none", "--concurrency", str(CONCURRENCY), "--max-tokens", "500", "--output-dir", folder, "--quiet"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=90)
    run = next(pathlib.Path(folder).glob("profile_*"))
    records = {}
    for line in (run / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        records.setdefault(entry["index"], {}).update(entry)
    return json.loads((run / "summary.json").read_text()), list(records.values())


def device_of(domain):
    """The simulator's device that an energy domain of ipw measures, or None."""
    if domain["name"] in CPU_DOMAINS:
        return CPU_DOMAINS[domain["name"]]
    return ACCELERATOR_COLLECTORS.get(domain["collector"]) if domain["scope"] == "accelerator" else None


def check_sum(share, truth, records):
    """Requests + idle + unattributed against the truth: the relative error."""
    joules = sum(e["joules"] for r in records for e in r["energy"] if e["domain"] == share["domain"])
    assert abs(joules - share["request_joules"]) <= 1e-6 * joules, (joules, share)
    total = joules + share["idle_joules"] + share["unattributed_joules"]
    return abs(total - truth["joules"]) / truth["joules"]


def check_queries(domain, device, records):
    """Share of the queries whose true joules lie in their interval, mean relative error and half-width."""
    inside = errors = widths = 0
    for record in records:
        energy = next(e for e in record["energy"] if e["domain"] == domain)
        true = json.loads(record["server_timings"])["usage"]["ipw_sim"]["joules"][device] + energy["idle_joules"]
        error = abs(energy["joules"] - true)
        inside += error <= energy["half_width_joules"]
        errors += error / true
        widths += energy["half_width_joules"] / true
    return [x / len(records) for x in (inside, errors, widths)]


def main():
    ipw, sim = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        simulator = Simulator(sim, os.path.join(folder, "machine"))
        try:
            summary, records = profile(ipw, simulator, os.path.join(folder, "runs"))
            account = summary["attribution"]
            truth = simulator.truth(account["begin_monotonic_ns"], account["end_monotonic_ns"])
        finally:
            report = simulator.stop()
        assert account["rule"] == "work-share", account["rule"]
        assert all(r["shared_device"] for r in records)
        assert len(records) == summary["total_queries"] == 327, len(records)
        assert summary["verdict"]["valid"], summary["verdict"]
        devices = {d["name"]: device_of(d) for d in summary["telemetry"]["domains"]}
        measured = [d for d in devices.values() if d]
        assert set(CPU_DOMAINS) <= set(measured), devices
        missing = [d for d in ACCELERATOR_COLLECTORS.values() if d not in measured]
        print("devices:", ", ".join(measured), "; without a collector:", ", ".join(missing) or "none")
        failed = False
        for share in account["domains"]:
            device = devices[share["domain"]]
            if device is None:
                continue
            off = check_sum(share, truth[device], records)
            inside, error, width = check_queries(share["domain"], device, records)
            met = off <= SUM_WITHIN and inside >= INSIDE_AT_LEAST
            failed |= not met
            report_goal("E12", met, f"ipw-sim, {len(records)} queries of ipw-mini, {CONCURRENCY} at once, {device}: sum off by "
                        f"{100 * off:.4f} %, {100 * inside:.1f} % of the queries inside their interval, mean error {100 * error:.1f} %, "
                        f"mean half-width {100 * width:.0f} %")
        for device in report["devices"]:
            assert abs(device["joules"] - device["idle_joules"] - device["request_joules"]) <= 1e-9 * device["joules"], device
        print("driver:", report["driver"])
        accuracy = summary["totals"]["correct"] / summary["totals"]["scored"]
        assert 0.8 < accuracy < 0.97, accuracy
        sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
