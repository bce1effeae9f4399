# SPDX-License-Identifier: Apache-2.0
"""An image with bash, git, patch, tmux and Python, made of this machine's own files, without any network."""
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

PROGRAMS = ("bash", "git", "patch", "python3", "tmux")
LEFT_OUT = {"__pycache__", "dist-packages", "site-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo"}


def find(program):
    path = shutil.which(program, path="/usr/bin:/bin")
    if path is None:
        raise RuntimeError(f"no {program} in /usr/bin: apt-get install {program}")
    return path


def libraries(path):
    """Where the loader looks for what a program or library needs, and the loader."""
    told = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"(/\S+) \(0x", told))


def add_python(add):
    words = [find("python3"), "-S", "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"]
    root = pathlib.Path(subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip())
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in files:
            add(os.path.join(folder, name))
    return [str(path) for path in root.glob("lib-dynload/*.so")]


def build(engine, name, folders):
    """Import an image. `folders`: (folder of this machine, place) pairs that are in it."""
    seen, path = set(), engine.folder / "harness-image.tar"
    with tarfile.open(path, "w") as out:
        def add(source, place=None):
            place = place or source
            if place not in seen:
                seen.add(place)
                out.add(os.path.realpath(source), place.lstrip("/"), recursive=False)

        for place, mode in (("tmp", 0o1777), ("root", 0o755), ("etc", 0o755), ("bin", 0o755), ("usr/bin", 0o755)):
            entry = tarfile.TarInfo(place)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            out.addfile(entry)
        needed = set()
        for program in PROGRAMS:
            add(find(program), "/usr/bin/" + program)
            needed |= libraries(find(program))
        for module in add_python(add):
            needed |= libraries(module)
        for library in needed:
            add(library)
        add(shutil.which("busybox"), "/bin/busybox")
        taken = {"/usr/bin/" + program for program in PROGRAMS}
        applets = subprocess.run(["busybox", "--list"], check=True, capture_output=True, text=True).stdout.split()
        for link, target in [*(("bin/" + a, "busybox") for a in applets if a != "busybox" and "/usr/bin/" + a not in taken),
                             ("bin/bash", "../usr/bin/bash"), ("usr/bin/python", "python3"), ("usr/bin/env", "../../bin/busybox")]:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            out.addfile(entry)
        (engine.folder / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        out.add(engine.folder / "passwd", "etc/passwd")
        for locale in pathlib.Path("/usr/lib/locale").glob("C.[uU][tT][fF]*8"):  # tmux wants one
            out.add(locale, str(locale).lstrip("/"))
        for folder, place in folders:
            out.add(folder, place.lstrip("/"))
    engine.podman("import", str(path), name)
    path.unlink()
