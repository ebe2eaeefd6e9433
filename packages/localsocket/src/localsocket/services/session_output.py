"""What goes out of one connection of a service: results, errors and items, as bytes. Nothing here waits."""

from __future__ import annotations

import contextlib
import logging
import time
import traceback
from collections.abc import Callable

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import (
    BadResult,
    CallCancelled,
    CallsTooDeep,
    DeadlinePassed,
    LocalSocketError,
    ResultTooLong,
    TooLongToSend,
    TooManyDescriptors,
)
from localsocket.services.calling_side import CallingSide
from localsocket.services.failures import failure_of_declared, failure_of_ours, failure_of_unknown
from localsocket.services.inbox import Inbox
from localsocket.services.outbox import Link, Outbox
from localsocket.services.schema import Result
from localsocket.services.served_call import ServedCall
from localsocket.services.service import Service
from localsocket.services.surrounding import TurnedAway
from localsocket.services.watching import Outcome
from localsocket.values.gathering import Written
from localsocket.wire.call_bodies import Failure
from localsocket.wire.door import Door
from localsocket.wire.doorstep import DOORSTEP

# Of what is not "refused".
_OUTCOMES: dict[type[Exception], Outcome] = {
    CallCancelled: "cancelled",
    DeadlinePassed: "late",
    ResultTooLong: "error",
}


# Timers of uvloop come up to a millisecond early, and a peer that serves with it says so early that it was late.
_EARLY = 0.01  # seconds


class _ItemTooLong(ResultTooLong):
    """Told apart from what a method raises that is itself a client of another service."""


class SessionOutput:
    """What a session says to its peer, by whatever protocol. Any thread may call.

    Each frame is made and put into the outbox under the lock of that. While hold() lasts it gathers them, and they go
    out in one piece: many calls that arrive together are answered together.
    """

    _door: Door = DOORSTEP
    _inbox: Inbox

    def __init__(self, service: Service, peer: PeerCredentials, link: Link) -> None:
        self.service = service
        self.peer = peer
        self._link = link
        self.outbox = Outbox(link, service.limits.unsent, service._tally, self.drop)
        self._lock = self.outbox.lock
        self.hold = self.outbox.hold
        self.release = self.outbox.release
        self.sent = self.outbox.sent
        self.when_room = self.outbox.when_room
        self._write: Callable[[Result, object, int | None], Written] = Result.write
        self.calling: CallingSide | None = None  # where this side makes calls as well

    @property
    def is_greeted(self) -> bool:
        """Whether the peer has said something whole; before that it cannot call anything."""
        return self._door.is_greeted

    @property
    def active_calls(self) -> int:
        return self._door.open_calls

    @property
    def is_json(self) -> bool:
        """Whether results and items are sent as JSON; for whom has a call of it."""
        return self._door.is_json

    @property
    def bytes_to_write(self) -> int:
        return self._link.bytes_to_write

    def reply(self, call: ServedCall, result: object) -> None:
        """Send the result, unless nobody waits for it."""
        if not call.answer.number:
            self._note(call)
            self.drop_result(call, result)
            return
        door = self._door
        try:
            body = self._write(call.method.result, result, door.longest)
            self._note(call)  # first: whoever has the answer finds it counted
            with self._lock:
                if frame := door.reply(call.answer, body):
                    self.outbox.put(frame)
            if door.has_news:
                self._follow_door()
        except BadResult as error:
            self.fail(call, error)
        except TooLongToSend as error:
            self.refuse(call, ResultTooLong(call.method.name, error.length, error.limit))
        except TooManyDescriptors as error:
            call._is_counted = False  # as an error then
            self.refuse(call, error)

    def drop_result(self, call: ServedCall, result: object) -> None:
        """Close the descriptors that a method has given to nobody."""
        if call.method.result.has_descriptors:
            with contextlib.suppress(BadResult, TooLongToSend):
                call.method.result.write(result)

    def fail(self, call: ServedCall, error: Exception) -> None:
        """Send what the method raised: by name where that is declared, else a reference to the log."""
        if isinstance(error, _ItemTooLong):
            self.refuse(call, ResultTooLong(error.method, error.length, error.limit))
            return
        if self.calling is not None and isinstance(error, DeadlinePassed) and _is_nearly_late(call):
            self.refuse_late(call)  # what it called back had the same time
            return
        if isinstance(error, TurnedAway):
            self.refuse(call, error.reason)
            return
        is_ours = call.method.is_own or (self.calling is not None and isinstance(error, CallsTooDeep))
        failure = failure_of_ours(error) if is_ours else None
        if isinstance(error, self.service.errors + call.method.raises):
            failure = failure_of_declared(error)
        if failure is None:
            failure = self.log_failure(call, error)
        self._note(call, "refused" if is_ours and not call.method.is_own else "error", error)
        if not call.answer.is_over:
            self._fail(call, failure)

    def refuse(self, call: ServedCall, error: LocalSocketError) -> None:
        """Send an error of the package's own about the call: it was not allowed, cancelled, too late and so on."""
        failure = failure_of_ours(error)
        assert failure is not None
        self._note(call, _OUTCOMES.get(type(error), "refused"), error)
        if call.is_notification:
            self._log(logging.WARNING, "a notification to service %r was not served: %s", error)
        self._fail(call, failure)

    def refuse_late(self, call: ServedCall) -> None:
        """Say that the time of the call is over, unless it is answered; what it gives later is dropped."""
        if call.is_notification or not call.answer.is_over:
            doing = "streaming" if call.answer.is_stream else "calling"
            self.refuse(call, DeadlinePassed(f"{doing} {call.method.name!r}", call.answer.body.timeout))

    def note_given_up(self, call: ServedCall) -> None:
        """A stream has ended since nobody wants more of it, unless what it gave has ended before."""
        if (watch := self.service._watch) is not None:
            watch.ended(call, "cancelled", None)

    def log_failure(self, call: ServedCall, error: Exception) -> Failure:
        """Log what the method raised, under a reference that the caller is told."""
        details = "".join(traceback.format_exception(error)) if self.service.tells_details else ""
        failure = failure_of_unknown(details)
        message = "%s.%s failed for pid %d of uid %d, reference %s"
        parts = (call.method.name, self.peer.pid, self.peer.uid, failure.parts["reference"])
        if not self._log(logging.ERROR, message, *parts, error=error):
            failure.parts["reference"] = ""  # under which nothing can be found
        return failure

    # --- streams ------------------------------------------------------------------------------------------------------

    def write_item(self, call: ServedCall, item: object) -> Written:
        """Return an item of a stream as the door wants it. Raises BadResult, or _ItemTooLong, as send_item() does."""
        try:
            return self._write(call.method.result, item, self._door.longest)
        except TooLongToSend as error:
            raise _ItemTooLong(call.method.name, error.length, error.limit) from error

    def open_stream(self, call: ServedCall) -> None:
        call._begin_stream()
        with self._lock:
            self._put(self._door.open_stream(call.answer))

    def send_item(self, call: ServedCall, body: Written) -> None:
        """Raises _ItemTooLong for one that is longer than the peer takes, which fail() is to be told of."""
        try:
            with self._lock:
                if frame := self._door.item(call.answer, body):
                    self.outbox.put(frame)
        except TooLongToSend as error:
            raise _ItemTooLong(call.method.name, error.length, error.limit) from error

    def end_stream(self, call: ServedCall) -> None:
        self._note(call)
        with self._lock:
            self._put(self._door.end_stream(call.answer))
        if self._door.has_news:
            self._follow_door()

    # --- the door -----------------------------------------------------------------------------------------------------

    def drop(self, reason: str) -> None:
        """End the connection because of what its peer did, or did not do."""
        self._note_drop(reason)
        self._link.abort()

    def drop_mute(self) -> None:
        """End the connection of a peer whose time to greet, or to end what it has begun, is over."""
        is_mute = self._door is DOORSTEP
        self.drop("it has not greeted in time" if is_mute else "it has not finished what it began to say in time")

    def drop_unfinished(self, limit: int) -> None:
        """End the connection because all of the service hold too much of unfinished messages. Any thread may call."""
        self.drop(
            f"it has not finished a message, and all connections together may hold only {limit} bytes of "
            "unfinished ones"
        )

    def _follow_door(self) -> None:
        """Send what the door says by itself, wake what waited for answers to be sent, and end what has ended."""
        with self._lock:
            self._put(self._door.take_output())
            turned = self._door.take_turned()
            if self._door.has_ended:
                self.outbox.finish()
            if fault := self._door.fault:
                self._door.fault = ""
        if fault:
            self._note_drop(fault)
        self._inbox.look_again()
        for answer in turned:
            if (call := answer.context) is not None:
                self._tell(call.on_credit)

    def _turn_out(self, reason: str) -> None:
        """End the connection with a peer that broke its protocol, which may be told so by the door."""
        self._follow_door()
        if self._door.has_ended:
            self._note_drop(reason)
        else:
            self.drop(reason)

    def _note_drop(self, reason: str) -> None:
        self._log(logging.WARNING, "service %r disconnects pid %d of uid %d: %s", self.peer.pid, self.peer.uid, reason)
        self.service._tally.dropped_peers += 1  # so that whoever sees it counted finds the line in the log

    def _fail(self, call: ServedCall, failure: Failure) -> None:
        with self._lock:
            self._put(self._door.fail(call.answer, failure))
        if self._door.has_news:
            self._follow_door()

    def _log(self, level: int, message: str, *parts: object, error: Exception | None = None) -> bool:
        """Log what comes of what the peer does, the service's name first; return whether it was not left out."""
        return self.service._log.log(level, self.peer.uid, message, self.service.name, *parts, error=error)

    def _note(self, call: ServedCall, outcome: Outcome = "ok", error: Exception | None = None) -> None:
        """Count a call that is over for its caller, once, and tell whoever watches."""
        if call._is_counted:
            return
        call._is_counted = True
        method = call.method
        if error is not None:
            self.service._tally.errors += 1
            method.errors += 1
        method.latencies.add(time.monotonic_ns() - call.answer.arrived)
        if (watch := self.service._watch) is not None:
            watch.ended(call, outcome, error)

    def _tell(self, callback: Callable[[], object] | None) -> None:
        if callback is not None:
            callback()

    def _put(self, frame: bytes) -> None:
        if frame:  # else the call is over
            self.outbox.put(frame)


def _is_nearly_late(call: ServedCall) -> bool:
    remaining = call.remaining()
    return remaining is not None and remaining <= _EARLY
