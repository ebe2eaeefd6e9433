"""Results that are written into memory of whoever calls: by shared memory directly, else once they are there."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy
import pytest
from numpy.typing import NDArray

from localsocket import CallLimits, Client, Service, aio
from localsocket.errors import BadResult, DeadlinePassed
from localsocket.interfaces import KIB, MIB
from localsocket.testing import wait_until
from services.conftest import ADDRESS, Serve

SIZE = 300 * KIB
LIMITS = CallLimits(message=4 * MIB, shared_memory=16 * MIB)


def results() -> Service:
    service = Service("demo.results", limits=LIMITS)

    @service.method
    def letters(letter: str, size: int) -> bytes:
        return letter.encode() * size

    @service.method
    def numbers(count: int) -> NDArray[numpy.int32]:
        return numpy.arange(count, dtype=numpy.int32).reshape(2, -1)

    @service.method
    def anything(value: Any) -> Any:
        return value

    return service


@pytest.mark.parametrize("shared", [True, False])
def test_bytes_are_written_to_the_beginning_of_the_buffer(serve: Serve, *, shared: bool) -> None:
    with serve(results()), Client(ADDRESS, limits=LIMITS, shared_memory=shared) as client:
        buffer = bytearray(SIZE + 2)
        for letter in "abc":
            got = client.call("letters", letter, SIZE, result_into=buffer)
            assert got == letter.encode() * SIZE == buffer[:SIZE]
            assert got.obj is buffer
            assert buffer[SIZE:] == b"\0\0"
        assert client.call("letters", "d", 3, result_into=memoryview(buffer)[1:]) == b"ddd"
        assert buffer[:5] == b"cdddc"
        assert client.start("letters", "e", SIZE, result_into=buffer).result() == b"e" * SIZE == buffer[:SIZE]
        assert client.within(9).call("letters", "", 5, result_into=buffer) == b""


@pytest.mark.parametrize("shared", [True, False])
def test_arrays_are_written_where_another_array_lies(serve: Serve, *, shared: bool) -> None:
    with serve(results()), Client(ADDRESS, limits=LIMITS, shared_memory=shared) as client:
        given = numpy.zeros((4, 50_000), numpy.int32)
        for count in (100_000, 200_000, 6, 0):
            given[:] = 7
            got = client.call("numbers", count, result_into=given)
            numpy.testing.assert_array_equal(got, numpy.arange(count, dtype=numpy.int32).reshape(2, -1))
            assert not count or numpy.shares_memory(got, given)
            assert (given.reshape(-1)[count:] == 7).all()


def test_tasks_may_give_a_buffer_too(serve: Serve) -> None:
    async def main() -> None:
        async with aio.Client(ADDRESS, limits=LIMITS) as client:
            buffer = bytearray(SIZE)
            for letter in "abc":
                assert (await client.call("letters", letter, SIZE, result_into=buffer)).obj is buffer
                assert buffer == letter.encode() * SIZE
            assert await client.start("letters", "d", SIZE, result_into=buffer) == b"d" * SIZE
            assert buffer == b"d" * SIZE

    with serve(results()):
        asyncio.run(main())


def test_a_large_result_comes_straight_from_shared_memory(serve: Serve) -> None:
    """It is there before anybody looks at the result."""
    with serve(results()), Client(ADDRESS, limits=LIMITS) as client:
        for _ in range(2):
            client.call("letters", "a", SIZE)
        buffer = bytearray(SIZE)
        pending = client.start("letters", "b", SIZE, result_into=buffer)
        wait_until(lambda: client.call("letters", "c", 1) == b"c" and pending.is_done)  # receives the other one, too
        assert buffer == b"b" * SIZE
        assert client.stats().bytes_received_by_memory >= SIZE
        assert pending.result().obj is buffer


def test_what_does_not_fit_is_refused_and_the_connection_goes_on(serve: Serve) -> None:
    with serve(results()), Client(ADDRESS, limits=LIMITS) as client:
        for _ in range(3):
            with pytest.raises(BadResult, match=str(SIZE)):
                client.call("letters", "a", SIZE, result_into=bytearray(SIZE - 1))
        for value in (5, "text", None, {"a": bytes(SIZE)}, [bytes(SIZE)]):
            with pytest.raises(BadResult, match="result_into"):
                client.call("anything", value, result_into=bytearray(2 * SIZE))
        for no_memory in (b"bytes", memoryview(b"bytes"), numpy.zeros((9, 9))[:, ::2]):
            with pytest.raises((ValueError, TypeError)):
                client.call("letters", "a", 1, result_into=no_memory)
        assert client.call("letters", "a", 1) == b"a"


def test_nothing_is_written_for_a_call_that_was_given_up(serve: Serve) -> None:
    service, may_go_on = results(), threading.Event()

    @service.method
    def late() -> bytes:
        may_go_on.wait()
        return b"l" * SIZE

    with serve(service), Client(ADDRESS, limits=LIMITS) as client:
        for _ in range(2):
            client.call("letters", "a", SIZE)
        buffer = bytearray(SIZE)
        with pytest.raises(DeadlinePassed):
            client.call("late", timeout=0.01, result_into=buffer)
        cancelled = client.start("late", result_into=buffer)
        cancelled.cancel()
        may_go_on.set()
        for _ in range(3):
            client.call("letters", "a", SIZE)
        assert buffer == bytes(SIZE)
