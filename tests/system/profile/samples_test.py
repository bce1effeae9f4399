#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Several samples of each question: kill -9 and resume neither lose nor repeat one (defects X1, X4)."""
import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import counting_server
import run_ipw

QUESTIONS, SAMPLES, KILLS = 40, 5, 8


def records(folder):
    """The query lines of the journal by index; a half line at the end does not count."""
    run = run_ipw.run_folder(folder)
    if not run or not (run / "journal.jsonl").exists():
        return {}
    lines = [json.loads(line) for line in (run / "journal.jsonl").read_bytes().split(b"\n")[:-1]]
    queries = [r for r in lines if r["type"] == "query"]
    assert len({r["index"] for r in queries}) == len(queries), "a sample stands in the journal twice"
    assert len({r["query_id"] for r in queries}) == len(queries), "two samples have one id"
    return {r["index"]: r for r in queries}


def kill_some(arguments, server, folder, rng):
    kills, safe = 0, set()
    while kills < KILLS:
        before = len(server.seeds)
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.1, 0.4))
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        assert not safe.intersection(server.seeds[before:]), "a finished sample was sent again"
        now = {(r["problem"], r["sample"]) for r in records(folder).values()}
        assert safe <= now, "a finished sample was lost"
        safe = now
    assert kills >= 2, kills
    return kills


def check_summary(folder):
    run = run_ipw.run_folder(folder)
    summary = json.loads((run / "summary.json").read_text())
    samples = summary["statistics"]["samples"]
    assert summary["total_queries"] == QUESTIONS * SAMPLES, summary["total_queries"]
    assert samples["questions"] == QUESTIONS and list(samples["pass_at"]) == ["1", "2", "3", "4", "5"], samples
    assert all(figure["value"] == 1 for figure in samples["pass_at"].values()), samples
    low = summary["efficiency"]["accuracy_figure"]["low"]
    assert abs(low - 0.9124) < 1e-3, f"Wilson of 40 questions, not of 200: {low}"


def main():
    program, rng = sys.argv[1], random.Random(20261126)
    with tempfile.TemporaryDirectory() as folder:
        run_ipw.write_questions(os.path.join(folder, "questions.jsonl"), QUESTIONS)
        server = counting_server.CountingServer(delay_seconds=0.02)
        more = ["--samples", str(SAMPLES), "--temperature", "0.7", "--seed", "0", "--concurrency", "2"]
        arguments = run_ipw.command(program, server, folder, *more)
        kills = kill_some(arguments, server, folder, rng)
        assert subprocess.run(arguments, stdout=subprocess.DEVNULL).returncode in (0, 1)
        done = records(folder)
        assert sorted(done) == list(range(QUESTIONS * SAMPLES))
        for index, record in done.items():
            assert record["problem"] == f"question number {index // SAMPLES}" and record["sample"] == index % SAMPLES
        asked = {key for key in server.seeds if key[0].startswith("question number")}
        assert asked == {(f"question number {q}", s) for q in range(QUESTIONS) for s in range(SAMPLES)}, sorted(asked)[:9]
        twice = [key for key, n in collections.Counter(server.seeds).items() if n > 1 and key in asked]
        assert len(twice) <= 2 * kills, twice
        check_summary(folder)
        other = subprocess.run(run_ipw.command(program, server, folder, "--samples", "3"), capture_output=True, text=True)
        assert other.returncode == 2, "another number of samples is another run"
        print(f"{kills} kills, {len(done)} samples finished once each; {len(twice)} were in flight and asked again")


if __name__ == "__main__":
    main()
