"""The per-user directory is where everybody looks for it, and private, or it is refused with the reason."""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from localsocket import connect, listen
from localsocket.endpoint import runtime_directory as module
from localsocket.endpoint.runtime_directory import open_runtime_directory
from localsocket.errors import BrokenEndpoint, InsecureDirectory, ServerNotFound
from programs import NOBODY


def opened(*, create: bool = True) -> os.stat_result:
    with open_runtime_directory(create=create) as directory:
        assert not os.get_inheritable(directory.number)
        return os.fstat(directory.number)


def refusal() -> InsecureDirectory:
    """Return why the directory is refused, which a server and a client get to hear alike."""
    errors = []
    for face in (listen, connect):
        with pytest.raises(InsecureDirectory) as caught:
            face("editor.control")
        assert isinstance(caught.value, PermissionError)
        errors.append(caught.value)
    assert str(errors[0]) == str(errors[1])
    return errors[0]


# --- where it is --------------------------------------------------------------------------------------------------


def test_it_is_below_xdg_runtime_dir(runtime_directory: Path) -> None:
    assert module.runtime_directory() == str(runtime_directory / "localsocket")


def test_without_xdg_runtime_dir_it_is_below_run_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(os.path, "isdir", lambda path: path == f"/run/user/{os.geteuid()}")
    assert module.runtime_directory() == f"/run/user/{os.geteuid()}/localsocket"


def test_without_run_user_it_is_in_the_temporary_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.setattr(os.path, "isdir", lambda path: False)
    monkeypatch.delenv("TMPDIR", raising=False)
    assert module.runtime_directory() == f"/tmp/localsocket-{os.geteuid()}"
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert module.runtime_directory() == str(tmp_path / f"localsocket-{os.geteuid()}")
    assert stat.S_IMODE(opened().st_mode) == 0o700
    monkeypatch.setenv(
        "TMPDIR", str(tmp_path / "not there")
    )  # a server and a client come to the same place, or to none
    assert "not there" in str(refusal())


# --- how it comes to be -------------------------------------------------------------------------------------------


def test_it_is_made_private_whatever_the_umask(runtime_directory: Path) -> None:
    # mkdir(2) takes bits away with the umask and never adds one, so no umask can make it wider than asked for.
    with listen("editor.control"):
        status = (runtime_directory / "localsocket").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o700, os.geteuid())


def test_one_that_is_there_is_used_again(runtime_directory: Path) -> None:
    assert opened().st_ino == opened().st_ino == opened(create=False).st_ino


def test_a_client_does_not_make_it(runtime_directory: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_runtime_directory(create=False)
    with pytest.raises(ServerNotFound):
        connect("editor.control")
    assert not list(runtime_directory.iterdir())


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o1777, 0o770, 0o710, 0o701])
def test_one_that_others_may_enter_is_refused(runtime_directory: Path, mode: int) -> None:
    directory = runtime_directory / "localsocket"
    directory.mkdir()
    directory.chmod(mode)
    error = refusal()
    assert error.path == str(directory)
    assert f"other users may enter it (mode {mode:04o}); run: chmod 700 {directory}" in str(error)
    directory.chmod(0o700)
    opened()


@pytest.mark.root
def test_one_of_another_user_is_refused(runtime_directory: Path) -> None:
    directory = runtime_directory / "localsocket"
    directory.mkdir(mode=0o700)
    os.chown(directory, NOBODY, NOBODY)
    assert f"it belongs to uid {NOBODY}, not to this user (0)" in str(refusal())


def test_a_symbolic_link_is_refused_wherever_it_leads(runtime_directory: Path) -> None:
    private = runtime_directory / "private"
    private.mkdir(mode=0o700)
    link = runtime_directory / "localsocket"
    for target in (private, runtime_directory / "nowhere"):
        link.symlink_to(target)
        assert "it is a symbolic link" in str(refusal())
        assert link.is_symlink()
        link.unlink()


def test_a_file_in_its_place_is_refused(runtime_directory: Path) -> None:
    file = runtime_directory / "localsocket"
    file.touch()
    assert f"it is not a usable directory ({os.strerror(errno.ENOTDIR)})" in str(refusal())
    file.unlink()


def test_a_missing_parent_is_refused_with_the_way_out(runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_directory / "missing"))
    error = refusal()
    reason = os.strerror(errno.ENOENT)
    assert f"({reason}); create it, or set XDG_RUNTIME_DIR to another or unset it" in str(error)
    assert error.path == str(runtime_directory / "missing")


def test_a_relative_parent_is_refused(monkeypatch: pytest.MonkeyPatch, runtime_directory: Path) -> None:
    monkeypatch.chdir(runtime_directory)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "here")
    (runtime_directory / "here").mkdir(mode=0o700)
    assert "XDG_RUNTIME_DIR is not an absolute path" in str(refusal())


@pytest.mark.root
def test_a_parent_of_another_user_is_refused(runtime_directory: Path) -> None:
    os.chown(runtime_directory, NOBODY, NOBODY)
    error = refusal()
    assert f"it belongs to uid {NOBODY}, who could replace what is in it" in str(error)
    assert error.path == str(runtime_directory)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_parent_that_others_may_write_to_is_refused(runtime_directory: Path, mode: int) -> None:
    runtime_directory.chmod(mode)
    reason = f"others could replace what is in it (mode {mode:04o} without the sticky bit)"
    assert reason in str(refusal())


def test_a_sticky_parent_is_fine_as_tmp_is(runtime_directory: Path) -> None:
    runtime_directory.chmod(0o1777)
    opened()
    runtime_directory.chmod(0o700)


# --- what is not the directory's fault ----------------------------------------------------------------------------


NOT_ITS_FAULT = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EINTR]
ITS_FAULT = [errno.EACCES, errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG]


def failing(monkeypatch: pytest.MonkeyPatch, step: str, path: str, number: int) -> None:
    """Have one system call fail for one path."""
    real: Any = getattr(os, step)

    def call(target: Any, *arguments: Any, **options: Any) -> Any:
        if os.fspath(target) == path:
            raise OSError(number, os.strerror(number))
        return real(target, *arguments, **options)

    monkeypatch.setattr(os, step, call)


@pytest.mark.parametrize("number", NOT_ITS_FAULT)
@pytest.mark.parametrize(("step", "doing"), [("open", "opening"), ("stat", "looking at")])
def test_what_the_system_refuses_is_told_as_what_it_is(
    runtime_directory: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str, doing: str
) -> None:
    listen("editor.control").close()  # makes it
    path = runtime_directory / "localsocket" if step == "open" else runtime_directory
    failing(monkeypatch, step, str(path), number)
    for face in (listen, connect):
        with pytest.raises(BrokenEndpoint) as caught:
            face("editor.control")
        assert caught.value.errno == number
        assert str(caught.value) == f"{doing} the directory {str(path)!r} failed: {os.strerror(number)}"
        assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("number", ITS_FAULT)
@pytest.mark.parametrize("step", ["open", "stat"])
def test_what_is_wrong_with_the_path_is_told_with_the_path_and_the_cause(
    runtime_directory: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    listen("editor.control").close()
    path = runtime_directory / "localsocket" if step == "open" else runtime_directory
    failing(monkeypatch, step, str(path), number)
    error = refusal()
    assert error.path == str(path)
    assert f"({os.strerror(number)})" in str(error)


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_one_that_cannot_be_made_is_named(
    runtime_directory: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = runtime_directory / "localsocket"
    failing(monkeypatch, "mkdir", str(path), number)
    with pytest.raises(BrokenEndpoint) as caught:
        listen("editor.control")
    assert str(caught.value) == f"making the directory {str(path)!r} failed: {os.strerror(number)}"
    assert caught.value.errno == number


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Let this process open nothing more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("face", [listen, connect])
def test_a_process_without_descriptors_does_not_blame_the_directory(
    runtime_directory: Path, face: Callable[[str], object]
) -> None:
    listen("editor.control").close()
    with no_descriptor_left(), pytest.raises(BrokenEndpoint, match=r"failed: Too many open files$") as caught:
        face("editor.control")
    assert caught.value.errno == errno.EMFILE
