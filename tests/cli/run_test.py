#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run text tests of the command line: a command, its exit status and what it prints.

A file holds cases, each introduced by a line `$ command`. The lines below it say what must happen:

    $ ipw list nope
    exit 2
    stderr| error: unknown kind of component 'nope'
    stderr| hint: %any

`stdout|` and `stderr|` lines are compared with the output line by line; %int, %float, %path and %any stand for what
varies, and `...` for any number of lines. A stream without lines may hold anything, a single empty line stands for an
empty stream. `exit` defaults to 0.
Commands run through sh in an empty folder that a file's cases share, with the programs of the build first in PATH.
"""
import os
import re
import subprocess
import sys
import tempfile

PLACEHOLDERS = {"%int": r"-?\d+", "%float": r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", "%path": r"[^\s:]+", "%any": r".*"}


def to_pattern(lines):
    """Turn expected lines into one regular expression over the whole stream."""
    pattern = ""
    if lines == [""]:
        return pattern
    for line in lines:
        if line == "...":
            pattern += r"(?:.*\n)*?"
            continue
        parts = re.split("(%int|%float|%path|%any)", line)
        pattern += "".join(PLACEHOLDERS.get(part) or re.escape(part) for part in parts) + r"[ ]*\n"
    return pattern


def parse(path):
    """Give the cases of a file: line number, command, expected exit status, expected lines by stream."""
    cases = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("$ "):
                cases.append((number, line[2:], {"exit": 0, "stdout": None, "stderr": None}))
            elif line.startswith("exit "):
                cases[-1][2]["exit"] = int(line[5:])
            elif match := re.match(r"(stdout|stderr)\| ?(.*)", line):
                stream = cases[-1][2]
                stream[match[1]] = (stream[match[1]] or []) + [match[2]]
            elif line and not line.startswith("#"):
                sys.exit(f"{path}:{number}: not understood: {line}")
    return cases


def check(command, expected, folder, environment):
    """Run one command; give the differences as texts."""
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    problems = []
    if done.returncode != expected["exit"]:
        problems.append(f"exit status {done.returncode}, expected {expected['exit']}")
    for stream in ("stdout", "stderr"):
        if expected[stream] is not None and not re.fullmatch(to_pattern(expected[stream]), getattr(done, stream)):
            problems.append(f"{stream} is not as expected")
    if problems:
        problems += [f"--- {stream}\n{getattr(done, stream)}" for stream in ("stdout", "stderr")]
    return problems


def main():
    path, programs, source = sys.argv[1], sys.argv[2], sys.argv[3]
    environment = dict(os.environ, PATH=programs + ":" + os.environ["PATH"], SOURCE=source, NO_COLOR="1", COLUMNS="100")
    cases = parse(path)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, command, expected in cases:
            problems = check(command, expected, folder, environment)
            failed += bool(problems)
            for problem in problems:
                print(f"{path}:{number}: {command}\n  {problem}")
    print(f"{len(cases) - failed} of {len(cases)} cases hold")
    sys.exit(1 if failed or not cases else 0)


if __name__ == "__main__":
    main()
