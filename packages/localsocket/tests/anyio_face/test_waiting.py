"""How tasks wait on one socket: one watches the descriptor for all, and whoever waits is woken by what changes."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

import localsocket
import localsocket.anyio
from anyio_face.cutting import NEVER, Cut
from anyio_face.ends import SMALL, SMALL_LIMITS, Call, beside, break_off, connected, pattern, turns, until
from localsocket import errors
from localsocket.anyio import LocalSocket
from localsocket.interfaces import KIB, MIB, Limits, SocketState
from localsocket.testing import clog, set_kernel_buffer

SOON = 0.03

# --- several tasks ----------------------------------------------------------------------------------------------------


async def test_each_of_many_readers_gets_its_line() -> None:
    async with connected() as (one, other):
        readers = [Call(one.read_line) for _ in range(10)]
        async with beside(*readers):
            await other.write(b"".join(b"%d\n" % number for number in range(10)))
        assert sorted(reader.result() for reader in readers) == [b"%d" % number for number in range(10)]  # type: ignore[type-var]


async def test_a_task_goes_on_watching_when_the_one_before_has_what_it_wanted() -> None:
    async with connected() as (one, other):
        first, second = Call(lambda: one.read_exactly(1)), Call(lambda: one.read_exactly(2))
        async with beside(first, second):
            await other.write(b"1")
            await until(lambda: first.is_done)
            assert not second.is_done
            await other.write(b"22")
        assert (first.result(), second.result()) == (b"1", b"22")


async def test_a_deadline_of_the_task_that_watches_is_not_that_of_the_others() -> None:
    async with connected() as (one, other):
        hasty, patient = Call(lambda: one.read(timeout=SOON)), Call(one.read)
        async with beside(hasty, patient):
            await until(lambda: hasty.is_done)
            assert not patient.is_done
            await other.write(b"x")
        assert isinstance(hasty.error, errors.DeadlinePassed)
        assert patient.result() == b"x"


async def test_a_deadline_of_a_task_beside_the_one_that_watches_is_kept() -> None:
    async with connected() as (one, other):
        patient, hasty = Call(one.read), Call(lambda: one.read(timeout=SOON))
        async with beside(patient, hasty):
            await until(lambda: hasty.is_done)
            await other.write(b"x")
        assert isinstance(hasty.error, errors.DeadlinePassed)
        assert patient.result() == b"x"


async def test_a_writer_beside_a_reader_is_served_by_the_same_watch() -> None:
    sent = pattern(256 * KIB)
    async with connected(kernel_buffer=SMALL) as (one, other):
        reading, writing = Call(one.read), Call(lambda: one.write(sent))
        async with beside(reading, writing):
            assert await other.read_exactly(len(sent)) == sent
            await until(lambda: writing.is_done)
            assert not reading.is_done
            await other.write(b"x")
        writing.result()
        assert reading.result() == b"x"


async def test_a_reader_beside_a_writer_is_served_by_the_same_watch() -> None:
    sent = pattern(256 * KIB)
    async with connected(kernel_buffer=SMALL) as (one, other):
        writing, reading = Call(lambda: one.write(sent)), Call(one.read)
        async with beside(writing, reading):
            await other.write(b"x")
            await until(lambda: reading.is_done)
            assert not writing.is_done
            assert await other.read_exactly(len(sent)) == sent
        writing.result()
        assert reading.result() == b"x"


async def test_what_is_queued_while_a_task_waits_goes_out() -> None:
    async with connected(kernel_buffer=SMALL) as (one, other):
        clogged = clog(one)
        async with beside(Call(one.read)):
            one.write_nowait(b"queued")
            assert one.bytes_to_write
            assert await other.read_exactly(clogged + 6) == bytes(clogged) + b"queued"
            await other.write(b"x")


async def test_what_is_left_of_a_cancelled_write_goes_out_while_a_task_waits() -> None:
    sent = pattern(256 * KIB)
    async with connected(kernel_buffer=SMALL) as (one, other):
        await break_off(lambda: one.write(sent))
        assert one.bytes_to_write
        async with beside(Call(one.read)):
            assert await other.read_exactly(len(sent)) == sent
            await other.write(b"x")


async def test_a_writer_whose_bytes_another_call_has_sent_is_told() -> None:
    # The kernel calls a socket writable when much room is free, and takes a few bytes as soon as a little is.
    async with connected(limits=Limits(read_buffer=2 * SMALL), kernel_buffer=16 * SMALL) as (one, other):
        clog(one)
        writing = Call(lambda: one.write(b"queued"))
        async with beside(writing):
            assert await other.read_exactly(2 * SMALL) == bytes(2 * SMALL)
            assert not writing.is_done
            with pytest.raises(errors.DeadlinePassed):
                await one.read(timeout=0)
            await until(lambda: writing.is_done)


async def test_a_reader_for_whom_there_was_no_room_before_is_served_by_the_same_watch() -> None:
    async with connected(limits=Limits(read_buffer=SMALL)) as (one, other):
        await other.write(bytes(SMALL))
        assert await one.wait_readable()
        assert one.bytes_available == SMALL
        writing, reading = Call(lambda: one.write(bytes(MIB))), Call(one.read)
        async with beside(writing):  # which watches for writing only
            assert await one.read_exactly(SMALL) == bytes(SMALL)
            async with beside(reading):
                assert not reading.is_done
                await other.write(b"x")
            assert reading.result() == b"x"
            other.abort()
        assert isinstance(writing.error, errors.ClosedByPeer)


async def test_reading_what_is_there_lets_the_other_tasks_run() -> None:
    async with connected() as (one, other):
        await other.write(bytes(50))
        turns_of_another = 0

        async def count() -> None:
            nonlocal turns_of_another
            for _ in range(50):
                await turns(1)
                turns_of_another += 1

        async with beside(count, head_start=0):
            for _ in range(50):
                await one.read_exactly(1)
            assert turns_of_another >= 40


# --- transactions -----------------------------------------------------------------------------------------------------


async def test_a_transaction_belongs_to_its_task_and_others_wait_for_its_end() -> None:
    async with connected() as (one, other):
        await other.write(b"abcdef")
        reading = Call(lambda: one.read_exactly(2))
        async with anyio.create_task_group() as group:
            with contextlib.suppress(ZeroDivisionError), one.transaction():
                assert await one.read_exactly(2) == b"ab"
                group.start_soon(reading)
                await turns(5)
                assert not reading.is_done
                raise ZeroDivisionError
        assert reading.result() == b"ab"
        assert await one.read_exactly(4) == b"cdef"


def test_where_no_loop_runs_a_transaction_is_possible_too() -> None:
    one, other = localsocket.anyio.pair()
    other.write_nowait(b"abc")
    with contextlib.suppress(errors.NeedMoreBytes), one.transaction():
        assert one.read_exactly_nowait(2) == b"ab"
        one.read_exactly_nowait(2)
    assert one.read_available() == b"abc"
    one.abort()
    other.abort()


# --- the peer's end ---------------------------------------------------------------------------------------------------


async def test_the_peers_end_is_noticed_behind_a_full_buffer() -> None:
    async with connected(limits=Limits(read_buffer=SMALL)) as (one, other):
        await other.write(bytes(2 * SMALL))
        waiting = Call(one.wait_disconnected)
        async with beside(waiting):
            await until(lambda: one.bytes_available == SMALL)
            await turns(5)
            assert not waiting.is_done
            await other.close()
        assert waiting.result() is True
        assert await one.read_exactly(SMALL) == bytes(SMALL)


async def test_the_peers_end_is_noticed_after_the_end_of_what_it_sent() -> None:
    async with connected() as (one, other):
        await other.shutdown_write()
        assert await one.read() == b""
        waits = [Call(one.wait_disconnected) for _ in range(2)]
        async with beside(*waits):
            assert not any(call.is_done for call in waits)
            await other.close()
        assert [call.result() for call in waits] == [True, True]


async def test_where_nothing_tells_of_the_peers_end_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: Any) -> Any:
        raise OSError(24, "Too many open files")

    async with connected() as (one, other):
        await other.shutdown_write()
        assert await one.read() == b""
        waiting = Call(one.wait_disconnected)
        with monkeypatch.context() as patch:
            patch.setattr(select, "epoll", exhausted)
            async with beside(waiting):
                assert not waiting.is_done
                await other.close()
        assert waiting.result() is True


async def test_who_waits_for_the_peers_end_sleeps_until_then() -> None:
    async with connected(limits=Limits(read_buffer=SMALL)) as (one, other):
        await other.write(bytes(2 * SMALL))  # more than the buffer takes: the descriptor stays readable
        cut = Cut(NEVER)
        async with beside(Call(lambda: cut(one.wait_disconnected()))):
            await turns(50)
            assert cut.suspensions < 10
            await other.close()


async def test_who_waits_after_the_end_of_what_the_peer_sent_sleeps() -> None:
    async with connected(kernel_buffer=SMALL) as (one, other):
        await other.shutdown_write()  # the descriptor stays readable
        assert await one.read() == b""
        for wait in (one.wait_disconnected, lambda: one.write(bytes(MIB))):
            cut = Cut(NEVER)
            async with beside(Call(lambda cut=cut, wait=wait: cut(wait()))) as group:  # type: ignore[misc]
                await turns(50)
                assert cut.suspensions < 10
                group.cancel_scope.cancel()


async def test_waiting_for_the_peers_end_has_a_deadline() -> None:
    async with connected() as (one, _):
        assert not await one.wait_disconnected(SOON)
        assert not await one.wait_readable(SOON)


# --- closing ----------------------------------------------------------------------------------------------------------

WAITS: dict[str, Callable[[LocalSocket], Awaitable[object]]] = {
    "read": lambda socket: socket.read(),
    "read_line": lambda socket: socket.read_line(),
    "wait_readable": lambda socket: socket.wait_readable(),
    "wait_disconnected": lambda socket: socket.wait_disconnected(),
    "write": lambda socket: socket.write(bytes(MIB)),
    "another write": lambda socket: socket.write(b"x"),
    "flush": lambda socket: socket.flush(),
    "shutdown_write": lambda socket: socket.shutdown_write(),
}


@pytest.mark.parametrize("is_closed_at_once", [True, False], ids=["abort", "close"])
async def test_closing_wakes_everybody(is_closed_at_once: bool) -> None:
    async with connected(limits=SMALL_LIMITS, kernel_buffer=SMALL) as (one, _):
        waits = {name: Call(lambda wait=wait: wait(one)) for name, wait in WAITS.items()}  # type: ignore[misc]
        receiving, sending = Call(one.receive), Call(lambda: one.send(b"x"))
        async with beside(*waits.values(), receiving, sending):
            assert not any(call.is_done for call in (*waits.values(), receiving, sending))
            if is_closed_at_once:
                one.abort()
                await one.close()
            else:
                with pytest.raises(errors.DeadlinePassed):
                    await one.close(timeout=0)
            assert one.fileno() == -1
        assert {name: type(call.error) for name, call in waits.items()} == dict.fromkeys(WAITS, errors.ClosedByUs)
        for call in (receiving, sending):
            assert isinstance(call.error, anyio.ClosedResourceError)


async def test_the_descriptor_is_closed_by_the_task_that_watches_it() -> None:
    # Nobody else may be given its number while the loop still waits on it.
    async with connected() as (one, _):
        reading = Call(one.read)
        async with beside(reading):
            number = one.fileno()
            one.abort()
            assert one.fileno() == number
            await until(lambda: reading.is_done)
            assert one.fileno() == -1
        assert isinstance(reading.error, errors.ClosedByUs)


async def test_a_socket_that_is_being_closed_still_sends_and_takes_no_new_calls() -> None:
    sent = pattern(256 * KIB)
    async with connected(kernel_buffer=SMALL) as (one, other):
        one.write_nowait(sent)
        async with beside(one.close, one.close):
            assert one.state is SocketState.CLOSING
            with pytest.raises(errors.ClosedByUs):
                await one.read()
            assert await other.read_to_end() == sent
        assert one.state is SocketState.CLOSED


async def test_a_socket_that_is_forgotten_open_warns_and_is_closed() -> None:
    sockets = list(localsocket.anyio.pair())
    async with sockets.pop() as other:
        with pytest.warns(ResourceWarning, match="unclosed <LocalSocket"):
            sockets.clear()
        assert await other.read() == b""


# --- giving away and taking over --------------------------------------------------------------------------------------


async def test_a_socket_that_is_waited_on_cannot_be_given_away() -> None:
    async with connected() as (one, other):
        readers = [Call(one.read_line), Call(one.read_line)]
        async with beside(*readers):
            with pytest.raises(errors.Busy, match="another task waits on this socket"):
                one.detach()
            await other.write(b"1\n")
            await other.write(b"2\n")
        os.close(one.detach())
        assert one.state is SocketState.CLOSED


async def test_what_a_blocking_socket_has_read_ahead_and_not_sent_is_taken_over() -> None:
    near, far = localsocket.pair()
    with far:
        set_kernel_buffer(near, SMALL)
        clogged = clog(near)
        near.write_nowait(b"unsent")
        far.write(b"one\ntwo\n")
        assert near.read_line() == b"one"
        async with localsocket.anyio.adopt(near) as socket:
            assert near.state is SocketState.CLOSED
            assert await socket.read_line() == b"two"
            assert far.read_exactly(clogged) == bytes(clogged)
            await socket.flush()
            assert far.read_exactly(6) == b"unsent"


async def test_a_socket_can_be_given_to_a_thread_and_back() -> None:
    async with connected() as (one, other):
        await other.write(b"one\ntwo\n")
        assert await one.read_line() == b"one"
        blocking = localsocket.adopt(one)
        assert blocking.read_line() == b"two"
        async with localsocket.anyio.adopt(blocking) as socket:
            await socket.write(b"three")
            assert await other.read_exactly(5) == b"three"
