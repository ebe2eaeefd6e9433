"""A socket file appears listening and with its mode, or not at all, and goes only while it is ours."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from localsocket import SAME_USER, connect, listen
from localsocket.endpoint import listener
from localsocket.endpoint.address import parse_address
from localsocket.endpoint.listener import adopt_listener, open_listener
from localsocket.errors import (
    BrokenEndpoint,
    NameTaken,
    PathOccupied,
    ServerNotFound,
)
from programs import NOBODY, Program

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")


@pytest.fixture
def path(runtime_directory: Path) -> Path:
    return runtime_directory / "x.sock"


def bind(path: Path | str, *, listening: bool = True, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """Bind as a program that knows nothing of this library does."""
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.bind(str(path))
    if listening:
        sock.listen()
    return sock


def make(path: Path, kind: str) -> None:
    match kind:
        case "a plain file":
            path.write_text("precious")
        case "a directory":
            path.mkdir()
        case "a fifo":
            os.mkfifo(path)
        case "a symbolic link":
            path.symlink_to("nowhere")


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink()


# --- what it publishes --------------------------------------------------------------------------------------------


def test_the_published_socket_listens_does_not_block_and_is_not_inherited(path: Path) -> None:
    with closing(open_listener(parse_address(path), mode=0o600, backlog=5, take_over_stale=True)) as opened:
        assert opened.address == str(path)
        assert not opened.sock.getblocking()
        assert not opened.sock.get_inheritable()
        assert opened.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        assert sorted(os.listdir(path.parent)) == [".x.sock.lock", "x.sock"]
    assert not os.listdir(path.parent)
    opened.close()  # again is fine


def test_the_file_appears_when_it_listens_and_has_its_mode_already(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no client ever finds a server that refuses, or a mode that is not yet right."""
    real_rename = os.rename
    seen: list[int] = []

    def rename(source: str, *arguments: Any, **options: Any) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path.with_name(source)))
        seen.append(stat.S_IMODE(path.with_name(source).stat().st_mode))
        real_rename(source, *arguments, **options)

    monkeypatch.setattr(os, "rename", rename)
    with listen(path, mode=0o666):
        assert seen == [0o666]


@pytest.mark.parametrize("umask", ["000", "077", "777"])
@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666, 0o777, 0o620, 0o000])
def test_the_mode_is_exact_whatever_the_umask(path: Path, mode: int, umask: str) -> None:
    before = os.umask(int(umask, 8))
    try:
        with listen(path, mode=mode):
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)


def test_the_mode_is_set_where_the_system_ignores_that_of_the_descriptor(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*_: object) -> None:
        raise OSError(errno.EINVAL, "as macOS and the BSDs do")

    monkeypatch.setattr(os, "fchmod", refusing)
    for mode in (0o600, 0o666):
        with listen(path, mode=mode):
            assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_file_that_is_swapped_before_its_mode_is_set_is_not_touched(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = path.parent / "precious"
    precious.touch(mode=0o400)
    real_open = os.open

    def swapping(name: str, flags: int, *arguments: Any, **options: Any) -> int:
        if name == ".x.sock.new":
            os.replace(precious, path.parent / name)
        return real_open(name, flags, *arguments, **options)

    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    monkeypatch.setattr(os, "open", swapping)
    with pytest.raises(PathOccupied, match="is being replaced by another process"):
        listen(path, mode=0o111)
    assert not path.exists()


@linux_only
def test_an_abstract_address_is_owned_as_long_as_its_server_lives() -> None:
    address = f"@localsocket-{os.getpid()}"
    with listen(address) as server:
        assert server.endpoint == parse_address(address)
        with pytest.raises(NameTaken, match=f"{address!r} is owned by another server"):
            listen(address)
        with connect(address):
            pass
    with pytest.raises(ServerNotFound):
        connect(address)
    listen(address).close()


@linux_only
def test_a_forked_childs_copy_of_an_abstract_server_closes_alone() -> None:
    address = f"@localsocket-{os.getpid()}"
    with listen(address) as server:
        copy = adopt_listener(os.dup(server.fileno()), SAME_USER)
        copy.close_in_child()
        assert copy.sock.fileno() == -1
        with connect(address):
            pass


@linux_only
def test_another_failure_of_an_abstract_address_is_reported_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(socket.socket):
        def bind(self, _: object) -> None:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(socket, "socket", Refusing)
    with pytest.raises(BrokenEndpoint, match=f"listening at '@x' failed: {os.strerror(errno.ENOMEM)}"):
        listen("@x")


def test_the_largest_backlog_is_whatever_the_kernel_allows(path: Path) -> None:
    with listen(path, backlog=2**40), connect(path):
        pass


# --- what is in the way -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["a plain file", "a directory", "a fifo", "a symbolic link"])
@pytest.mark.parametrize("place", ["x.sock", ".x.sock.new"])
def test_something_else_at_the_path_is_refused_and_left(path: Path, kind: str, place: str) -> None:
    occupied = path.with_name(place)
    make(occupied, kind)
    before = occupied.lstat()
    with pytest.raises(PathOccupied) as caught:
        listen(path)
    assert (caught.value.path, caught.value.kind) == (str(occupied), kind)
    assert os.path.samestat(occupied.lstat(), before)
    assert os.listdir(path.parent) == [place]
    remove(occupied)


def test_a_symbolic_link_to_a_live_socket_is_refused_and_both_are_left(path: Path) -> None:
    target = path.with_name("target")
    with listen(target):
        path.symlink_to(target)
        with pytest.raises(PathOccupied, match="is a symbolic link"):
            listen(path)
        with connect(path), connect(target):
            pass
        path.unlink()


@pytest.mark.root
def test_a_socket_of_another_user_is_refused_and_left(path: Path) -> None:
    bind(path, listening=False).close()
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(PathOccupied, match=f"is a socket of uid {NOBODY}; remove it yourself"):
        listen(path)
    assert path.is_socket()
    path.unlink()


@pytest.mark.parametrize("place", ["x.sock", ".x.sock.new"])
def test_a_live_server_that_uses_no_lock_is_not_displaced(path: Path, place: str) -> None:
    error = NameTaken if place == "x.sock" else PathOccupied
    with bind(path.with_name(place)) as foreign:
        foreign.setblocking(False)
        with pytest.raises(error):
            listen(path)
        with connect(path.with_name(place)):
            foreign.accept()[0].close()  # the probe's own connection
            foreign.accept()[0].close()
    path.with_name(place).unlink()


def test_a_server_at_a_path_that_looks_like_ours_in_the_making_is_not_displaced(path: Path) -> None:
    with listen(path.with_name(".x.sock.new")) as other:
        with pytest.raises(PathOccupied, match="is the socket of a live server; remove it yourself"):
            listen(path)
        with connect(other.address):
            pass


def test_a_stale_socket_is_replaced_unless_told_otherwise(path: Path) -> None:
    bind(path).close()
    with pytest.raises(PathOccupied, match="is a stale socket, and take_over_stale=False"):
        listen(path, take_over_stale=False)
    assert path.is_socket()
    with listen(path), connect(path):
        pass


def test_a_missing_directory_is_an_error_of_the_system(path: Path) -> None:
    with pytest.raises(BrokenEndpoint, match=f"failed: {os.strerror(errno.ENOENT)}") as caught:
        listen(path / "deeper")
    assert caught.value.errno == errno.ENOENT


# --- failures half way --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["rename", "stat", "chmod"])
def test_a_failure_half_way_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    real_step = getattr(os, step)

    def refusing(target: str, *arguments: Any, **options: Any) -> Any:
        if step == "stat" and target != ".x.sock.new":
            return real_step(target, *arguments, **options)
        if step == "stat" and not path.with_name(".x.sock.new").exists():
            return real_step(target, *arguments, **options)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    monkeypatch.setattr(os, step, refusing)
    with pytest.raises(BrokenEndpoint, match=f"failed: {os.strerror(errno.EIO)}"):
        listen(path, mode=0o606)
    monkeypatch.undo()
    assert not os.listdir(path.parent)


def test_a_temporary_name_that_somebody_takes_first_is_left_to_them(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_restrict", lambda *_: make(path.with_name(".x.sock.new"), "a plain file"))
    with pytest.raises(BrokenEndpoint, match=f"failed: {os.strerror(errno.EADDRINUSE)}"):
        listen(path)
    assert path.with_name(".x.sock.new").read_text() == "precious"
    path.with_name(".x.sock.new").unlink()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["flock", "bind", "listen", "rename"])
def test_a_server_that_was_killed_while_starting_does_not_stop_the_next(path: Path, step: str, moment: str) -> None:
    with Program("die_while_listening.py", path, moment, step) as victim:
        assert victim.end(status=-signal.SIGKILL) == []
    assert ".x.sock.lock" in os.listdir(path.parent)
    with listen(path), connect(path):
        assert sorted(os.listdir(path.parent)) == [".x.sock.lock", "x.sock"]


# --- what closing removes -----------------------------------------------------------------------------------------


def test_closing_leaves_the_file_of_a_successor_that_uses_no_lock(path: Path) -> None:
    server = listen(path)
    path.unlink()
    with bind(path) as successor:
        server.close()
        with connect(path):
            successor.accept()[0].close()
    path.unlink()


def test_closing_leaves_what_replaced_the_file(path: Path) -> None:
    for kind in ("a plain file", "a symbolic link", "a directory"):
        with listen(path):
            path.unlink()
            make(path, kind)
        assert os.path.lexists(path)
        remove(path)


def test_closing_after_the_directory_is_gone_is_fine(runtime_directory: Path) -> None:
    place = runtime_directory / "place"
    place.mkdir()
    server = listen(place / "x.sock")
    for file in place.iterdir():
        file.unlink()
    place.rmdir()
    server.close()


def test_closing_in_a_directory_that_was_moved_removes_the_file_there(runtime_directory: Path) -> None:
    place = runtime_directory / "place"
    place.mkdir()
    with listen(place / "x.sock"):
        place.rename(runtime_directory / "moved")
        place.mkdir()
        make(place / "x.sock", "a plain file")
    assert not list((runtime_directory / "moved").iterdir())
    assert (place / "x.sock").exists()
    (place / "x.sock").unlink()


# --- directories --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.ELOOP, errno.ENOTDIR])
def test_a_directory_that_cannot_be_opened_is_named_with_the_cause(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real_open = os.open

    def refusing(target: Any, *arguments: Any, **options: Any) -> int:
        if os.fspath(target) == str(path.parent):
            raise OSError(number, os.strerror(number))
        return real_open(target, *arguments, **options)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(BrokenEndpoint) as caught:
        listen(path)
    doing = f"listening at {str(path)!r}: opening the directory {str(path.parent)!r}"
    assert str(caught.value) == f"{doing} failed: {os.strerror(number)}"
    assert caught.value.errno == number
