#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""P9: one program, four capability reports: without privileges, with CAP_PERFMON, as root, in a container.

The sensors are those of a tree, whose files have the owners and modes of a real machine; the privileges are real.
usage: report_test.py IPW GOLDEN_FOLDER      IPW_APPROVE=1 writes the golden files anew
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
ZONE = "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0"
PMU = "sys/bus/event_source/devices/power"
FILES = {
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n"
                    "model name\t: Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz\nflags\t\t: fpu vme\n\n",
    "proc/stat": "cpu  100 0 0 100 0 0 0 0 0 0\n",
    "proc/meminfo": "MemTotal: 16384000 kB\nMemAvailable: 8192000 kB\n",
    "proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
    "proc/sys/kernel/perf_event_paranoid": "2\n",
    f"{ZONE}/name": "package-0\n",
    f"{ZONE}/max_energy_range_uj": "262143328850\n",
    f"{ZONE}/energy_uj": "7000000\n",
    f"{PMU}/type": "21\n",
    f"{PMU}/cpumask": "0\n",
    f"{PMU}/events/energy-pkg": "event=0x02\n",
    f"{PMU}/events/energy-pkg.scale": "2.3283064365386962890625e-10\n",
    f"{PMU}/events/energy-pkg.unit": "Joules\n",
    "perf/power/cpu0/energy-pkg": "4294967296\n",
}
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
# What a container engine takes away from root.
LESS = "--bounding-set=-perfmon,-sys_admin,-dac_read_search"


def build(root):
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / ZONE / "energy_uj").chmod(0o400)
    link = root / "sys/class/powercap/intel-rapl:0"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../devices/virtual/powercap/intel-rapl/intel-rapl:0")


def report(command, root):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout.replace(str(root), "")


def reports(ipw, root):
    doctor = [str(ipw), "doctor", "--sysfs-root", str(root)]
    for collector in ("rapl", "modelled", "host", "hwmon"):
        doctor += ["--collector", collector]
    yield "none", report([*NOBODY, "--inh-caps=-all", *doctor], root)
    yield "perfmon", report([*NOBODY, "--inh-caps=-all,+perfmon", "--ambient-caps=-all,+perfmon", *doctor], root)
    yield "root", report(doctor, root)
    (root / ".dockerenv").touch()
    # In a chroot / is no mount point, so that its propagation cannot be changed; there it need not be.
    masked = ("mount --make-rprivate / 2>/dev/null; "
              f"mount -t tmpfs none {root}/sys/devices/virtual/powercap && exec setpriv {LESS} {' '.join(doctor)}")
    yield "container", report(["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", masked], root)


def main():
    if os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("unshare"):
        print("skipped: needs root, setpriv and unshare")
        return SKIPPED
    golden = pathlib.Path(sys.argv[2])
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "machine"
        os.chmod(folder, 0o755)
        ipw = pathlib.Path(shutil.copy(sys.argv[1], folder))
        build(root)
        for name, text in reports(ipw, root):
            path = golden / f"{name}.txt"
            if os.environ.get("IPW_APPROVE"):
                path.write_text(text)
            if not path.exists() or path.read_text() != text:
                failed += 1
                print(f"--- {name} is not as in {path}:\n{text}")
    print(f"goal P9: {'NOT met' if failed else 'met'}: {4 - failed} of 4 capability reports are as expected")
    if os.environ.get("IPW_GOALS"):
        with open(os.environ["IPW_GOALS"], "a", encoding="utf-8") as file:
            state = "not met" if failed else "met"
            file.write(f"P9\t{state}\t{4 - failed} of 4 capability reports: none, CAP_PERFMON, root, container\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
