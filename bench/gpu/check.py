#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check ipw on this machine's NVIDIA GPU under loads that are known in time; about five minutes.

usage: check.py BIN OUT [STEP...]    BIN: the folder of ipw and ipw-monitor; OUT: a new folder for what is recorded

Every step writes files to OUT and a line to OUT/steps.jsonl (a step that fails is named there and the next one runs);
figures.py makes figures of them, here or on another machine. Needs PyTorch, transformers and nvidia-ml-py.
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
# Idle; full; squares around the sensors' usual 100 ms, which tell T and W.
PATTERNS = ["4:1:0", "11:1:1", "4:0.05:0.5", "4:0.0667:0.5", "4:0.075:0.5", "4:0.08:0.5", "4:0.125:0.5", "4:0.1333:0.5",
            "6:0.37:0.6", "3:1:0"]


class Check:
    def __init__(self, programs, out):
        self.ipw, self.monitor = programs / "ipw", programs / "ipw-monitor"
        self.out = out
        out.mkdir(parents=True)

    def run(self, name, command, timeout=120, check=True):
        with open(self.out / f"{name}.out", "w") as out, open(self.out / f"{name}.err", "w") as err:
            done = subprocess.run([str(c) for c in command], stdout=out, stderr=err, timeout=timeout)
        if check and done.returncode != 0:
            raise RuntimeError(f"{name} ended with {done.returncode}: {(self.out / f'{name}.err').read_text()[-600:]}")

    @contextlib.contextmanager
    def started(self, name, command, ready=None, timeout=90):
        """A program in a group of its own; `ready` is searched in what it prints, and its first group given."""
        path = self.out / f"{name}.log"
        with open(path, "w") as log:
            process = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log, start_new_session=True)
        try:
            yield process, self.wait_for(path, ready, process, timeout) if ready else None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)

    @staticmethod
    def wait_for(path, pattern, process, timeout):
        end = time.monotonic() + timeout
        while time.monotonic() < end and process.poll() is None:
            if found := re.search(pattern, path.read_text()):
                return found.group(1)
            time.sleep(0.05)
        raise RuntimeError(f"{path.name} never said {pattern!r}: {path.read_text()[-600:]}")

    def python(self, script, *arguments):
        return [sys.executable, HERE / script, *arguments]

    # --- steps -------------------------------------------------------------------------------------------------
    def facts(self):
        self.run("nvidia-smi", ["nvidia-smi", "-q"])
        self.run("doctor", [self.ipw, "doctor"], check=False)
        self.run("collectors", [self.ipw, "list", "collectors"])

    def sources(self):
        """All sources side by side under squares, at the fastest rate."""
        with self.started("load", self.python("load.py", *PATTERNS), r"(\"pattern\": \"4:1:0\")"):
            self.run("compare", [self.ipw, "telemetry", "--compare", "--json", "--collector", "nvml:all", "--sampling-period", "0.02",
                                 "--seconds", "46", "--record", self.out / "sources.jsonl"])

    def floor(self):
        """The sensors read by another program as fast as they answer, idle and under load."""
        self.run("floor-idle", self.python("nvml_floor.py", "4", self.out / "floor-idle.csv"))
        with self.started("load-floor", self.python("load.py", "2:1:1", "8:0.37:0.6", "5:1:1"), r"(\"pattern\": \"2:1:1\")"):
            self.run("floor", self.python("nvml_floor.py", "12", self.out / "floor.csv"))

    def slowdown(self):
        """The same workloads beside the monitor and beside single calls of another program."""
        monitor = [self.monitor, "--port", "0", "--collector", "nvml:all", "--collector", "host", "--collection-interval-ms"]
        pollers = {f"{call}-20ms": self.python("nvml_floor.py", "poll", call, "20") for call in ("energy", "instant", "ring")}
        with contextlib.ExitStack() as stack:
            groups = {}
            for period in ("50", "20"):
                log = stack.enter_context(self.started(f"monitor-{period}", [*monitor, period], r"listening on (\S+)"))
                groups[f"ipw-{period}ms"] = log[0].pid
            for name, command in pollers.items():
                groups[name] = stack.enter_context(self.started(name, command))[0].pid
            time.sleep(2)
            self.run("slowdown", self.python("slowdown.py", "10", *(f"{name}={pid}" for name, pid in groups.items())), timeout=240)

    def profiles(self):
        """A language model, one query at a time and eight; the third run has all sources recorded beside it."""
        with self.started("server", self.python("server.py"), r"listening on (\d+)") as (_, port):
            self.profile("1", port, concurrency=1, queries=30)
            self.profile("8", port, concurrency=8, queries=48)
            record = [self.ipw, "telemetry", "--compare", "--collector", "nvml:all", "--seconds", "600", "--record", self.out / "queries.jsonl"]
            with self.started("record", record):
                self.profile("recorded", port, concurrency=1, queries=20)

    def profile(self, name, port, concurrency, queries):
        self.run(f"profile-{name}", [
            self.ipw, "profile", "--client", "openai", "--client-base-url", f"http://127.0.0.1:{port}", "--model", "random-1b", "--dataset", "ipw-mini",
            "--max-queries", queries, "--max-tokens", "64", "--concurrency", concurrency, "--collector", "nvml:all",
            "--output-dir", self.out / f"runs-{name}"], timeout=200)

    def agents(self):
        """Tasks of three calls with rests between, one at a time and eight; the counter is read by another program meanwhile."""
        with self.started("server-agents", self.python("server.py"), r"listening on (\d+)") as (_, port):
            for concurrency, queries in ((1, 6), (8, 9)):
                record = [self.ipw, "telemetry", "--collector", "nvml:all", "--seconds", "600", "--record", self.out / f"agents-{concurrency}.jsonl"]
                with self.started(f"record-agents-{concurrency}", record):
                    self.run(f"agents-{concurrency}", [
                        self.ipw, "run", "--agent", "command", "--sandbox", "none", "--agent-kwargs", json.dumps({"argv": self.python("agent.py")}, default=str),
                        "--client-base-url", f"http://127.0.0.1:{port}/v1", "--model", "random-1b", "--dataset", "ipw-mini", "--max-queries", queries,
                        "--concurrency", concurrency, "--collector", "nvml:all", "--output-dir", self.out / f"runs-agents-{concurrency}"], timeout=200)

    def crash(self):
        """The helper that holds the vendor's library dies: the monitor goes on (goal F8 on a real driver)."""
        with self.started("load-crash", self.python("load.py", "0.5:1:1", "30:0.37:0.6"), r"(\"duty\": 1.0)"):
            monitor = [self.monitor, "--port", "0", "--collector", "nvml:all", "--collector", "host"]
            with self.started("monitor-crash", monitor, r"listening on (\S+)") as (process, address):
                client = [self.ipw, "telemetry", "--json", "--seconds", "6", "--monitor", address, "--record", self.out / "crash.jsonl"]
                with self.started("client-crash", client) as (watcher, _):
                    time.sleep(3)
                    tasks = pathlib.Path(f"/proc/{process.pid}/task").glob("*/children")
                    children = [child for task in tasks for child in task.read_text().split()]
                    for child in children:
                        os.kill(int(child), signal.SIGSEGV)
                    watcher.wait(20)
                (self.out / "crash.json").write_text(json.dumps({"killed": children, "alive": process.poll() is None}))

    def measured(self):
        self.run("measure", [self.ipw, "measure", "--", *self.python("load.py", "5:1:1")])

    def all(self, names):
        steps = (self.facts, self.sources, self.floor, self.profiles, self.agents, self.slowdown, self.crash, self.measured)
        for step in (step for step in steps if not names or step.__name__ in names):
            begin, problem = time.monotonic(), None
            try:
                step()
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                problem = str(error)
            line = {"step": step.__name__, "seconds": round(time.monotonic() - begin, 1), "problem": problem}
            print(json.dumps(line), flush=True)
            with open(self.out / "steps.jsonl", "a") as file:
                file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    Check(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()).all(sys.argv[3:])
