"""Descriptors over a pair of sockets: owned at once, in order, close-on-exec, and never more than were asked for."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from interrupts.every_line import Interruption, at_every_line
from localsocket.errors import PeerBrokeProtocol
from localsocket.payload.passing import SENT_AT_ONCE, is_too_much_under_way, receive, receive_all, send

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is Linux whose ways are told here")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        other.setblocking(False)
        yield one, other


@pytest.fixture
def null() -> Iterator[int]:
    number = os.open(os.devnull, os.O_RDONLY)
    yield number
    os.close(number)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_descriptors_come_in_their_order_with_their_bytes(ends: tuple[socket.socket, socket.socket]) -> None:
    one, other = ends
    with tempfile.TemporaryFile() as first, tempfile.TemporaryFile() as second:
        assert send(one, b"two", [first.fileno(), second.fileno()]) == 3
        data, came = receive(other, 100, 8)
        assert data == b"two"
        with came.take(0) as one_of_them, came.take(1) as another:
            assert os.path.sameopenfile(one_of_them.fileno(), first.fileno())
            assert os.path.sameopenfile(another.fileno(), second.fileno())


def test_what_was_sent_before_may_come_along_and_what_was_sent_after_does_not(
    ends: tuple[socket.socket, socket.socket], null: int
) -> None:
    one, other = ends
    one.send(b"before")
    send(one, b"with", [null])
    one.send(b"after")
    send(one, b"again", [null, null])
    seen = [receive(other, 100, 8) for _ in range(2)]
    assert [(data, came.count) for data, came in seen] == [(b"beforewith", 1), (b"afteragain", 2)]


def test_they_come_with_the_first_byte_however_little_is_received(
    ends: tuple[socket.socket, socket.socket], null: int
) -> None:
    one, other = ends
    send(one, b"with", [null])
    assert [(data, came.count) for data, came in (receive(other, 1, 8), receive(other, 3, 8))] == [
        (b"w", 1),
        (b"ith", 0),
    ]


def test_each_is_closed_on_exec_from_the_first_moment_on(ends: tuple[socket.socket, socket.socket], null: int) -> None:
    one, other = ends
    os.set_inheritable(null, True)
    send(one, b"x", [null])
    _, came = receive(other, 1, 1)
    (number,) = came
    assert fcntl.fcntl(number, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    # close_fds=False: nothing but the flag keeps it from the program.
    program = f"import os, sys; sys.exit(os.path.exists('/proc/self/fd/{number}'))"
    assert subprocess.run([sys.executable, "-S", "-c", program], close_fds=False, check=False).returncode == 0


def test_of_more_than_were_asked_for_none_stays_open(ends: tuple[socket.socket, socket.socket], null: int) -> None:
    one, other = ends
    before = open_descriptors()
    for most, sent in ((8, 9), (7, 8), (1, 2), (0, 1), (8, SENT_AT_ONCE)):
        send(one, b"x", [null] * sent)
        with pytest.raises(PeerBrokeProtocol):
            receive(other, 1, most)
        assert open_descriptors() == before


def test_where_this_process_can_have_no_more_open_none_stays_open(
    ends: tuple[socket.socket, socket.socket], null: int
) -> None:
    one, other = ends
    before = open_descriptors()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    send(one, b"x", [null] * 8)
    spare = os.dup(null)
    os.close(spare)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 3, hard))
    try:
        came = receive_all(other, 1, 8)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert came.is_cut
    assert 0 < came.descriptors.count < 8
    came.descriptors.close()
    assert open_descriptors() == before


def test_plain_recv_closes_what_it_meets(ends: tuple[socket.socket, socket.socket]) -> None:
    """Which is why a connection on which nothing was agreed pays nothing for it."""
    one, other = ends
    before = open_descriptors()
    reading, writing = os.pipe()
    send(one, b"with", [writing])
    os.close(writing)
    assert other.recv(100) == b"with"
    assert os.read(reading, 1) == b"", "the kernel still has the other end of the pipe"
    os.close(reading)
    assert open_descriptors() == before


def test_credentials_beside_the_bytes_are_no_descriptors(ends: tuple[socket.socket, socket.socket], null: int) -> None:
    one, other = ends
    other.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    one.send(b"x")
    before = open_descriptors()
    came = receive_all(other, 1, 64)
    assert came.descriptors.count == 0
    assert open_descriptors() == before


def test_what_is_forgotten_is_closed_without_a_word(ends: tuple[socket.socket, socket.socket], null: int) -> None:
    one, other = ends
    before = open_descriptors()
    send(one, b"x", [null] * 3)
    assert open_descriptors() == before
    came = receive(other, 1, 8)
    assert open_descriptors() == before + 3
    del came
    gc.collect()
    assert open_descriptors() == before


def test_nothing_is_sent_where_too_many_are_under_way(null: int) -> None:
    """The limit counts what is on its way of one user, and root has none: a process of another user fills it."""
    if os.geteuid() != 0:
        pytest.skip("it needs root, to be another user")
    program = f"""
import os, resource, socket
from localsocket.payload.passing import send, is_too_much_under_way, receive
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
os.setuid({60_000 + os.getpid() % 5000})  # of whom nobody else has any under way
one, other = socket.socketpair()
null = os.open(os.devnull, os.O_RDONLY)
try:
    for _ in range(100):
        send(one, b"x", [null] * 8)
except OSError as error:
    assert is_too_much_under_way(error), error
else:
    raise AssertionError("there is no limit")
while True:
    one.setblocking(False)
    other.setblocking(False)
    try:
        receive(other, 1, 8)
    except BlockingIOError:
        break
assert send(one, b"x", [null]) == 1
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not is_too_much_under_way(OSError("another"))


def test_without_bytes_nothing_can_be_sent(ends: tuple[socket.socket, socket.socket], null: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        send(ends[0], b"", [null])


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # one that an interrupt cut off from its owner says so
def test_an_interrupt_before_any_line_loses_none(ends: tuple[socket.socket, socket.socket], null: int) -> None:
    if sys.gettrace() is not None:
        pytest.skip("a tracer is at work, coverage maybe, and this test sets its own")
    one, other = ends
    before = open_descriptors()

    def scenario(interruption: Interruption) -> None:
        send(one, b"x", [null] * 2)
        with interruption:
            receive(other, 1, 8)[1].take(1).close()
        with contextlib.suppress(BlockingIOError):  # else it had not been received yet
            receive(other, 1, 8)
        assert open_descriptors() == before

    assert at_every_line(scenario) > 10
