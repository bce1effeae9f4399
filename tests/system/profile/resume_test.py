#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at 100 random moments: no finished query is lost and none is sent twice (defects X1, X4)."""
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

QUESTIONS, KILLS = 1500, 100


def kill_once(arguments, rng):
    """Run for a random while, then kill -9. Tell whether the run was still going."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.uniform(0.02, 0.35))
    if process.poll() is not None:
        return False
    process.send_signal(signal.SIGKILL)
    process.wait()
    return True


def main():
    program, rng = sys.argv[1], random.Random(20261124)
    concurrency = ["--concurrency", "2"]
    with tempfile.TemporaryDirectory() as folder:
        run_ipw.write_questions(os.path.join(folder, "questions.jsonl"), QUESTIONS)
        server = counting_server.CountingServer(delay_seconds=0.004)
        arguments = run_ipw.command(program, server, folder, *concurrency)
        kills, safe = 0, set()
        while kills < KILLS:
            before = len(server.asked)
            assert kill_once(arguments, rng), f"the run ended before {KILLS} kills: {kills}"
            kills += 1
            again = safe.intersection(server.asked[before:])
            assert not again, f"sent again after it was finished: {sorted(again)[:3]}"
            now = run_ipw.finished(folder)
            assert len(now) == len(set(now)), "a query stands in the journal twice"
            assert safe <= set(now), "a finished query was lost"
            safe = set(now)
        last = subprocess.run(arguments, stdout=subprocess.DEVNULL)
        assert last.returncode in (0, 1), last.returncode
        assert sorted(run_ipw.finished(folder)) == sorted(f"question number {i}" for i in range(QUESTIONS))
        summary = json.loads((run_ipw.run_folder(folder) / "summary.json").read_text())
        assert summary["total_queries"] == QUESTIONS, summary["total_queries"]
        # A query that ended just before a kill never got the sensor reading after its end; the verdict says so, nothing else.
        assert all("energy is known for" in reason for reason in summary["verdict"]["reasons"]), summary["verdict"]
        twice = [p for p, n in collections.Counter(server.asked).items() if n > 1]
        print(f"{kills} kills, {QUESTIONS} queries finished once each; {len(twice)} were in flight at a kill and asked again")
        assert len(twice) <= kills * 2


if __name__ == "__main__":
    main()
