"""Who the other end is, comes from the kernel, and no answer is never taken for permission."""

from __future__ import annotations

import dataclasses
import os
import socket
import struct
import sys
from collections.abc import Iterator

import pytest

from localsocket import ANY_USER, SAME_USER, LocalSocket, PeerCredentials, pair
from localsocket.endpoint.credentials import check_allowed_users, check_peer, read_credentials
from localsocket.errors import PeerRefused, PeerUnknown, UnsuitableDescriptor

US = PeerCredentials(os.getpid(), os.geteuid(), os.getegid())
ROOT = PeerCredentials(1, 0, 0)
STRANGER = PeerCredentials(4000, 65533, 0)


class Answering:
    """A socket whose kernel gives the answer that the test chose."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def getsockopt(self, *_: int) -> bytes:
        return self.answer


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    first, second = socket.socketpair()
    with first, second:
        yield first, second


# --- reading ------------------------------------------------------------------------------------------------------


def test_they_are_those_of_the_process_at_the_other_end(ends: tuple[socket.socket, socket.socket]) -> None:
    assert read_credentials(ends[0]) == US


def test_they_stay_known_after_the_peer_has_closed(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].close()
    assert read_credentials(ends[0]) == US


def test_they_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        US.uid = 0  # type: ignore[misc]
    assert not hasattr(US, "__dict__")


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET])
def test_an_unconnected_socket_has_no_peer(family: socket.AddressFamily) -> None:
    with socket.socket(family) as sock, pytest.raises(PeerUnknown, match="is an unknown process") as caught:
        read_credentials(sock)
    assert caught.value.peer is None
    assert isinstance(caught.value, PermissionError)


def test_a_tcp_connection_has_no_peer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        with pytest.raises(PeerUnknown):
            read_credentials(client)
        with server.accept()[0] as accepted, pytest.raises(PeerUnknown):
            read_credentials(accepted)


def test_a_closed_socket_has_no_peer(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].close()
    with pytest.raises(PeerUnknown) as caught:
        read_credentials(ends[0])
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.skipif(sys.platform != "linux", reason="the form of the answer is Linux's")
@pytest.mark.parametrize(
    ("pid", "uid", "gid"),
    [(0, 0, 0), (-1, 0, 0), (0, 0xFFFFFFFF, 0xFFFFFFFF), (7, 0xFFFFFFFF, 0), (0, 1000, 1000)],
)
def test_an_answer_without_pid_or_uid_is_no_identity(pid: int, uid: int, gid: int) -> None:
    with pytest.raises(PeerUnknown):
        read_credentials(Answering(struct.pack("=iII", pid, uid, gid)))  # type: ignore[arg-type]


def test_both_ends_of_a_pair_know_each_other() -> None:
    first, second = pair()
    with first, second:
        assert first.peer == second.peer == US


# --- the policy ---------------------------------------------------------------------------------------------------


def test_the_default_admits_the_same_user_and_root_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    check_peer(PeerCredentials(7, 1000, 7), SAME_USER)
    check_peer(ROOT, SAME_USER)
    with pytest.raises(PeerRefused) as caught:
        check_peer(STRANGER, SAME_USER)
    assert str(caught.value) == "the other end is process 4000 of uid 65533, but only uid 0 or 1000 is allowed"
    assert (caught.value.peer, caught.value.allowed) == (STRANGER, (0, 1000))


def test_root_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(PeerRefused, match=r"but only uid 0 is allowed$"):
        check_peer(STRANGER, SAME_USER)


def test_a_list_admits_those_in_it_and_not_even_root_besides() -> None:
    allow = check_allowed_users({65533}, "allow")
    check_peer(STRANGER, allow)
    with pytest.raises(PeerRefused, match="but only uid 65533 is allowed"):
        check_peer(ROOT, allow)


def test_an_empty_list_admits_nobody() -> None:
    with pytest.raises(PeerRefused, match="but only nobody is allowed"):
        check_peer(US, check_allowed_users([], "allow"))


def test_any_user_admits_whom_the_kernel_knows() -> None:
    check_peer(STRANGER, ANY_USER)


def test_a_list_that_is_changed_later_changes_nothing() -> None:
    uids = [1]
    allow = check_allowed_users(uids, "allow")
    uids.append(65533)
    with pytest.raises(PeerRefused):
        check_peer(STRANGER, allow)


@pytest.mark.parametrize(
    ("allow", "error"),
    [
        ("root", ValueError),
        ("", ValueError),
        (None, TypeError),
        (0, TypeError),
        (True, TypeError),
        ([-1], TypeError),
        ([True], TypeError),
        (["root"], TypeError),
        ([1.0], TypeError),
        (b"root", TypeError),
    ],
)
def test_what_is_no_policy_is_refused_by_name(allow: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="allow_server must be SAME_USER, ANY_USER or a collection of uids, not "):
        check_allowed_users(allow, "allow_server")  # type: ignore[arg-type]


# --- adopting a connection ----------------------------------------------------------------------------------------


def test_an_adopted_connection_knows_its_peer(ends: tuple[socket.socket, socket.socket]) -> None:
    with LocalSocket.adopt_descriptor(ends[0].detach()) as adopted:
        assert adopted.peer == US
        ends[1].sendall(b"x")
        assert adopted.read_available() == b"x"
        assert not os.get_inheritable(adopted.fileno())


def test_a_connection_with_somebody_else_is_not_adopted(ends: tuple[socket.socket, socket.socket]) -> None:
    descriptor = ends[0].fileno()
    with pytest.raises(PeerRefused):
        LocalSocket.adopt_descriptor(descriptor, allow_peer=[65533])
    assert os.get_blocking(descriptor)
    ends[1].sendall(b"x")
    assert ends[0].recv(1) == b"x"


def test_an_unconnected_socket_is_not_adopted() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        with pytest.raises(PeerUnknown):
            LocalSocket.adopt_descriptor(sock.fileno())
        assert sock.fileno() >= 0


def test_a_tcp_socket_is_not_adopted() -> None:
    with socket.socket(socket.AF_INET) as sock, pytest.raises(UnsuitableDescriptor, match="it is AF_INET SOCK_STREAM"):
        LocalSocket.adopt_descriptor(sock.fileno())
