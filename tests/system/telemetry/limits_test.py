# SPDX-License-Identifier: Apache-2.0
"""The monitor where there is little: a full disk, few descriptors, little memory, no sensors. Goals F24, F25, F26 and F32."""
import contextlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).parents[2] / "support"))
from goals import report_goal

BIN = pathlib.Path(os.environ["IPW_BINARY_DIR"]) / "bin"
FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures" / "sysfs"
SERVER = ["--collector", "rapl", "--collector", "host", "--collector", "simulated:watts=50,update_ms=20",
          "--sysfs-root", str(FIXTURES / "two-sockets")]


@contextlib.contextmanager
def monitor(options, limit=None):
    """A running ipw-monitor on a socket: its process, the address, and what it printed before it listened."""
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/m.sock"
        process = subprocess.Popen([BIN / "ipw-monitor", "--socket", socket, *options], stderr=subprocess.PIPE,
                                   text=True, preexec_fn=limit)
        printed = []
        try:
            for line in process.stderr:
                printed.append(line)
                if line.startswith("listening on "):
                    break
            else:
                raise AssertionError(f"ipw-monitor ended with {process.wait()}: {''.join(printed)}")
            yield process, f"unix:{socket}", "".join(printed)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()


def read(address, seconds=1):
    """What our client gets of a monitor."""
    out = subprocess.run([BIN / "read_monitor", address, str(seconds)], stdout=subprocess.PIPE, check=True,
                         timeout=60)
    return json.loads(out.stdout)


def watts(address):
    domain = read(address)["domains"]["simulated-0"]
    return domain["joules"], domain["half_width"]


class Limits(unittest.TestCase):
    def test_F25_32_descriptors_are_enough(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))

        with monitor(SERVER, limit) as (process, address, _):
            joules, half_width = watts(address)
            used = len(os.listdir(f"/proc/{process.pid}/fd"))
        met = abs(joules - 50) <= half_width + 0.5
        report_goal("F25", met, f"with at most 32 descriptors: {joules:.2f} J of 50 J, {used} in use with a client gone")
        self.assertTrue(met)

    def test_F26_64_MB_are_enough(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_STACK, (256 << 10, 256 << 10))
            resource.setrlimit(resource.RLIMIT_DATA, (64 << 20, 64 << 20))

        with monitor(SERVER, limit) as (process, address, _):
            joules, half_width = watts(address)
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
        met = abs(joules - 50) <= half_width + 0.5 and rss <= 64
        report_goal("F26", met, f"with at most 64 MB of data: {joules:.2f} J of 50 J, {rss:.1f} MB resident")
        self.assertTrue(met)

    def test_F24_a_log_on_a_full_disk_costs_the_log_alone(self):
        with tempfile.TemporaryDirectory() as folder, open("/dev/full", "w", encoding="utf-8") as full:
            process = subprocess.Popen([BIN / "ipw-monitor", "--socket", f"{folder}/m.sock", "--log-level", "debug", *SERVER],
                                       stdout=full, stderr=full)
            try:
                for _ in range(200):
                    if pathlib.Path(f"{folder}/m.sock").exists() or process.poll() is not None:
                        break
                    time.sleep(0.05)
                joules, half_width = watts(f"unix:{folder}/m.sock")
                process.send_signal(signal.SIGTERM)
                status = process.wait(timeout=10)
            finally:
                process.kill()
                process.wait()
        met = status == 0 and abs(joules - 50) <= half_width + 0.5
        report_goal("F24", met, f"the log on a full disk: {joules:.2f} J of 50 J, status {status} at the end")
        self.assertTrue(met)

    def test_F32_a_machine_with_nothing_at_all_gets_a_report_and_status_0(self):
        nothing = ["--sysfs-root", str(FIXTURES / "nothing")]
        with monitor(nothing) as (process, _, printed):
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=10)
        doctor = subprocess.run([BIN / "ipw", "doctor", *nothing], stdout=subprocess.PIPE, text=True, check=False)
        told = "no energy domain" in printed and "RAPL" in printed
        met = status == 0 and doctor.returncode == 0 and told and "RAPL" in doctor.stdout
        report_goal("F32", met, f"the monitor names what is missing and ends with {status}, `ipw doctor` with "
                                f"{doctor.returncode}")
        self.assertTrue(met, printed + doctor.stdout)

    def test_a_stopped_monitor_goes_on(self):
        with monitor(SERVER) as (process, address, _):
            process.send_signal(signal.SIGSTOP)
            subprocess.run(["sleep", "1"], check=True)
            process.send_signal(signal.SIGCONT)
            joules, half_width = watts(address)
        self.assertAlmostEqual(joules, 50, delta=half_width + 0.5)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
