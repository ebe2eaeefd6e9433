"""What every test of this repository gets: directories of its own, and a count of what it leaves behind.

A package's conftest.py imports the fixtures from here: they are the same for the library and for the reviewer.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

# How long what is ending may take to end; what is still there after it was left behind.
GRACE = 30.0

# Property tests search anew at each run of a developer, and repeat themselves where a change is judged.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Let SIGINT interrupt, here and in the programs that tests start.

    What a shell starts in the background ignores it, by inheritance. SIGHUP is left alone: `nohup` means this process.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def runtime_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the test a runtime directory and a TMPDIR of its own, with paths short enough for socket addresses."""
    tmp_path_factory.getbasetemp()  # made once for all tests, and so not in the TMPDIR of one
    short = "/tmp" if os.access("/tmp", os.W_OK) else None
    base = Path(tempfile.mkdtemp(prefix="ls-", dir=short))
    runtime, temporary = base / "run", base / "tmp"
    runtime.mkdir(mode=0o700)
    temporary.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", str(temporary))
        yield runtime
    shutil.rmtree(base)


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest, runtime_directory: Path) -> Iterator[None]:
    """Fail the test that leaves a descriptor, a thread, a child process or a file behind."""
    counts: dict[str, Callable[[], dict[object, str]]] = {
        "descriptors": open_descriptors,
        "threads": running_threads,
        "processes": child_processes,
        "files": lambda: files_below(runtime_directory.parent),
    }
    for mark in request.node.iter_markers("may_leave"):
        assert mark.kwargs.get("reason"), "may_leave() needs a reason"
        for kind in mark.args:
            del counts[kind]
    before = {kind: count() for kind, count in counts.items()}

    def left_behind() -> list[str]:
        return [
            f"{kind}: {described}"
            for kind, count in counts.items()
            for key, described in count().items()
            if key not in before[kind]
        ]

    yield
    end = time.monotonic() + GRACE
    while (left := left_behind()) and time.monotonic() < end:
        gc.collect()  # what was only forgotten warns here, in the test that forgot it
        time.sleep(0.01)
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left), pytrace=False)


def open_descriptors() -> dict[object, str]:
    directory = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
    found: dict[object, str] = {}
    for name in os.listdir(directory):
        try:
            status = os.fstat(int(name))
        except OSError:  # the descriptor of this very listing
            continue
        target = os.readlink(f"{directory}/{name}") if sys.platform == "linux" else stat.filemode(status.st_mode)
        # The number alone would not see that one was closed and another opened.
        found[name, status.st_dev, status.st_ino] = f"{name} is {target}"
    return found


def running_threads() -> dict[object, str]:
    return {thread: repr(thread) for thread in threading.enumerate()}


def child_processes() -> dict[object, str]:
    if sys.platform != "linux":
        listing = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True, check=False)
        return {pid: f"pid {pid}" for pid in listing.stdout.split()}
    found: dict[object, str] = {}
    for task in os.listdir("/proc/self/task"):
        try:
            children = Path(f"/proc/self/task/{task}/children").read_text().split()
        except FileNotFoundError:  # the thread has ended since
            continue
        for pid in children:
            found[pid] = f"pid {pid}, {_command_line(pid)}"
    return found


def _command_line(pid: str) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        command = ""
    return command.replace("\0", " ").strip() or "ended and waited for by nobody"


def files_below(base: Path) -> dict[object, str]:
    return {path: str(path.relative_to(base)) for path in base.rglob("*") if not path.is_dir() or path.is_symlink()}
