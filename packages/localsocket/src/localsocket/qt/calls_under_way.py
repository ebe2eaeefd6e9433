"""Calls of a Qt program, from when they are made until they are over, and how what comes of them is told."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from localsocket.deadlines import NEVER, Deadline
from localsocket.errors import BadResult, CallCancelled, ClosedByPeer, DeadlinePassed
from localsocket.qt.binding import QtObject, Signal, kind_of_object
from localsocket.qt.client_connection import ClientConnection
from localsocket.qt.client_state import ClientState, milliseconds
from localsocket.services.following import Following
from localsocket.services.gap import Gap
from localsocket.services.item_times import ItemTimes
from localsocket.services.schema import ANYTHING, Result
from localsocket.wire.caller import OpenCall
from localsocket.wire.stream_terms import StreamTerms


class CallOnQt:
    """A call that waits to be sent, or for what comes; until all is told it has an object of Qt, with its signals."""

    signals: ClassVar[dict[str, int]]
    """Their names, and how many arguments each has."""

    def __init__(
        self,
        client: ClientState,
        method: str,
        arguments: tuple[object, ...],
        named: dict[str, object],
        deadline: Deadline,
        terms: StreamTerms | None = None,
    ) -> None:
        client.owner.check_thread()
        client.owner.check_not_over()
        self.method = method
        self.deadline = deadline
        self.is_over = False
        self._client = client
        self._arguments = arguments
        self._named = named
        self._terms = terms
        self._call: OpenCall | None = None
        self._connection: ClientConnection | None = None
        self._began = 0
        self._is_woken = False
        self._told: QtObject | None = client.owner.child(kind_of_object(type(self).__name__, **self.signals))
        self._late = client.owner.timer(self._look_at_clock)
        self._wait_until(deadline)
        client.begin(self)

    # --- what the client calls ----------------------------------------------------------------------------------------

    def send(self, connection: ClientConnection) -> None:
        core, deadline = connection.core, self.deadline
        self._began = core.note_begin()
        try:
            seconds = None if deadline is NEVER else deadline.remaining()
            with self._client._traced(self.method) as carrier:
                call = connection.caller.prepare(
                    self.method, seconds, self._arguments, self._named, carrier, self._terms
                )
        except Exception as error:
            self.fail(error)
            return
        self._take(connection, call)
        connection.caller.open(call)
        connection.send(call.frame)

    def wake(self) -> None:
        """Something has come for it; what that is, is told soon."""
        if not (self._is_woken or self.is_over):
            self._is_woken = True
            self._client.tell(self._look)

    def fail(self, error: Exception) -> None:
        if not self.is_over:
            self._finish(is_error=True)
            self._tell("failed", error)

    def forget(self) -> None:
        """It is over, and nothing more is told: Qt destroys the objects with their owner."""
        self.is_over = True
        self._told = None

    # --- for who has called -------------------------------------------------------------------------------------------

    def signal(self, name: str) -> Signal:
        """Raises RuntimeError when all has been told."""
        if self._told is None:
            raise RuntimeError(
                f"the call of {self.method!r} is over, and its signals have been emitted: connect to "
                "them where you make the call"
            )
        signal: Signal = getattr(self._told, name)
        return signal

    def cancel(self) -> None:
        """Give the call up, here and where it is served; told as CallCancelled, unless it is over."""
        self._client.owner.check_thread()
        if not self.is_over:
            self._give_up()
            self.fail(CallCancelled(self.method))

    def close(self) -> None:
        """Give the call up without another word."""
        self._client.owner.check_thread()
        if not self.is_over:
            self._give_up()
            self._finish(is_error=False)
            self._let_go()

    # ------------------------------------------------------------------------------------------------------------------

    def _look_at_call(self, call: OpenCall, connection: ClientConnection) -> None:
        """See what has come, and tell it."""
        raise NotImplementedError

    def _look(self) -> None:
        self._is_woken = False
        if self.is_over or (call := self._call) is None:
            return
        if call.holder is not None:  # it was made again, on another connection
            self._connection = call.holder
        assert self._connection is not None
        self._look_at_call(call, self._connection)

    def _take(self, connection: ClientConnection, call: OpenCall) -> None:
        call.waiter = self
        self._connection, self._call = connection, call

    def _look_at_clock(self) -> None:
        if self.is_over:
            return
        if self.deadline.has_passed():
            self._fail_late(self.deadline.error(f"calling {self.method!r}"))
        else:
            self._wait_until(self.deadline)

    def _fail_late(self, error: DeadlinePassed) -> None:
        self._look()  # what has come in time counts
        if self._call is None and self._client.is_connecting:
            error = self._client._core.connecting_error(self.deadline)
        if not self.is_over:
            self._give_up()
            self.fail(error)

    def _wait_until(self, deadline: Deadline) -> None:
        if (seconds := deadline.remaining()) is None:
            self._late.stop()
        else:
            self._late.start(milliseconds(seconds))

    def _give_up(self) -> None:
        call, connection = self._call, self._connection
        if call is None or connection is None:
            self._client.withdraw(self)
            return
        connection = call.holder or connection
        began, self._began = self._began, 0
        connection.give_up(call, began, connection.send)

    def _finish(self, *, is_error: bool) -> None:
        self.is_over = True
        self._late.stop()
        if self._began and self._connection is not None:
            began, self._began = self._began, 0
            self._connection.core.note_end(began, is_error=is_error)

    def _emit(self, signal: str, *what: object) -> None:
        if self._told is not None:
            getattr(self._told, signal).emit(*what)

    def _tell(self, signal: str, *what: object) -> None:
        """Tell the last news, soon."""
        self._client.tell(partial(self._emit_last, signal, what))

    def _emit_last(self, signal: str, what: tuple[object, ...]) -> None:
        try:
            self._emit(signal, *what)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Have Qt destroy what was for this call: soon, since a slot of it may be what has called."""
        self._client.under_way.discard(self)
        told, self._told = self._told, None
        if told is not None:
            told.deleteLater()
            self._late.deleteLater()


class ReplyUnderWay(CallOnQt):
    """A call that gives one result."""

    signals: ClassVar = {"finished": 1, "failed": 1}

    def __init__(self, client: ClientState, result: Result, *call: Any) -> None:
        self._result = result
        super().__init__(client, *call)

    def _look_at_call(self, call: OpenCall, connection: ClientConnection) -> None:
        if not call.is_answered:
            return
        try:
            if call.is_stream:
                self._give_up()
                raise BadResult(self.method, "the result", "it is a stream: call it with stream()")
            result = connection.core.result_of(call, self._result)
        except Exception as error:
            self.fail(error)
        else:
            self._finish(is_error=False)
            self._tell("finished", result)


class ItemsUnderWay(CallOnQt):
    """A call that gives items, of which the next one is told when the slots of the one before have returned."""

    signals: ClassVar = {"begun": 0, "received": 1, "ended": 0, "failed": 1}

    def __init__(self, client: ClientState, result: Result, times: ItemTimes, *call: Any) -> None:
        self._result = result
        self._times = times
        self._has_begun = False
        self._is_telling = False
        self._is_paused = False
        times.ask(None)
        super().__init__(client, *call)

    def pause(self) -> None:
        self._client.owner.check_thread()
        self._is_paused = True

    def resume(self) -> None:
        self._client.owner.check_thread()
        if self._is_paused:
            self._is_paused = False
            self._times.ask(None)
            self.wake()

    def _look_at_call(self, call: OpenCall, connection: ClientConnection) -> None:
        if self._is_telling:  # in an event loop that a slot runs
            return
        self._is_telling = True
        try:
            self._tell_items(call, connection)
        finally:
            self._is_telling = False
        if not self.is_over and call is self._call:
            self._wait_until(self._times.until(call))

    def _tell_items(self, call: OpenCall, connection: ClientConnection) -> None:
        if call.is_stream and not self._has_begun:
            self._has_begun = True
            self._emit("begun")
        if not self._is_held_up and (credit := connection.caller.ask(call)):  # the item before is done with
            connection.send(credit)
        while not self._is_held_up and (taken := connection.caller.take_item(call)) is not None:
            body, credit = taken
            if credit:
                connection.send(credit)
            connection.has_taken()
            try:
                self._tell_item(call, body, connection)
            except BadResult as error:
                self._give_up()
                self.fail(error)
                return
            if not self._is_held_up and (credit := connection.caller.ask(call)):
                connection.send(credit)
        if call.is_over and not (call.items or self.is_over):
            self._tell_end(call, connection)

    @property
    def _is_held_up(self) -> bool:
        return self._is_paused or self.is_over

    def _ask(self) -> None:
        """The next item is wanted, unless the slots of the one before said otherwise."""
        if not self._is_held_up:
            self._times.ask(None)

    def _tell_item(self, call: OpenCall, body: Any, connection: ClientConnection) -> None:
        item = connection.core.read_of(call, self._result, body)
        self._times.taken()
        self._emit("received", item)
        self._ask()

    def _tell_end(self, call: OpenCall, connection: ClientConnection) -> None:
        try:
            connection.core.result_of(call, ANYTHING)
            if not call.is_stream:
                raise BadResult(self.method, "the result", "it is not a stream")
        except Exception as error:
            self.fail(error)
        else:
            self._finish(is_error=False)
            self._tell("ended")

    def _finish(self, *, is_error: bool) -> None:
        if self._has_begun:
            self._began = 0  # how long a stream takes is no latency
        super()._finish(is_error=is_error)

    def _look_at_clock(self) -> None:
        deadline = self._times.of_asking() if self._call is None else self._times.until(self._call)
        if self._call is None and self.deadline.has_passed():
            deadline = self.deadline
        if self.is_over or self._is_telling:
            return
        if deadline.has_passed():
            self._fail_late(self._times.error(deadline))
        else:
            self._wait_until(deadline)


class MessagesUnderWay(ItemsUnderWay):
    """A subscription, which goes on after a loss where that is wanted."""

    signals: ClassVar = {**ItemsUnderWay.signals, "gap": 1}

    def __init__(self, client: ClientState, topic: str, kind: Any, times: ItemTimes, *, resumes: bool) -> None:
        self.following = Following(topic, kind, client._core, resumes=resumes, on_gap=self._tell_gap)
        super().__init__(client, ANYTHING, times, self.following.method, (topic,), {}, NEVER)

    def _tell_items(self, call: OpenCall, connection: ClientConnection) -> None:
        if call.is_stream:
            self.following.has_begun(call)
            self.following.tell_gap()
        super()._tell_items(call, connection)

    def _tell_item(self, call: OpenCall, body: Any, connection: ClientConnection) -> None:
        following = self.following
        following.take_in(body)
        following.tell_gap()
        if following.has_message and not self.is_over:
            message = following.take_message()
            self._times.taken()
            self._emit("received", message)
            self._ask()

    def _tell_gap(self, gap: Gap) -> None:
        self._emit("gap", gap)

    def _tell_end(self, call: OpenCall, connection: ClientConnection) -> None:
        if not self.following.begins_again(call):
            super()._tell_end(call, connection)
            return
        self._call = self._connection = None
        self.method = self.following.method
        self._client.begin(self)


class NotificationUnderWay(CallOnQt):
    """A call that is not answered, and is over when it is on its way."""

    signals: ClassVar = ReplyUnderWay.signals

    def send(self, connection: ClientConnection) -> None:
        connection.core.note_begin()
        try:
            with self._client._traced(self.method) as carrier:
                data = connection.caller.notify(self.method, self._arguments, self._named, carrier)
        except Exception as error:
            self.fail(error)
            return
        connection.has_notified = True
        connection.send(data)
        if connection.error is None and not connection.is_cut:
            self._finish(is_error=False)
            self._tell("finished", None)
        elif connection.core.reconnects:
            self._client.begin(self)
        else:
            self.fail(ClosedByPeer("writing to it", unsent=len(data)))
