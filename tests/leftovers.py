"""What every test of this repository gets: directories of its own, and a count of what it leaves behind.

A package's conftest.py imports the fixtures from here: they are the same for the library and for the reviewer.
"""

from __future__ import annotations

import contextlib
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
from functools import partial
from pathlib import Path

import pytest

# What there is, each with how to describe it: needed for what is left behind alone, and hardly ever.
Found = dict[object, Callable[[], str]]

# How long what is ending may take to end; what is still there after it was left behind.
GRACE = 30.0


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Let SIGINT interrupt, here and in the programs that tests start.

    What a shell starts in the background ignores it, by inheritance. SIGHUP is left alone: `nohup` means this process.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def temporary_directories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """Keep what tests have left empty for the next: making and removing a directory may take a disk milliseconds."""
    tmp_path_factory.getbasetemp()  # made once for all tests, and so not in the TMPDIR of one
    kept: list[Path] = []
    yield kept
    for directory in kept:
        directory.rmdir()


@pytest.fixture(autouse=True)
def runtime_directory(temporary_directories: list[Path]) -> Iterator[Path]:
    """Give the test a runtime directory and a TMPDIR of its own, with paths short enough for socket addresses."""
    base = Path(tempfile.mkdtemp(prefix="ls-", dir=_first_writable("/dev/shm", "/tmp")))  # in memory, as /run/user is
    runtime = base / "run"
    runtime.mkdir(mode=0o700)
    temporary = temporary_directories.pop() if temporary_directories else _new_temporary_directory()
    before = _mode_and_owner(temporary)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", str(temporary))
        yield runtime
    shutil.rmtree(base)
    if os.listdir(temporary) or _mode_and_owner(temporary) != before:
        shutil.rmtree(temporary)
    else:
        temporary_directories.append(temporary)


def _new_temporary_directory() -> Path:
    return Path(tempfile.mkdtemp(prefix="ls-", dir=_first_writable("/tmp")))


def _first_writable(*places: str) -> str | None:
    return next((place for place in places if os.access(place, os.W_OK)), None)


def _mode_and_owner(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_gid


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest, runtime_directory: Path) -> Iterator[None]:
    """Fail the test that leaves a descriptor, a thread, a child process, a file or a handled exception behind."""
    places = runtime_directory.parent, Path(os.environ["TMPDIR"])
    counts: dict[str, Callable[[], Found]] = {
        "descriptors": open_descriptors,
        "threads": running_threads,
        "processes": child_processes,
        "files": lambda: files_below(*places),
        "exceptions": handled_exceptions,
    }
    for mark in request.node.iter_markers("may_leave"):
        assert mark.kwargs.get("reason"), "may_leave() needs a reason"
        for kind in mark.args:
            del counts[kind]
    before = {kind: count() for kind, count in counts.items()}

    def left_behind() -> list[str]:
        return [
            f"{kind}: {describe()}"
            for kind, count in counts.items()
            for key, describe in count().items()
            if key not in before[kind]
        ]

    yield
    end = time.monotonic() + GRACE
    while (left := left_behind()) and time.monotonic() < end:
        gc.collect()  # what was only forgotten warns here, in the test that forgot it
        time.sleep(0.01)
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left), pytrace=False)


def open_descriptors() -> Found:
    directory = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
    found: Found = {}
    for name in os.listdir(directory):
        try:
            status = os.fstat(int(name))
        except OSError:  # the descriptor of this very listing
            continue
        # The number alone would not see that one was closed and another opened.
        found[name, status.st_dev, status.st_ino] = partial(_target, name, status.st_mode)
    return found


def _target(descriptor: str, mode: int) -> str:
    with contextlib.suppress(OSError):
        return f"{descriptor} is {os.readlink(f'/proc/self/fd/{descriptor}')}"
    return f"{descriptor} is {stat.filemode(mode)}"


def running_threads() -> Found:
    return {thread: partial(repr, thread) for thread in threading.enumerate()}


def child_processes() -> Found:
    if sys.platform != "linux":
        listing = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True, check=False)
        return {pid: partial("pid {}".format, pid) for pid in listing.stdout.split()}
    found: Found = {}
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as children:
                found |= {pid: partial(_command_line, pid) for pid in children.read().split()}
        except FileNotFoundError:  # the thread has ended since
            continue
    return found


def _command_line(pid: str) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        command = ""
    return f"pid {pid}, {command.replace(chr(0), ' ').strip() or 'ended and waited for by nobody'}"


def handled_exceptions() -> Found:
    """Return what this thread counts as being handled: it would be the context of what later tests raise."""
    error = sys.exception()
    return {} if error is None else {id(error): partial(repr, error)}


def files_below(*places: Path) -> Found:
    """Return what is there beside directories."""
    found: Found = {}
    for place in places:
        for folder, folders, files in os.walk(place):
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            for name in (*files, *links):
                path = os.path.join(folder, name)
                found[path] = partial(os.path.relpath, path, place)
    return found
