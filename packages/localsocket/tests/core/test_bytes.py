"""Both cores receive, send and tell alike, and keep nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from cores import assert_counts_references
from cores import core as core
from localsocket.sockets.connection import RECEIVE_SIZE, SEND_FLAGS

MUCH = os.urandom(100_000)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        for end in (one, other):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * len(MUCH))
        yield one, other


# --- receiving ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 100, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 40_000, 100_000])
def test_what_has_arrived_is_received_in_one_piece(
    core: ModuleType, ends: tuple[socket.socket, socket.socket], count: int
) -> None:
    ends[0].sendall(MUCH[:count])
    assert core.receiver(ends[1])(RECEIVE_SIZE) == MUCH[:count]


@pytest.mark.parametrize("most", [0, 1, 16 * 1024, 16 * 1024 + 1, 99_999])
def test_no_more_is_received_than_was_asked_for_and_the_rest_stays(
    core: ModuleType, ends: tuple[socket.socket, socket.socket], most: int
) -> None:
    ends[0].sendall(MUCH)
    receive = core.receiver(ends[1])
    first = receive(most)
    assert first == MUCH[:most]
    assert first + receive(RECEIVE_SIZE) == MUCH


def test_nothing_there_is_told_from_the_end(core: ModuleType, ends: tuple[socket.socket, socket.socket]) -> None:
    receive = core.receiver(ends[1])
    with pytest.raises(BlockingIOError):
        receive(RECEIVE_SIZE)
    ends[0].sendall(MUCH[: 16 * 1024])  # as much as is received first: the end comes behind it
    ends[0].close()
    assert receive(RECEIVE_SIZE) == MUCH[: 16 * 1024]
    assert receive(RECEIVE_SIZE) == b""


def test_a_negative_size_is_refused(core: ModuleType, ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(ValueError, match="negative"):
        core.receiver(ends[1])(-1)


# --- sending ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_are_sent(
    core: ModuleType, ends: tuple[socket.socket, socket.socket], kind: Callable[[bytes], bytes]
) -> None:
    assert core.sender(ends[0])(kind(b"hello"), SEND_FLAGS) == 5
    assert ends[1].recv(10) == b"hello"


def test_as_much_is_sent_as_there_is_room_for(core: ModuleType, ends: tuple[socket.socket, socket.socket]) -> None:
    send = core.sender(ends[0])
    taken = send(MUCH * 20, SEND_FLAGS)
    assert 0 < taken < len(MUCH) * 20
    arrived = bytearray()
    while len(arrived) < taken:
        arrived += ends[1].recv(taken)
    assert bytes(arrived) == (MUCH * 20)[:taken]


def test_a_full_kernel_takes_nothing(core: ModuleType, ends: tuple[socket.socket, socket.socket]) -> None:
    send = core.sender(ends[0])
    with contextlib.suppress(BlockingIOError):
        ends[0].send(MUCH * 20)
        ends[0].send(MUCH)
    with pytest.raises(BlockingIOError):
        send(MUCH, SEND_FLAGS)


def test_sending_to_a_peer_that_has_closed_is_an_error(
    core: ModuleType, ends: tuple[socket.socket, socket.socket]
) -> None:
    ends[1].close()
    with pytest.raises(BrokenPipeError):
        core.sender(ends[0])(b"x", SEND_FLAGS)


def test_only_bytes_are_sent(core: ModuleType, ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(TypeError):
        core.sender(ends[0])("text", SEND_FLAGS)


def test_a_closed_socket_never_uses_the_number_that_another_file_has_now(
    core: ModuleType, ends: tuple[socket.socket, socket.socket]
) -> None:
    receive, send, number = core.receiver(ends[0]), core.sender(ends[0]), ends[0].fileno()
    ends[0].close()
    one, other = socket.socketpair()
    with one, other:
        taken = [end for end in (one, other) if end.fileno() == number]
        assert taken, "the number is used again"
        one.send(b"x")
        other.send(b"x")
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            receive(10)
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            send(b"y", SEND_FLAGS)
        assert [one.recv(10), other.recv(10)] == [b"x", b"x"]


# --- one turn of a loop -------------------------------------------------------------------------------------------


def test_each_target_that_is_ready_is_told_what_for_in_order(core: ModuleType) -> None:
    told: list[tuple[int, int]] = []
    targets = {number: lambda mask, number=number: told.append((number, mask)) for number in range(4)}
    core.see_to(iter([(2, 1), (0, 5), (3, 4)]), targets)
    assert told == [(2, 1), (0, 5), (3, 4)]


def test_a_target_that_an_earlier_event_has_ended_is_left_out(core: ModuleType) -> None:
    told: list[int] = []
    targets: dict[int, Callable[[int], object]] = {1: lambda _mask: targets.clear(), 2: told.append}
    core.see_to(iter([(1, 1), (2, 1)]), targets)
    assert told == []


def test_whoever_goes_on_after_an_exception_sees_to_the_others(core: ModuleType) -> None:
    told: list[int] = []

    def fail(_mask: int) -> None:
        raise KeyboardInterrupt

    targets: dict[int, Callable[[int], object]] = {1: told.append, 2: fail, 3: told.append}
    ready = iter([(1, 10), (2, 20), (3, 30)])
    with pytest.raises(KeyboardInterrupt):
        core.see_to(ready, targets)
    core.see_to(ready, targets)
    assert told == [10, 30]


# --- nothing is kept ----------------------------------------------------------------------------------------------


@pytest.mark.long
def test_no_memory_is_kept_whatever_comes_of_it(core: ModuleType, ends: tuple[socket.socket, socket.socket]) -> None:
    receive, send = core.receiver(ends[1]), core.sender(ends[0])
    closed = socket.socket(socket.AF_UNIX)
    closed.close()
    broken = core.sender(closed)

    def fail(_mask: int) -> None:
        raise ValueError

    targets: dict[int, Callable[[int], object]] = {1: lambda mask: mask, 2: fail}

    def once() -> None:
        send(MUCH[:300], SEND_FLAGS)
        receive(RECEIVE_SIZE)
        send(memoryview(MUCH)[1:], SEND_FLAGS)
        receive(RECEIVE_SIZE)
        for attempt, argument in ((receive, 1), (receive, -1), (receive, "1"), (broken, b"x"), (send, None)):
            with pytest.raises((OSError, ValueError, TypeError)):
                attempt(argument)
        with pytest.raises(ValueError):
            core.see_to(iter([(number, len(targets)) for number in (1, 3, 2)]), targets)

    assert_counts_references(once)
