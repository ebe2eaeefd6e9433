"""A relay moves every byte in both directions, and ends when there is nothing left to say."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from localsocket import LocalSocket
from localsocket.errors import ClosedByPeer, DeadlinePassed
from localsocket.interfaces import KIB
from localsocket.testing import FOREVER, PATIENCE, Background, connected_pair, wait_until
from localsocket.tools.relay import relay

BYTES = bytes(range(256)) * 4096
# A pipe holds as much, so that it is typed at once, and the kernel's buffer for the socket, here, does not.
PIPEFUL = 60 * KIB
KERNEL_BUFFER = 4 * KIB


class Relaying:
    """A relay at work between a pipe, into which type() writes, and the other end of `peer`."""

    def __init__(self, socket: Any, peer: LocalSocket, timeout: float | None, write: Callable[[bytes], object]) -> None:
        self.peer = peer
        self._source, self._input = os.pipe()
        self._work = Background(partial(relay, socket, self._source, write, timeout=timeout))

    def type(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._input, data) :]

    def end_input(self) -> None:
        os.close(self._input)
        self._input = -1

    def wait_until_over(self) -> None:
        """Raises what relay() raised."""
        self._work.result()

    def close(self) -> None:
        self.peer.abort()
        wait_until(lambda: self._work.is_done)
        if self._input >= 0:
            self.end_input()
        os.close(self._source)


@contextmanager
def relaying(
    write: Callable[[bytes], object],
    *,
    timeout: float | None = None,
    wrapped: Callable[[LocalSocket], Any] | None = None,
) -> Iterator[Relaying]:
    with connected_pair(kernel_buffer=KERNEL_BUFFER) as (socket, peer):
        running = Relaying(wrapped(socket) if wrapped else socket, peer, timeout, write)
        try:
            yield running
        finally:
            running.close()


@pytest.fixture
def written() -> bytearray:
    """What a relay wrote, where its write is `written.extend`."""
    return bytearray()


def test_every_byte_goes_through_in_both_directions_at_once(written: bytearray) -> None:
    with relaying(written.extend) as running:

        def type_all() -> None:
            running.type(BYTES[::-1])
            running.end_input()

        with Background(running.peer.write, BYTES), Background(type_all):
            assert running.peer.read_to_end(timeout=PATIENCE) == BYTES[::-1]
        running.peer.close()
        running.wait_until_over()
    assert written == BYTES


def test_after_the_end_of_the_input_the_peer_can_still_answer(written: bytearray) -> None:
    with relaying(written.extend) as running:
        running.type(b"question")
        running.end_input()
        assert running.peer.read_to_end(timeout=PATIENCE) == b"question"
        running.peer.write(b"answer")
        running.peer.close()
        running.wait_until_over()
    assert written == b"answer"


def test_a_peer_that_only_finished_sending_gets_the_rest_of_the_input(written: bytearray) -> None:
    with relaying(written.extend) as running:
        running.peer.write(b"all")
        running.peer.shutdown_write()
        running.type(b"more")
        assert running.peer.read_exactly(4, timeout=PATIENCE) == b"more"
        running.end_input()
        running.wait_until_over()
        assert running.peer.read(timeout=PATIENCE) == b""
    assert written == b"all"


def test_a_peer_that_closes_ends_it_whatever_the_input_may_still_bring(written: bytearray) -> None:
    with relaying(written.extend) as running:
        running.peer.write(b"bye")
        running.peer.close()
        running.wait_until_over()
    assert written == b"bye"


def test_a_peer_that_leaves_without_reading_is_an_error_and_its_last_words_are_written(written: bytearray) -> None:
    begun = threading.Event()

    def write(data: bytes) -> None:
        written.extend(data)
        begun.set()
        wait_until(lambda: "localsocket relay" not in [thread.name for thread in threading.enumerate()])

    with relaying(write) as running:
        running.type(BYTES[:PIPEFUL])
        running.peer.write(b"that is ")
        assert begun.wait(PATIENCE)
        running.peer.read_exactly(1, timeout=PATIENCE)
        running.peer.write(b"enough")
        running.peer.close()
        with pytest.raises(ClosedByPeer):
            running.wait_until_over()
    assert written == b"that is enough"


@pytest.mark.parametrize("has_finished", [False, True])
def test_when_no_byte_moves_for_too_long_it_ends(written: bytearray, has_finished: bool) -> None:
    with relaying(written.extend, timeout=0.05) as running:
        if has_finished:
            running.peer.shutdown_write()
        with pytest.raises(DeadlinePassed, match="the next byte took longer"):
            running.wait_until_over()
        assert running.peer.read(timeout=PATIENCE) == b""


class TimesOutOnce:
    """A socket whose first read() is out of time once `meanwhile` has been done."""

    def __init__(self, socket: LocalSocket, meanwhile: Callable[[], None]) -> None:
        self._socket = socket
        self._meanwhile: Callable[[], None] | None = meanwhile

    def read(self, max_bytes: int, *, timeout: float) -> bytes:
        if self._meanwhile:
            self._meanwhile()
            self._meanwhile = None
            raise DeadlinePassed("reading", timeout)
        return self._socket.read(max_bytes, timeout=timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def test_a_byte_in_the_other_direction_counts_as_moving(written: bytearray) -> None:
    begun, sent = threading.Event(), threading.Event()

    def send_two_pieces() -> None:
        assert begun.wait(PATIENCE)
        for piece in (b"1", b"2"):  # the first has been counted when the second is there
            running.type(piece)
            assert running.peer.read(timeout=PATIENCE) == piece
        sent.set()

    with relaying(
        written.extend, timeout=FOREVER, wrapped=lambda socket: TimesOutOnce(socket, send_two_pieces)
    ) as running:
        begun.set()
        assert sent.wait(PATIENCE)
        running.peer.write(b"still here")
        running.peer.close()
        running.wait_until_over()
    assert written == b"still here"


def test_what_writing_raises_ends_both_directions() -> None:
    def refuse(_data: bytes) -> None:
        raise BrokenPipeError

    with relaying(refuse) as running:
        running.type(BYTES[:PIPEFUL])
        running.peer.write(b"unwelcome")
        with pytest.raises(BrokenPipeError):
            running.wait_until_over()
        assert len(running.peer.read_to_end(timeout=PATIENCE)) < PIPEFUL


def test_an_input_that_cannot_be_read_ends_both_directions(written: bytearray) -> None:
    directory = os.open("/", os.O_RDONLY)
    try:
        with connected_pair() as (socket, peer):
            with pytest.raises(IsADirectoryError):
                relay(socket, directory, written.extend)
            assert peer.read(timeout=PATIENCE) == b""
    finally:
        os.close(directory)
