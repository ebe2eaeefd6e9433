"""Which ids are somebody's: the map of the user namespace decides, and the kernel where the map does not."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from localsocket import connect, listen
from localsocket.endpoint import credentials, identities
from localsocket.endpoint.credentials import read_credentials
from localsocket.endpoint.identities import Certainty, IdMap, certainty_of_gid, certainty_of_uid, is_our_file
from localsocket.errors import InsecureDirectory, PathOccupied, PeerUnknown

INITIAL = "         0          0 4294967295\n"
OVERFLOW = 65534

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/uid_map"), reason="user namespaces are Linux's")

Pretend = Callable[..., None]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Give a function that has this process see other maps, and other overflow ids."""
    monkeypatch.setattr(identities, "_overflow_ids", {})

    def pretend(uid_map: str = INITIAL, gid_map: str = INITIAL, *, overflow: str = f"{OVERFLOW}\n") -> None:
        files = {
            "/proc/self/uid_map": uid_map,
            "/proc/self/gid_map": gid_map,
            "/proc/sys/kernel/overflowuid": overflow,
            "/proc/sys/kernel/overflowgid": f"{OVERFLOW}\n",
        }
        monkeypatch.setattr(identities, "read_small_file", lambda path: files[path].encode())
        identities._overflow_ids.clear()

    return pretend


class Answering:
    """A socket whose kernel says who is at the other end, and nothing about the process."""

    def __init__(self, uid: int, gid: int) -> None:
        self.answer = struct.pack("=iII", 7, uid, gid)

    def getsockopt(self, _level: int, option: int, *_: int) -> bytes:
        if option != socket.SO_PEERCRED:
            raise OSError
        return self.answer


# --- maps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (INITIAL, [0, 1000, OVERFLOW, 0xFFFFFFFE], [0xFFFFFFFF]),
        ("0 1000 1\n", [0], [1, 1000, OVERFLOW]),
        ("0 100000 65536\n", [0, OVERFLOW, 65535], [65536]),
        ("0 1000 1\n5 100000 2\n", [0, 5, 6], [1, 4, 7]),
        ("", [], [0, OVERFLOW]),
    ],
)
def test_a_map_says_which_ids_a_namespace_has(text: str, inside: list[int], outside: list[int]) -> None:
    assert [number for number in inside + outside if number in IdMap(text.encode())] == inside


@pytest.mark.parametrize(
    ("text", "is_complete"),
    [
        (INITIAL, True),
        ("0 0 1000\n1000 1000 4294966295\n", True),
        ("1000 1000 4294966295\n0 0 1000\n", True),
        ("0 0 1000\n1001 1001 4294966294\n", False),
        ("1 1 4294967294\n", False),
        ("0 100000 65536\n", False),
        ("", False),
    ],
)
def test_a_map_is_complete_when_no_id_is_missing(text: str, is_complete: bool) -> None:
    assert IdMap(text.encode()).is_complete == is_complete


@pytest.mark.parametrize("certainty_of", [certainty_of_uid, certainty_of_gid])
@pytest.mark.parametrize(
    ("number", "text", "certainty"),
    [
        (OVERFLOW, INITIAL, Certainty.KNOWN),
        (OVERFLOW, "0 1000 1\n", Certainty.UNKNOWN),
        (OVERFLOW, "", Certainty.UNKNOWN),
        (OVERFLOW, "0 100000 65536\n", Certainty.SHARED),
        (OVERFLOW, "65534 1000 1\n", Certainty.SHARED),
        (0, "0 1000 1\n", Certainty.KNOWN),
        (-1, INITIAL, Certainty.UNKNOWN),
        (0xFFFFFFFF, INITIAL, Certainty.UNKNOWN),
    ],
)
def test_the_overflow_id_is_somebodys_where_it_cannot_be_anybody_elses(
    pretend: Pretend, certainty_of: Callable[[int], Certainty], number: int, text: str, certainty: Certainty
) -> None:
    pretend(text, text)
    assert certainty_of(number) is certainty


def test_the_overflow_id_is_what_the_system_says(pretend: Pretend) -> None:
    pretend("0 1000 1\n", overflow="99\n")
    assert certainty_of_uid(99) is Certainty.UNKNOWN
    assert certainty_of_uid(OVERFLOW) is Certainty.KNOWN


def test_without_proc_the_usual_overflow_id_is_nobodys(pretend: Pretend) -> None:
    pretend("", "", overflow="")
    assert certainty_of_uid(OVERFLOW) is Certainty.UNKNOWN


# --- peers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uid", "gid", "uid_map", "gid_map", "named"),
    [
        (OVERFLOW, 5, "0 1000 10\n", INITIAL, "uid 65534"),
        (5, OVERFLOW, INITIAL, "0 1000 10\n", "gid 65534"),
        (OVERFLOW, 5, "0 100000 65536\n", INITIAL, "uid 65534"),
        (5, OVERFLOW, INITIAL, "0 100000 65536\n", "gid 65534"),
    ],
)
def test_a_peer_with_an_overflow_id_is_unknown(
    pretend: Pretend, uid: int, gid: int, uid_map: str, gid_map: str, named: str
) -> None:
    pretend(uid_map, gid_map)
    with pytest.raises(PeerUnknown, match=f"{named} stands for everybody whom this user namespace") as caught:
        read_credentials(Answering(uid, gid))  # type: ignore[arg-type]
    assert named in caught.value.reason


def test_a_peer_with_an_overflow_id_is_known_where_every_id_is_mapped(pretend: Pretend) -> None:
    pretend()
    assert read_credentials(Answering(OVERFLOW, OVERFLOW)).uid == OVERFLOW  # type: ignore[arg-type]


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_shared_id_is_the_peers_own_if_it_lives_in_our_namespace(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch, is_ours: bool
) -> None:
    ours, theirs = socket.socketpair()
    us = os.geteuid()
    pretend(f"{us} 1000 1\n", INITIAL, overflow=f"{us}\n")
    if not is_ours:
        maps = {"/proc/self/uid_map": f"{us} 1000 1\n".encode()}
        real_read = credentials.read_small_file
        monkeypatch.setattr(credentials, "read_small_file", lambda path: maps.get(path) or real_read(path))
    with ours, theirs:
        try:
            os.close(ours.getsockopt(socket.SOL_SOCKET, 77))
        except OSError:
            pytest.skip("the kernel gives no descriptor of a peer's process")
        if is_ours:
            assert read_credentials(ours).uid == us
        else:
            with pytest.raises(PeerUnknown):
                read_credentials(ours)


# --- owners of files ------------------------------------------------------------------------------------------------


def refuse() -> None:
    raise PermissionError


@pytest.mark.parametrize(
    ("text", "prove", "is_ours"),
    [
        (INITIAL, lambda: None, True),
        (INITIAL, refuse, False),
        (f"{os.geteuid()} 1000 1\n", lambda: None, True),
        (f"{os.geteuid()} 1000 1\n", refuse, False),
        ("1000000 1000 1\n", lambda: None, False),
    ],
)
def test_an_owner_with_the_overflow_id_has_to_prove_it(
    pretend: Pretend, tmp_path: Path, text: str, prove: Callable[[], object], is_ours: bool
) -> None:
    pretend(text, overflow=f"{os.geteuid()}\n")
    assert is_our_file(os.stat(tmp_path), prove) == is_ours


def test_an_owner_with_another_id_has_not(tmp_path: Path) -> None:
    assert is_our_file(os.stat(tmp_path), refuse)


def test_nothing_of_an_unknown_owner_is_ours(pretend: Pretend, runtime_directory: Path) -> None:
    listen("editor.control").close()  # makes the directory
    pretend("1000000 1000 1\n", overflow=f"{os.geteuid()}\n")
    for face in (listen, connect):
        with pytest.raises(InsecureDirectory, match="it belongs to an unknown user"):
            face("editor.control")


def test_whoever_is_unknown_itself_owns_nothing(pretend: Pretend, runtime_directory: Path) -> None:
    pretend("1000000 1000 1\n", overflow=f"{os.geteuid()}\n")
    with pytest.raises(
        InsecureDirectory, match="no file in it can be recognised as ours, because we are an unknown user"
    ):
        listen(runtime_directory / "x.sock")
    assert not list(runtime_directory.iterdir())


@pytest.mark.parametrize("file", ["x.sock", ".x.sock.new", ".x.sock.lock"])
def test_a_file_that_the_kernel_does_not_let_us_change_is_not_replaced(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch, runtime_directory: Path, file: str
) -> None:
    path = runtime_directory / file
    if file == ".x.sock.lock":
        path.touch()
        monkeypatch.setattr(os, "fchmod", lambda *_: refuse())
    else:
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
        monkeypatch.setattr(os, "chmod", lambda *_: refuse())
    pretend(f"{os.geteuid()} 1000 1\n", overflow=f"{os.geteuid()}\n")
    with pytest.raises(PathOccupied):
        listen(runtime_directory / "x.sock")
    assert path.exists()
    path.unlink()
    (runtime_directory / ".x.sock.lock").unlink(missing_ok=True)
