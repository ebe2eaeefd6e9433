"""A call that was sent, and the stream that it may give."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from localsocket.blocking.client_connection import ClientConnection
from localsocket.blocking.shared_socket import Turn
from localsocket.deadlines import Deadline
from localsocket.errors import BadResult, DeadlinePassed, EndOfStream, LocalSocketError
from localsocket.interrupts import in_any_case
from localsocket.services.item_times import ItemTimes
from localsocket.services.schema import Result
from localsocket.wire.caller import OpenCall
from localsocket.wire.frames import Body
from localsocket.wire.stream_terms import NO_TERMS, StreamTerms

T_co = TypeVar("T_co", covariant=True)


class Connects(Protocol):
    """What a call asks of its client."""

    def _connected(self, deadline: Deadline) -> ClientConnection:
        """Return the connection, made anew where the one before was lost."""


class PendingCall:
    """A call that was started with start(); any thread may wait for it or cancel it."""

    __slots__ = (
        "_began",
        "_call",
        "_client",
        "_connection",
        "_deadline",
        "_idle_timeout",
        "_result",
        "_terms",
        "_turn",
    )

    def __init__(
        self,
        client: Connects,
        connection: ClientConnection,
        call: OpenCall,
        turn: Turn,
        deadline: Deadline,
        result: Result,
        began: int,
        terms: StreamTerms | None = None,
    ) -> None:
        self._client = client
        self._connection = connection
        self._call = call
        self._turn: Turn | None = turn  # of the first who waits
        self._deadline = deadline
        self._result = result
        self._began = began  # 0 once its end has been noted
        self._terms = terms or NO_TERMS
        self._idle_timeout: float | None = None

    @property
    def method(self) -> str:
        return self._call.method

    @property
    def is_done(self) -> bool:
        """Whether result() would return at once. Counts only what some thread has already received."""
        return self._call.is_answered

    def result(self, timeout: float | None = None) -> Any:
        """Return the method's result, waiting for it; for a method that streams, return a Stream. See Calls.call().

        `timeout` limits this wait only: when it has passed, the call goes on, and you may call result() again.
        """
        self._wait(None if timeout is None else Deadline(timeout))
        if (body := self._call.body) is not None:
            return self._connection.core.read_of(self._call, self._result, body)
        if self._call.is_stream:
            return self.stream()
        return self._connection.core.result_of(self._call, self._result)

    def stream(self) -> Stream[Any]:
        """Return the items of a method that streams, as they arrive."""
        begins_in_time, idle_timeout = self._terms.begins_in_time, self._idle_timeout
        times = ItemTimes(self.method, self._deadline, begins_in_time=begins_in_time, idle_timeout=idle_timeout)
        return Stream(self, times)

    def cancel(self) -> bool:
        """Cancel the call, here and in the service; False if it has ended. Whoever waits for it gets CallCancelled."""
        return in_any_case(self._cancel)

    def __repr__(self) -> str:
        return f"<PendingCall of {self.method!r}, {'done' if self.is_done else 'under way'}>"

    # --- for the client and the stream --------------------------------------------------------------------------------

    def _withdraw(self, *, is_made_again: bool) -> None:
        """Cancel a call that could not be sent; made again, it has not ended yet."""
        if is_made_again:
            self._began = 0
        self.cancel()

    def _idle_after(self, idle_timeout: float | None) -> PendingCall:
        """Have its stream wait no longer than that for any item."""
        self._idle_timeout = idle_timeout
        return self

    def _wait(self, own: Deadline | None) -> None:
        """Wait until it is known what the call gives; `own` is a deadline of this waiting, which the call outlives."""
        call = self._call
        if not call.is_answered:
            deadline = self._deadline if own is None else own
            self._wait_for(self._is_answered, deadline, own, self._late)
        if began := self._began:
            self._began = 0
            self._connection.core.note_end(began, is_error=call.body is None and not call.is_stream)

    def _next_item(self, times: ItemTimes, timeout: float | None) -> Any:
        """Return the next item; StopIteration at the end."""
        times.ask(timeout)
        body = self._next_body(times)
        try:
            times.taken()
            return self._connection.core.read_of(self._call, self._result, body)
        except BadResult:
            raise
        except BaseException:  # of a signal's handler: the item is lost
            self.cancel()
            raise

    def _next_body(self, times: ItemTimes) -> Body:
        call = self._call
        if call.prefetch is not None:
            self._ask()
        if not call.is_answered:
            self._wait_for(self._is_answered, times.until(call), times.own, times.error)
        self._wait_for(self._has_item_or_end, times.until(call), times.own, times.error)
        try:
            with self._connection.socket.lock:
                taken = self._connection.caller.take_item(call)
            if taken is not None:
                body, credit = taken
                if credit:
                    _tell(self._connection, credit)
                return body
        except BaseException:  # of a signal's handler: the item is lost, or the peer waits for what it is granted
            self.cancel()
            raise
        self._connection.core.result_of(call, self._result)
        raise StopIteration

    def _ask(self) -> None:
        """Tell the peer that the item before is done with, and that it may send another."""
        try:
            with self._connection.socket.lock:
                credit = self._connection.caller.ask(self._call)
            if credit:
                _tell(self._connection, credit)
        except BaseException:  # of a signal's handler: else the peer waits for what it was not told
            self.cancel()
            raise

    def _forget(self) -> None:
        """Cancel from wherever the garbage collector runs."""
        in_any_case(partial(self._give_up, _tell_from_collector))

    # ------------------------------------------------------------------------------------------------------------------

    def _is_answered(self) -> bool:
        return self._call.is_answered

    def _has_item_or_end(self) -> bool:
        return bool(self._call.items) or self._call.is_over

    def _late(self, deadline: Deadline) -> DeadlinePassed:
        return deadline.error(f"calling {self.method!r}")

    def _wait_for(
        self,
        is_there: Callable[[], bool],
        deadline: Deadline,
        own: Deadline | None,
        error: Callable[[Deadline], DeadlinePassed],
    ) -> None:
        """Wait until `deadline`; unless that is the waiting's own, the call is given up when it passes."""
        try:
            turn, self._turn = self._turn, None
            if turn is not None and not self._connection.socket.wait(turn, deadline):
                raise error(deadline)
            while not is_there():
                self._wait_once(is_there, deadline, error)
        except BaseException:
            if deadline is not own or not deadline.has_passed():
                self.cancel()
            raise

    def _wait_once(
        self, is_there: Callable[[], bool], deadline: Deadline, error: Callable[[Deadline], DeadlinePassed]
    ) -> None:
        connection = self._connection
        with connection.socket.lock:
            if is_there():
                return
            lost = connection.error
            if lost is None:
                turn = Turn()
                self._call.waiter.append(turn)
        if lost is not None:
            self._connection = self._client._connected(deadline)
            with self._connection.socket.lock:
                self._connection._go_on_with(self._call, lost)
        elif not connection.socket.wait(turn, deadline):
            raise error(deadline)

    def _cancel(self) -> bool:
        was_under_way = self._give_up(_tell)
        if was_under_way:
            self._holder.socket.wake_receiver()
        return was_under_way

    @property
    def _holder(self) -> ClientConnection:
        """The connection on which the call is under way, which may not be the one that was waited for last."""
        holder: ClientConnection | None = self._call.holder
        return holder or self._connection

    def _give_up(self, send: Callable[[ClientConnection, bytes], object]) -> bool:
        while True:
            connection = self._holder
            with connection.socket.lock:
                if connection is not self._holder:  # another one has taken the call over meanwhile
                    continue
                was_under_way = connection.give_up(self._call, self._began, partial(send, connection))
                if was_under_way:
                    self._began = 0
                return was_under_way


def _tell(connection: ClientConnection, frame: bytes) -> None:
    with contextlib.suppress(LocalSocketError):  # the peer is gone, or reads too slowly to be told
        connection.socket.write_nowait(frame)


def _tell_from_collector(connection: ClientConnection, frame: bytes) -> None:
    connection.send_from_collector(frame)


class Stream(Iterator[T_co]):
    """The items of a stream, as they arrive; for one thread at a time. Leaving it early cancels it in the service.

    Iterate over it, or call receive(), which takes a time-out. As a context manager it closes itself.
    """

    def __init__(self, pending: PendingCall, times: ItemTimes) -> None:
        self._pending = pending
        self._times = times

    def receive(self, *, timeout: float | None = None) -> T_co:
        """Return the next item, waiting for it. Raises EndOfStream at the end, otherwise what Calls.call() raises.

        When `timeout` seconds have passed it raises DeadlinePassed, and the stream goes on; when a time limit of the
        stream itself has passed, the stream is cancelled.
        """
        try:
            return self._next(timeout)
        except StopIteration:
            raise EndOfStream("another item", 0) from None

    def close(self) -> None:
        """Stop receiving items. Closing again has no effect."""
        self._pending.cancel()

    def __next__(self) -> T_co:
        return self._next(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if (pending := getattr(self, "_pending", None)) is not None:
            pending._forget()

    def __repr__(self) -> str:
        return f"<Stream of {self._pending.method!r}>"

    def _next(self, timeout: float | None) -> T_co:
        """Return the next item; StopIteration at the end."""
        item: T_co = self._pending._next_item(self._times, timeout)
        return item
