"""What is listed is so, and nobody who serves is disturbed by the looking."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import localsocket
from localsocket.errors import InsecureDirectory
from localsocket.testing import PATIENCE
from localsocket.tools import endpoints, held_locks, kernel_tables, listening_sockets
from localsocket.tools.endpoints import (
    EndpointState,
    FoundEndpoint,
    abstract_endpoints,
    endpoints_in,
    named_endpoints,
)
from programs import NOBODY, Program

LIVE, STALE, UNKNOWN = EndpointState


@contextlib.contextmanager
def foreign_server(path: str) -> Iterator[socket.socket]:
    """Listen as programs do that know nothing of locks."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
        sock.listen()
        sock.setblocking(False)
        yield sock


def leave_stale(path: str) -> None:
    with foreign_server(path):
        pass


@pytest.fixture
def names(runtime_directory: Path) -> Iterator[Path]:
    """Give the directory of the names, made; what tests leave in it goes with it."""
    directory = runtime_directory / "localsocket"
    directory.mkdir(mode=0o700)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def without_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no tables to read, as on a system that has none, or in another container than the server."""
    monkeypatch.setattr(endpoints, "held_locks", dict)
    monkeypatch.setattr(endpoints, "listening_sockets", list)


def only(found: list[FoundEndpoint]) -> FoundEndpoint:
    (one,) = found
    return one


def states(found: list[FoundEndpoint]) -> dict[str, EndpointState]:
    return {os.path.basename(each.address): each.state for each in found}


def test_a_name_is_found_with_its_owner_process_and_mode(names: Path) -> None:
    with localsocket.listen("demo.one", mode=0o640):
        expected = FoundEndpoint("demo.one", str(names / "demo.one"), os.geteuid(), os.getpid(), 0o640, LIVE)
        assert named_endpoints() == [expected]
    assert named_endpoints() == []


def test_where_no_name_was_ever_used_nothing_is_found(runtime_directory: Path) -> None:
    assert named_endpoints() == []
    assert not list(runtime_directory.iterdir())


def test_a_directory_that_others_may_enter_is_refused(names: Path) -> None:
    names.chmod(0o755)
    with pytest.raises(InsecureDirectory):
        named_endpoints()


def test_what_a_killed_server_left_is_stale(names: Path) -> None:
    with Program("serve.py", "demo.killed") as server:
        server.read()
        assert only(named_endpoints()).pid == server.pid
        server.kill()
        assert (names / ".demo.killed.lock").exists()
        assert (only(named_endpoints()).state, only(named_endpoints()).pid) == (STALE, None)


def test_looking_takes_no_lock_and_knocks_at_no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with localsocket.listen("demo.calm") as server, foreign_server(str(tmp_path / "s")) as foreign:
        with monkeypatch.context() as patch:
            patch.setattr(fcntl, "flock", None)
            patch.setattr(fcntl, "lockf", None)
            patch.setattr(fcntl, "fcntl", None)
            assert states(named_endpoints() + endpoints_in(str(tmp_path))) == {"demo.calm": LIVE, "s": LIVE}
        assert server.accept_nowait() is None
        with pytest.raises(BlockingIOError):
            foreign.accept()


def test_a_server_is_live_while_it_holds_its_lock_though_nobody_is_let_in(names: Path) -> None:
    with localsocket.listen("demo.locked"):
        os.unlink(names / "demo.locked")
        leave_stale(str(names / "demo.locked"))
        assert (only(named_endpoints()).state, only(named_endpoints()).pid) == (LIVE, os.getpid())


def test_somebody_who_only_looks_at_the_lock_is_not_taken_for_a_server(names: Path) -> None:
    leave_stale(str(names / "demo.read"))
    with open(names / ".demo.read.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert only(named_endpoints()).state is STALE


@pytest.mark.root
def test_a_lock_of_somebody_else_beside_a_socket_says_nothing(names: Path) -> None:
    leave_stale(str(names / "demo.other"))
    with open(names / ".demo.other.lock", "w") as lock:
        os.fchown(lock.fileno(), NOBODY, NOBODY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert only(named_endpoints()).state is STALE


def test_a_foreign_server_is_known_by_its_file_wherever_it_was_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with foreign_server("bound") as foreign:
        os.rename("bound", "renamed")
        found = only(endpoints_in("."))
        assert (found.address, found.path) == ("./renamed", str(tmp_path / "renamed"))
        assert (found.state, found.pid) == (LIVE, None)
        with pytest.raises(BlockingIOError):
            foreign.accept()
    assert only(endpoints_in(str(tmp_path))).state is STALE


@pytest.mark.parametrize(
    ("given", "address"), [("inner", "./inner/s"), ("./inner", "./inner/s"), ("inner/", "./inner/s")]
)
def test_a_path_is_given_in_the_way_in_which_it_can_be_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, address: str
) -> None:
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path)
    with foreign_server("inner/s") as foreign:
        assert only(endpoints_in(given)).address == address
        with localsocket.connect(address, timeout=PATIENCE):
            foreign.accept()[0].close()


@pytest.mark.parametrize("name", ["two words", "@sign", "qt:name", ".hidden", "\udcff", "line\nend"])
def test_what_no_name_can_be_is_found_by_its_path(names: Path, name: str) -> None:
    leave_stale(str(names / name))
    assert only(named_endpoints()).address == str(names / name)


def test_only_sockets_that_are_in_place_are_found(names: Path) -> None:
    leave_stale(str(names / ".demo.begun.new"))
    (names / "file").touch()
    (names / "link").symlink_to(names / ".demo.begun.new")
    assert named_endpoints() == []


def test_names_are_in_their_order(names: Path) -> None:
    for name in ("b", "c", "a"):
        leave_stale(str(names / name))
    assert [each.address for each in named_endpoints()] == ["a", "b", "c"]


# --- where the kernel does not tell -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_tables")
def test_without_tables_a_server_is_found_by_knocking_and_its_process_by_its_lock_file(
    names: Path, tmp_path: Path
) -> None:
    leave_stale(str(names / "demo.gone"))
    (names / ".demo.gone.lock").write_text("1")
    with localsocket.listen("demo.here"), foreign_server(str(tmp_path / "s")):
        assert states(named_endpoints()) == {"demo.gone": STALE, "demo.here": LIVE}
        assert [each.pid for each in named_endpoints()] == [None, os.getpid()]
        assert (only(endpoints_in(str(tmp_path))).state, only(endpoints_in(str(tmp_path))).pid) == (LIVE, None)


@pytest.mark.usefixtures("without_tables")
@pytest.mark.parametrize("written", ["", "x", "-1", "1\n2"])
def test_a_lock_file_that_names_no_process_names_none(names: Path, written: str) -> None:
    with foreign_server(str(names / "demo.odd")):
        (names / ".demo.odd.lock").write_text(written)
        assert only(named_endpoints()).pid is None


@pytest.mark.usefixtures("without_tables")
def test_what_this_user_may_not_connect_to_is_neither_live_nor_stale(
    names: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_stale(str(names / "demo.closed"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert only(named_endpoints()).state is UNKNOWN


@pytest.mark.usefixtures("without_tables")
def test_what_is_taken_down_meanwhile_is_not_called_stale(names: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_stale(str(names / "demo.leaving"))

    def take_down(*_: object) -> bool:
        os.unlink(names / "demo.leaving")
        return False

    monkeypatch.setattr(endpoints, "is_listening", take_down)
    assert named_endpoints() == []


# --- the tables -------------------------------------------------------------------------------------------------------


def test_abstract_names_are_found_as_they_are_with_their_owner(tmp_path: Path) -> None:
    name = f"ls\n000: 00000002 00000000 00010000 0001 01 1 /x\0\x1b[31m{os.getpid()}"
    with (
        socket.socket(socket.AF_UNIX) as sock,
        socket.socket(socket.AF_UNIX) as not_yet,
        foreign_server(str(tmp_path / "not-abstract")),
    ):
        sock.bind(b"\0" + name.encode())
        sock.listen()
        not_yet.bind(b"\0not-yet" + name.encode())
        mine = [each for each in abstract_endpoints() if name in each.address]
        assert mine == [FoundEndpoint(f"@{name}", None, os.geteuid(), None, None, LIVE)]
        assert not [each for each in abstract_endpoints() if "not-abstract" in each.address]
    assert name not in [each.address for each in abstract_endpoints()]


def test_more_sockets_than_one_answer_holds_are_all_read(tmp_path: Path) -> None:
    with contextlib.ExitStack() as servers:
        for number in range(500):
            servers.enter_context(foreign_server(str(tmp_path / str(number))))
        assert set(states(endpoints_in(str(tmp_path))).values()) == {LIVE}
        listening = {each.file for each in listening_sockets.listening_sockets()}
        files = [(file.stat().st_dev, file.stat().st_ino) for file in tmp_path.iterdir()]
        assert listening.issuperset(files)


def test_an_entry_that_one_reading_of_a_table_passed_over_is_found_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = (listening_sockets.ListeningSocket(b"", (1, inode), None) for inode in (1, 2))
    readings = iter([{here: None}, {there: None}, {here: None}])
    monkeypatch.setattr(listening_sockets, "_read_once", lambda: next(readings))
    assert listening_sockets.listening_sockets() == [here, there]
    locks = iter([{(1, 1): 10}, {(1, 1): 11, (1, 2): 12}, {(1, 2): 13}])
    monkeypatch.setattr(held_locks, "_read_once", lambda: next(locks))
    assert held_locks.held_locks() == {(1, 1): 11, (1, 2): 13}


def test_a_table_that_never_stays_as_it_is_has_been_read_after_a_while() -> None:
    numbers = itertools.count()
    assert 1 < len(kernel_tables.read_whole(lambda: {next(numbers): None})) < 100


def test_without_netlink_no_socket_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with foreign_server(str(tmp_path / "s")):
        assert listening_sockets.listening_sockets()
        with monkeypatch.context() as patch:
            patch.delattr(socket, "AF_NETLINK")
            assert listening_sockets.listening_sockets() == []
        monkeypatch.setattr(listening_sockets, "_NETLINK_SOCK_DIAG", 31)  # a protocol that there is not
        assert listening_sockets.listening_sockets() == []


def test_a_kernel_that_knows_no_such_question_knows_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening_sockets, "_SOCK_DIAG_BY_FAMILY", 77)  # answered with an error
    with foreign_server(str(tmp_path / "s")):
        assert listening_sockets.listening_sockets() == []


def test_without_proc_no_lock_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_locks, "_PROC_LOCKS", tmp_path / "nothing")
    assert held_locks.held_locks() == {}


def test_only_whole_exclusive_flocks_that_are_held_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locks").write_text(
        "1: POSIX  ADVISORY  WRITE 10 fe:00:1 0 EOF\n"
        "2: FLOCK  ADVISORY  WRITE 11 1fe:0a:2 0 EOF\n"
        "2: -> FLOCK  ADVISORY  WRITE 12 fe:00:2 0 EOF\n"
        "3: FLOCK  ADVISORY  READ 13 fe:00:3 0 EOF\n"
        "4: OFDLCK ADVISORY  WRITE -1 fe:00:4 0 EOF\n"
    )
    monkeypatch.setattr(held_locks, "_PROC_LOCKS", tmp_path / "locks")
    assert held_locks.held_locks() == {(os.makedev(0x1FE, 0x0A), 2): 11}
