"""Limits of a live connection can be changed; see test_reading.py and test_writing.py for what limits do."""

from __future__ import annotations

import pytest

from blocking.conftest import MakeEnds
from localsocket import EventSocket, Limits, errors
from localsocket.testing import Background, connected_pair, wait_until


def test_a_larger_read_buffer_lets_more_arrive(make_ends: MakeEnds) -> None:
    socket, peer = make_ends(limits=Limits(read_buffer=100))
    peer.write(b"x" * 300)
    wait_until(lambda: socket.bytes_available == 100, "the small buffer to fill")
    socket.change_limits(Limits(read_buffer=250))
    wait_until(lambda: socket.bytes_available == 250, "the larger buffer to fill")
    assert socket.limits.read_buffer == 250


def test_a_smaller_read_buffer_keeps_what_is_there(make_ends: MakeEnds) -> None:
    socket, peer = make_ends()
    peer.write(b"x" * 300)
    wait_until(lambda: socket.bytes_available == 300, "the bytes to arrive")
    socket.change_limits(Limits(read_buffer=10))
    peer.write(b"y" * 20)
    assert socket.read_available() == b"x" * 300
    wait_until(lambda: socket.bytes_available == 10, "the smaller buffer to fill")


def test_a_reader_that_waits_goes_on_with_the_new_limits() -> None:
    with connected_pair(limits=Limits(read_buffer=100)) as (socket, peer):
        peer.write(b"x" * 150)
        with Background(lambda: socket.read_exactly(100, timeout=60)) as first:
            assert first.result() == b"x" * 100
        with pytest.raises(errors.LimitExceeded), socket.transaction():
            socket.read_exactly(101)
        socket.change_limits(Limits(read_buffer=200))
        with Background(lambda: socket.read_exactly(150, timeout=60)) as second:
            peer.write(b"x" * 100)
            assert second.result() == b"x" * 150


def test_a_smaller_write_buffer_refuses_sooner(make_ends: MakeEnds) -> None:
    socket, _ = make_ends()
    write = socket.write if isinstance(socket, EventSocket) else socket.write_nowait
    while not socket.bytes_to_write:
        write(bytes(100_000))
    socket.change_limits(Limits(write_buffer=socket.bytes_to_write))
    with pytest.raises(errors.WriteBufferFull):
        write(b"x")


def test_the_line_limit_is_new_from_the_next_line_on(make_ends: MakeEnds) -> None:
    socket, peer = make_ends()
    peer.write(b"12345\n12345\n")
    wait_until(lambda: socket.bytes_available == 12, "the lines to arrive")
    assert socket.read_line_nowait() == b"12345"
    socket.change_limits(Limits(line=4))
    with pytest.raises(errors.LineTooLong):
        socket.read_line_nowait()


def test_a_closed_socket_has_no_limits_to_change(make_ends: MakeEnds) -> None:
    socket, _ = make_ends()
    socket.abort()
    with pytest.raises(errors.ClosedByUs):
        socket.change_limits(Limits())
