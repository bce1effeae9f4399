#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure ipw against its floors, with the original's measured figure beside each (./dev bench).

Whole processes are timed from outside, several times; medians are printed, never asserted. The original's figures are of
its release of 2025-11-13 on a 2-core virtual machine.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

ROWS = []


def row(what, value, floor, original):
    """Print one result at once and keep it for bench.json."""
    ROWS.append({"what": what, "measured": value, "floor": floor, "original": original})
    print(f"{what:<58} {value:>16} {floor:>20} {original:>26}", flush=True)


def run(arguments, **more):
    """Run to the end; give wall seconds, CPU seconds and peak memory in MB of that process alone."""
    start = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, **more)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    assert os.waitstatus_to_exitcode(status) == 0, f"{arguments} ended with {status}"
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def medians(arguments, times):
    """Medians of several runs after one that does not count."""
    run(arguments)
    return [statistics.median(column) for column in zip(*(run(arguments) for _ in range(times)))]


def profile(ipw, folder, *more, warmup=0):
    """A profile command that measures the harness: simulated sensor, no idle baseline and, unless asked for, no warm-up."""
    return [ipw, "profile", "--output-dir", folder, "--overwrite", "--quiet", "--json", "--warmup-queries", str(warmup),
            "--idle-seconds", "0", "--monitor", "none", *more]


def start_up(ipw):
    wall, _, memory = medians([ipw, "--help"], 31)
    row("ipw --help, wall", f"{wall * 1e3:.1f} ms", "<= 10 ms", "134 ms")
    row("ipw --help, peak memory", f"{memory:.0f} MB", "", "18 MB")


class Server:
    """bench_server: one token stream of 1 ms per request; it tells what it did when it ends."""

    def __init__(self, programs):
        self.process = subprocess.Popen([programs / "bench_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}/v1"

    def stop(self):
        out, _ = self.process.communicate("\n", timeout=20)
        return json.loads(out)


def first_request(ipw, programs, folder):
    times = []
    for _ in range(9):
        server = Server(programs)
        start = time.clock_gettime(time.CLOCK_MONOTONIC)
        run(profile(ipw, folder, "--client", "openai", "--client-base-url", server.url, "--model", "m", "--dataset", "ipw-tiny",
                    "--max-queries", "1", "--collector", "simulated:watts=50"))
        times.append(server.stop()["first_request_monotonic_s"] - start)
    row("process start to the first request on the wire", f"{statistics.median(times) * 1e3:.1f} ms", "<= 50 ms", "7,400-8,500 ms")


def overhead(ipw, programs, folder, queries=1000):
    found = []
    for _ in range(5):
        server = Server(programs)
        # Without the probe: the run waits for its first sensor readings behind it, which is no cost of a query.
        run(profile(ipw, folder, "--client", "openai", "--client-base-url", server.url, "--client-param", "probe=false", "--model", "m",
                    "--dataset", "ipw-tiny", "--dataset-param", f"n={queries}", "--collector", "simulated:watts=50"))
        facts = server.stop()
        found.append((facts["last_end_s"] - facts["first_begin_s"] - facts["busy_s"]) / (facts["requests"] - 1))
    floor = json.loads(subprocess.run([programs / "bench_floor", str(queries)], check=True, capture_output=True, text=True).stdout)
    row("overhead per query, sequential, beyond the server's 1 ms", f"{statistics.median(found) * 1e3:.3f} ms", "<= 0.2 ms", "1.2-1.8 ms")
    row("  the same for a bare socket loop on the same server", f"{floor['overhead_s'] * 1e3:.3f} ms", "", "")


def growth(ipw, folder):
    figures = {}
    for queries in (1000, 100000):
        wall, cpu, memory = run(profile(ipw, folder, "--client", "echo", "--model", "m", "--dataset", "ipw-tiny", "--dataset-param",
                                        f"n={queries}", "--collector", "simulated:watts=50"))
        figures[queries] = (wall / queries, cpu / queries, memory)
    row("peak memory at 1,000 queries", f"{figures[1000][2]:.0f} MB", "", "207 MB")
    row("peak memory at 100,000 queries", f"{figures[100000][2]:.0f} MB", "as at 1,000", "278 MB at 5,000")
    row("CPU per query at 1,000 queries, all in", f"{figures[1000][1] * 1e3:.3f} ms", "", "4.1 ms")
    row("CPU per query at 100,000 queries, all in", f"{figures[100000][1] * 1e3:.3f} ms", "as at 1,000", "8.8 ms at 5,000")


def sampler(programs, source, seconds=20):
    fixture = source / "tests" / "fixtures" / "sysfs" / "two-sockets"
    arguments = [programs / "ipw-monitor", "--port", "0", "--sysfs-root", fixture, "--collection-interval-ms", "50"]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    time.sleep(1)
    before = cpu_seconds(process.pid)
    time.sleep(seconds)
    used = cpu_seconds(process.pid) - before
    process.terminate()
    process.wait()
    row("sampler at 50 ms, two sockets, share of a core", f"{100 * used / seconds:.2f} %", "<= 0.5 %", "33 % (0.45 % no sensor)")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


PAIRS, TOKENS, STORIES = 7, 64, 3


def tokens_per_second(ipw, folder, llama_bench, model, threads):
    """Decode speed in the process against llama.cpp's own program after as many tokens of prompt, pair by pair."""
    ours, theirs = [], []
    for _ in range(PAIRS):
        speed, prompt_tokens = decode_speed(ipw, folder, threads)
        ours.append(speed)
        theirs.append(reference_speed(llama_bench, model, threads, prompt_tokens))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    row(f"in-process decode, {threads} thread(s), against llama-bench", f"{statistics.median(ours):.1f} tok/s",
        f"{statistics.median(theirs):.1f} tok/s -3 %", "")
    row(f"  ratio, median of {PAIRS} pairs", f"{ratio:.3f}", ">= 0.97", "")


def reference_speed(llama_bench, model, threads, prompt_tokens):
    out = subprocess.run([llama_bench, "-m", model, "-t", str(threads), "-p", "0", "-n", str(TOKENS), "-d", str(prompt_tokens), "-r", str(STORIES),
                          "-o", "json"], check=True, capture_output=True, text=True).stdout
    return statistics.median(json.loads(out)[0]["samples_ts"])


def decode_speed(ipw, folder, threads):
    """Tokens per second of the median answer, and the tokens of its prompt."""
    questions = pathlib.Path(folder) / "long.jsonl"
    questions.write_text("".join(json.dumps({"problem": f"Write a long story about the number {i}.", "answer": "x"}) + "\n" for i in range(STORIES)))
    run(profile(ipw, folder, "--client", "llamacpp", "--client-param", f"threads={threads}", "--dataset", "local", "--dataset-param",
                f"path={questions}", "--max-tokens", str(TOKENS), "--collector", "simulated:watts=50", warmup=1))
    run_folder = next(pathlib.Path(folder).glob("profile_*smollm2*local*"))
    records = [json.loads(line) for line in (run_folder / "journal.jsonl").read_text().splitlines()]
    answers = [record for record in records if record["type"] == "query"]
    speeds = [(answer["tokens"]["output"] - 1) / answer["latency"]["decode_seconds"] for answer in answers]
    return statistics.median(speeds), answers[0]["tokens"]["input"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the bin folder of the bench preset")
    parser.add_argument("--llama-bench", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path)
    options = parser.parse_args()
    ipw = options.programs / "ipw"
    print(f"{'what':<58} {'measured':>16} {'floor':>20} {'original':>26}")
    with tempfile.TemporaryDirectory() as folder:
        start_up(ipw)
        first_request(ipw, options.programs, folder)
        overhead(ipw, options.programs, folder)
        growth(ipw, folder)
        sampler(options.programs, options.source)
        if options.llama_bench and options.llama_bench.exists():
            tokens_per_second(ipw, folder, options.llama_bench, options.model, 1)
        else:
            print("llama-bench is not built: in-process decode is not compared")


if __name__ == "__main__":
    main()
