# SPDX-License-Identifier: Apache-2.0
"""A Slurm cluster of two nodes on this one machine, in a folder of its own; nothing of it stays behind."""
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CONF = """ClusterName=ipw
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmctldPidFile={root}/slurmctld.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdPidFile={root}/slurmd-%n.pid
SlurmdLogFile={root}/slurmd-%n.log
SlurmdSpoolDir={root}/spool-%n
StateSaveLocation={root}/state
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SlurmctldTimeout=30
SlurmdTimeout=30
ReturnToService=2
MinJobAge=10
KillWait=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={n1_port} CPUs=2 RealMemory=512 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={n2_port} CPUs=2 RealMemory=512 State=UNKNOWN
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def die_with_parent():
    """A test that is killed must leave no daemon."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Cluster:
    """Start it with `with`. `environment` is what programs need to find it."""

    def __enter__(self):
        if os.geteuid() != 0:
            raise RuntimeError("the daemons of Slurm need root: run this test as root")
        # munged wants a folder of its own user that nobody else may write, above it too: not every TMPDIR is one.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="ipw-slurm-", dir="/run"))
        self.root.chmod(0o755)
        self.daemons = []
        self.environment = dict(os.environ, SLURM_CONF=str(self.root / "slurm.conf"))
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        host = socket.gethostname().split(".")[0]
        ctld, n1, n2 = free_ports(3)
        (self.root / "slurm.conf").write_text(CONF.format(root=self.root, host=host, ctld_port=ctld, n1_port=n1, n2_port=n2))
        (self.root / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        for folder in ("state", "spool-n1", "spool-n2"):
            (self.root / folder).mkdir()
        key = self.root / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self.daemon("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.root}/munge.socket", f"--pid-file={self.root}/munged.pid",
                    f"--log-file={self.root}/munged.log", f"--seed-file={self.root}/munged.seed")
        self.wait_for(lambda: (self.root / "munge.socket").exists(), "munged opens its socket")
        self.daemon("slurmctld", "-D", "-c", "-f", str(self.root / "slurm.conf"))
        for node in ("n1", "n2"):
            self.daemon("slurmd", "-D", "-N", node, "-f", str(self.root / "slurm.conf"))
        self.wait_for(self.idle, "both nodes are idle", 60)

    def daemon(self, name, *arguments):
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path is None:
            raise RuntimeError(f"{name} is missing: apt-get install slurm-wlm munge")
        log = open(self.root / f"{name}-{len(self.daemons)}.out", "wb")
        self.daemons.append(subprocess.Popen([path, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                                             start_new_session=True, cwd=self.root, preexec_fn=die_with_parent))
        log.close()

    def run(self, *words, timeout=30):
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=timeout)

    def idle(self):
        done = self.run("sinfo", "--noheader", "--Node", "--format=%N %T")
        return sorted(done.stdout.split("\n")) == ["", "n1 idle", "n2 idle"]

    def wait_for(self, condition, what, seconds=20):
        limit = time.monotonic() + seconds
        while not condition():
            for daemon in self.daemons:
                if daemon.poll() is not None:
                    raise RuntimeError(f"{daemon.args[0]} ended before {what}:\n{self.logs()}")
            if time.monotonic() > limit:
                raise RuntimeError(f"waited in vain: {what}:\n{self.logs()}")
            time.sleep(0.1)

    def logs(self):
        return "\n".join(f"--- {p.name}\n{p.read_text(errors='replace')[-2000:]}" for p in sorted(self.root.iterdir())
                         if p.suffix in (".log", ".out") and p.stat().st_size > 0)

    def __exit__(self, *_):
        if (self.root / "slurm.conf").exists() and len(self.daemons) > 1:
            try:
                self.run("scancel", "--user=root", timeout=10)
            except (OSError, subprocess.TimeoutExpired):
                pass
        for daemon in reversed(self.daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()
        shutil.rmtree(self.root, ignore_errors=True)
