#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The files of packaging/ agree with the program, with each other and with systemd.

usage: packaging_test.py IPW_MONITOR SOURCE_FOLDER
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

monitor, source = sys.argv[1], pathlib.Path(sys.argv[2])
packaging = source / "packaging"
problems = []


def expect(condition, problem):
    if not condition:
        problems.append(problem)


def unit_values(text, key):
    return [line.split("=", 1)[1] for line in text.splitlines() if line.startswith(key + "=")]


unit = (packaging / "systemd/ipw-monitor.service").read_text()
help_text = subprocess.run([monitor, "--help"], capture_output=True, text=True, check=True).stdout
start = unit_values(unit, "ExecStart")[0].split()
expect(start[0] == "/usr/bin/ipw-monitor", "the unit starts another program")
for option in [word for word in start if word.startswith("--")]:
    expect(re.search(re.escape(option) + r"\b", help_text), f"the unit's {option} is not in `ipw-monitor --help`")

socket = pathlib.Path(start[start.index("--socket") + 1])
runtime = unit_values(unit, "RuntimeDirectory")[0]
expect(socket.parent == pathlib.Path("/run") / runtime, f"the socket {socket} is not in RuntimeDirectory={runtime}")
expect(unit_values(unit, "AmbientCapabilities") == unit_values(unit, "CapabilityBoundingSet"),
       "the unit is given other capabilities than it may have")
group = unit_values(unit, "Group")[0]
for name in ("sysusers/ipw.conf", "tmpfiles/ipw.conf", "udev/70-ipw-energy.rules"):
    expect(re.search(rf"\b{group}\b", (packaging / name).read_text()), f"packaging/{name} does not know the group {group}")

page = (source / "docs/guide/privileges.md").read_text()
for path in re.findall(r"packaging/[\w./-]+\w", page):
    expect((source / path).exists(), f"docs/guide/privileges.md names {path}, which does not exist")
for path in packaging.rglob("*"):
    expect(path.is_dir() or path.relative_to(source).as_posix() in page, f"docs/guide/privileges.md does not name {path}")

rules = [line for line in (packaging / "udev/70-ipw-energy.rules").read_text().splitlines()
         if line and not line.startswith("#")]
for line in rules:
    for item in re.split(r",\s*", line):
        expect(re.fullmatch(r'[A-Z]+(\{\w+\})?(==|!=|\+=|=)"[^"]*"', item), f"udev does not understand {item}")

if shutil.which("systemd-analyze"):
    with tempfile.TemporaryDirectory() as folder:
        # The program is not installed here: let the unit start one that exists.
        path = pathlib.Path(folder) / "ipw-monitor.service"
        path.write_text(unit.replace("/usr/bin/ipw-monitor", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, timeout=60)
        own = [line for line in done.stderr.splitlines() if "ipw-monitor" in line]
        expect(not own, "systemd-analyze verify: " + "; ".join(own))
else:
    print("systemd-analyze is not here: the unit was not verified by it")

for problem in problems:
    print(problem)
print(f"packaging: {len(problems)} problems")
sys.exit(1 if problems else 0)
