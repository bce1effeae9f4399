#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C finishes the folder; a server that goes away, a full disk and HTML answers end in clear words, nothing lost."""
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

import counting_server
import run_ipw


def with_questions(count):
    folder = tempfile.TemporaryDirectory()
    run_ipw.write_questions(os.path.join(folder.name, "questions.jsonl"), count)
    return folder


def ctrl_c_keeps_what_was_asked(program):
    with with_questions(200) as folder:
        server = counting_server.CountingServer(delay_seconds=0.02)
        process = subprocess.Popen(run_ipw.command(program, server, folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while len(server.asked) < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 130, process.returncode
        assert "interrupted" in out, out
        done = run_ipw.finished(folder)
        summary = json.loads((run_ipw.run_folder(folder) / "summary.json").read_text())
        assert summary["interrupted"] and summary["total_queries"] == len(done) >= 15, (summary["total_queries"], len(done))
        subprocess.run(run_ipw.command(program, server, folder), check=True, stdout=subprocess.DEVNULL)
        assert len(run_ipw.finished(folder)) == 200


# A judge of one's own needs no key of a provider (defect S34).
def ctrl_c_while_judging_keeps_the_verdicts(program):
    with with_questions(200) as folder:
        server = counting_server.CountingServer()
        judge = counting_server.CountingServer(delay_seconds=0.5, answer=json.dumps({"reasoning": "", "grade": "correct"}))
        words = run_ipw.command(program, server, folder, "--dataset-param", "scorer=simpleqa", "--concurrency", "8",
                                "--eval-base-url", judge.url, "--eval-model", "fake")
        home = {**os.environ, "XDG_CACHE_HOME": os.path.join(folder, "cache")}
        home.pop("OPENAI_API_KEY", None)
        process = subprocess.Popen(words, env=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while len(judge.asked) < 80:
            time.sleep(0.01)
        stopped = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130, (process.returncode, err)
        took = time.monotonic() - stopped
        assert took < 10, f"it waited {took:.1f} s for the judge"
        first = run_ipw.verdicts(folder)
        assert 16 <= len(first) < 200 and all(v["correct"] for v in first), len(first)
        again = subprocess.run([program, "score", run_ipw.run_folder(folder), "--quiet", "--json"], env=home, check=True,
                               capture_output=True, text=True)
        assert json.loads(again.stdout)["correct"] == 200 - len(first), again.stdout
        totals = json.loads((run_ipw.run_folder(folder) / "summary.json").read_text())["totals"]
        assert (totals["scored"], totals["correct"]) == (200, 200), totals


def a_full_disk_loses_nothing(program):
    with with_questions(400) as folder:
        server = counting_server.CountingServer()

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        done = subprocess.run(run_ipw.command(program, server, folder), preexec_fn=limit, capture_output=True, text=True)
        assert done.returncode == 1, (done.returncode, done.stderr)
        assert "cannot write" in done.stderr, done.stderr
        kept = run_ipw.finished(folder)
        assert kept, "nothing was kept"
        subprocess.run(run_ipw.command(program, server, folder), check=True, stdout=subprocess.DEVNULL)
        assert len(run_ipw.finished(folder)) == len(set(run_ipw.finished(folder))) == 400


def a_server_that_is_down_is_an_error(program):
    with with_questions(5) as folder:
        server = counting_server.CountingServer()
        server.die()
        done = subprocess.run(run_ipw.command(program, server, folder), capture_output=True, text=True)
        assert done.returncode == 1 and "error:" in done.stderr and "hint:" in done.stderr, done.stderr


def a_server_that_dies_stops_the_run_and_keeps_it(program):
    with with_questions(300) as folder:
        server = counting_server.CountingServer(delay_seconds=0.005)
        process = subprocess.Popen(run_ipw.command(program, server, folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while len(server.asked) < 10:
            time.sleep(0.01)
        server.die()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1 and "--resume --retry-failed" in err, err
        assert len(run_ipw.finished(folder)) >= 9


def main():
    program = sys.argv[1]
    for check in (ctrl_c_keeps_what_was_asked, ctrl_c_while_judging_keeps_the_verdicts, a_full_disk_loses_nothing, a_server_that_is_down_is_an_error,
                  a_server_that_dies_stops_the_run_and_keeps_it):
        check(program)
        print("holds:", check.__name__.replace("_", " "))


if __name__ == "__main__":
    main()
