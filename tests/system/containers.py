#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real container engine for tests: podman with runc, as root, with storage of its own that goes afterwards.

usage: containers.py COMMAND [ARGUMENTS]    run a command with DOCKER_HOST of an engine that has the image IMAGE
"""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

IMAGE = "localhost/ipw-test:latest"
# netns: a bridge would need more packages; an image's containers get the host's network or none.
CONFIGURATION = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
NOT_ROOT = 77  # exit status: the tests cannot run for this user


class Engine:
    """An engine that runs; `endpoint` is its address for DOCKER_HOST."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / "engine.sock"
        self.endpoint = f"unix://{self.socket}"
        (self.folder / "containers.conf").write_text(CONFIGURATION)
        self.environment = {**os.environ, "CONTAINERS_CONF": str(self.folder / "containers.conf")}
        self.service = None

    def words(self, *words):
        places = {"--root": "root", "--runroot": "run", "--tmpdir": "tmp"}
        return ["podman", *(w for option, name in places.items() for w in (option, str(self.folder / name))), *words]

    def podman(self, *words, check=True):
        """Run a podman command on the engine's storage and give what it prints."""
        done = subprocess.run(self.words(*words), env=self.environment, capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise RuntimeError(f"podman {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def start(self):
        with open(self.folder / "service.log", "w", encoding="utf-8") as log:
            self.service = subprocess.Popen(self.words("system", "service", "--time=0", self.endpoint), env=self.environment,
                                            stdout=log, stderr=log, cwd=self.folder)
        for _ in range(300):
            if self.socket.exists():
                return
            if self.service.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError("podman does not start: " + (self.folder / "service.log").read_text())

    def stop(self):
        if self.service is not None:
            self.podman("rm", "--all", "--force", "--time", "0", check=False)
            self.service.terminate()
            self.service.wait(timeout=30)
            self.service = None

    def containers(self):
        """Ids of all containers, running or not."""
        return self.podman("ps", "--all", "--quiet").split()


def require():
    """Say what is missing, where something is."""
    for program, package in (("podman", "podman"), ("runc", "runc"), ("busybox", "busybox-static")):
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            raise RuntimeError(f"no {program}: apt-get install {package}")


@contextlib.contextmanager
def start_engine():
    """An engine in a temporary folder. Throws RuntimeError with what to install."""
    require()
    with tempfile.TemporaryDirectory(prefix="ipw-engine-") as folder:
        engine = Engine(folder)
        try:
            engine.start()
            yield engine
        finally:
            engine.stop()
            # The storage's mounts would keep the folder alive.
            with open("/proc/self/mounts", encoding="utf-8") as mounts:
                below = [line.split()[1] for line in mounts if line.split()[1].startswith(folder + "/")]
            for place in reversed(below):
                subprocess.run(["umount", "-l", place], check=False)


def import_image(engine, name=IMAGE, extra=()):
    """Make an image of busybox, with more files ((name, text) pairs), without any network."""
    tar = engine.folder / "image.tar"
    applets = subprocess.run(["busybox", "--list"], check=True, capture_output=True, text=True).stdout.split()
    with tarfile.open(tar, "w") as out:
        for folder in ("bin", "etc", "proc", "dev", "sys", "root", "tmp", "usr", "usr/bin", "workspace"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            out.addfile(entry)
        out.add(os.path.realpath(shutil.which("busybox")), "bin/busybox")
        for applet in applets:
            if applet != "busybox":
                entry = tarfile.TarInfo("bin/" + applet)
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                out.addfile(entry)
        for path, text in (("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n"), *extra):
            (engine.folder / "text").write_text(text)
            out.add(engine.folder / "text", path)
    engine.podman("import", str(tar), name)
    tar.unlink()


def main(command):
    if os.geteuid() != 0:
        print("containers.py: the engine of the tests needs root", file=sys.stderr)
        return NOT_ROOT
    with start_engine() as engine:
        import_image(engine)
        environment = {**os.environ, "DOCKER_HOST": engine.endpoint, "IPW_TEST_IMAGE": IMAGE}
        status = subprocess.run(command, env=environment, check=False).returncode
        left = engine.containers()
        if left:
            print(f"containers are left behind: {left}", file=sys.stderr)
            return 1
        return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
