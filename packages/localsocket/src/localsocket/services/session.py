"""One connection of a service: calls come out of its bytes, and results go back as bytes. Nothing here waits."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import (
    BadArguments,
    BadResult,
    DeadlinePassed,
    LocalSocketError,
    NoSuchMethod,
    PeerBrokeProtocol,
    ResultTooLong,
    TooLongToSend,
    TooManyCalls,
)
from localsocket.interrupts import tell_all
from localsocket.keywords import similar_names
from localsocket.services.failures import failure_of_declared, failure_of_ours, failure_of_unknown
from localsocket.services.method import SUBSCRIBE
from localsocket.services.outbox import Link, Outbox
from localsocket.services.served_call import ServedCall
from localsocket.services.service import Service
from localsocket.wire.answerer import AnsweredCall, Answerer
from localsocket.wire.call_bodies import Failure
from localsocket.wire.frames import Kind

_CALLS = (int(Kind.CALL), int(Kind.NOTIFICATION))
_CANCEL = int(Kind.CANCEL)


class _ItemTooLong(ResultTooLong):
    """Told apart from what a method raises that is itself a client of another service."""


class Session:
    """What a service does for one connection. Results may come from any thread.

    Each frame is made and put into the outbox under the lock of that. While hold() lasts it gathers them, and they go
    out in one piece: many calls that arrive together are answered together.
    """

    def __init__(self, service: Service, peer: PeerCredentials, link: Link) -> None:
        self.service = service
        self.peer = peer
        self.is_over = False
        self._link = link
        self._answerer = Answerer(service._greeting)
        self._outbox = Outbox(link, service.limits.unsent, service._tally, self.drop)
        self._lock = self._outbox.lock
        self.hold = self._outbox.hold
        self.release = self._outbox.release
        self.sent = self._outbox.sent
        self.when_room = self._outbox.when_room
        service._tally.connections += 1
        service._add_session(self)

    @property
    def is_greeted(self) -> bool:
        """Whether the peer has said who it is; before that it cannot call anything."""
        return self._answerer.peer is not None

    @property
    def active_calls(self) -> int:
        return self._answerer.open_calls

    @property
    def bytes_to_write(self) -> int:
        return self._link.bytes_to_write

    @property
    def is_busy(self) -> bool:
        """Whether calls are under way that end by themselves, as subscriptions do not."""
        with self._lock:
            return any(answer.body.method != SUBSCRIBE for answer in self._answerer.answers)

    @property
    def has_room_to_send(self) -> bool:
        """Whether more may be made for the peer; also once it is gone, since nobody is to wait for it then."""
        return self.is_over or self._outbox.has_room

    # --- what the face calls ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        with self._lock:
            self._outbox.put(self.service._greeting.encode())

    def receive(self, data: bytes) -> list[ServedCall]:
        """Take in what has arrived, and return the calls that are to be served; the session is told what they give."""
        self.service._tally.bytes_received += len(data)
        try:
            with self._lock:
                requests = self._answerer.feed(data)
        except PeerBrokeProtocol as error:
            self.drop(str(error))
            return []
        calls = []
        for kind, answer in requests:
            if kind in _CALLS:
                if (call := self._admit(answer)) is not None:
                    calls.append(call)
            elif kind == _CANCEL:
                self._tell(answer.context.on_cancel)
            else:
                self._tell(answer.context.on_credit)
        return calls

    def lost(self) -> None:
        """The connection is over: nobody waits for any result."""
        with self._lock:
            if self.is_over:
                return
            self.is_over = True
            answers = self._answerer.abandon()
        self.service._remove_session(self)
        contexts = [answer.context for answer in answers if answer.context is not None]  # else it is not admitted yet
        tell_all([each.on_cancel for each in contexts if each.on_cancel is not None])
        self.sent()

    def drop(self, reason: str) -> None:
        """End the connection because of what its peer did, or did not do."""
        self.service._tally.dropped_peers += 1
        self._log(logging.WARNING, "service %r disconnects pid %d of uid %d: %s", self.peer.pid, self.peer.uid, reason)
        self._link.abort()

    # --- what comes of a call; any thread -----------------------------------------------------------------------------

    def reply(self, call: ServedCall, result: object) -> None:
        """Send the result, unless nobody waits for it."""
        tally = self.service._tally
        tally.latencies.add(time.monotonic_ns() - call.began)
        if not call.answer.number:
            return
        try:
            body = call.method.result.write(result, self._answerer.longest)
            with self._lock:
                if frame := self._answerer.reply(call.answer, body):
                    self._outbox.put(frame)
        except BadResult as error:
            self.fail(call, error)
        except TooLongToSend as error:
            self.refuse(call, ResultTooLong(call.method.name, error.length, error.limit))

    def fail(self, call: ServedCall, error: Exception) -> None:
        """Send what the method raised: by name where that is declared, else a reference to the log."""
        if isinstance(error, _ItemTooLong):
            self.refuse(call, ResultTooLong(error.method, error.length, error.limit))
            return
        failure = failure_of_ours(error) if call.method.is_own else None
        if isinstance(error, self.service.errors + call.method.raises):
            failure = failure_of_declared(error)
        if failure is None:
            failure = self.log_failure(call, error)
        self._note(call, is_error=True)
        if call.answer.is_over:
            return
        with self._lock:
            self._put(self._answerer.fail(call.answer, failure))

    def refuse(self, call: ServedCall, error: LocalSocketError) -> None:
        """Send an error of the package's own about the call: it was not allowed, cancelled, too late and so on."""
        failure = failure_of_ours(error)
        assert failure is not None
        self._note(call, is_error=True)
        if call.is_notification:
            self._log(logging.WARNING, "a notification to service %r was not served: %s", error)
        with self._lock:
            self._put(self._answerer.fail(call.answer, failure))

    def log_failure(self, call: ServedCall, error: Exception) -> Failure:
        """Log what the method raised, under a reference that the caller is told."""
        details = "".join(traceback.format_exception(error)) if self.service.tells_details else ""
        failure = failure_of_unknown(details)
        message = "%s.%s failed for pid %d of uid %d, reference %s"
        parts = (call.method.name, self.peer.pid, self.peer.uid, failure.parts["reference"])
        if not self._log(logging.ERROR, message, *parts, error=error):
            failure.parts["reference"] = ""  # under which nothing can be found
        return failure

    def write_item(self, call: ServedCall, item: object) -> bytes:
        """Return an item of a stream as MessagePack. Raises BadResult, or _ItemTooLong, as send_item() does."""
        try:
            return call.method.result.write(item, self._answerer.longest)
        except TooLongToSend as error:
            raise _ItemTooLong(call.method.name, error.length, error.limit) from error

    def open_stream(self, call: ServedCall) -> None:
        with self._lock:
            self._put(self._answerer.open_stream(call.answer))

    def send_item(self, call: ServedCall, body: bytes) -> None:
        """Raises _ItemTooLong for one that is longer than the peer takes, which fail() is to be told of."""
        try:
            with self._lock:
                self._put(self._answerer.item(call.answer, body))
        except TooLongToSend as error:
            raise _ItemTooLong(call.method.name, error.length, error.limit) from error

    def end_stream(self, call: ServedCall) -> None:
        self._note(call)
        with self._lock:
            self._put(self._answerer.end_stream(call.answer))

    # ------------------------------------------------------------------------------------------------------------------

    def _admit(self, answer: AnsweredCall) -> ServedCall | None:
        """Return the call if it may be served, with its arguments; else it is answered."""
        service = self.service
        name = answer.body.method
        service._tally.calls += 1
        method = service._table.get(name)
        call = answer.context = ServedCall(self, answer, method or service._unknown_method)
        try:
            if method is None:
                raise NoSuchMethod(name[:128], service.name, similar_names(name, service._table))
            if self._answerer.open_calls > service.limits.calls:
                raise TooManyCalls(service.limits.calls)
            if method.allow is not None:
                method.check_caller(self.peer)
            if method.is_stream and call.is_notification:
                raise BadArguments(name, "", "it gives a stream, and a notification is not answered")
            call.arguments, call.named = method.parameters.read(answer.body)
            if call.deadline is not None and call.remaining() == 0:
                raise DeadlinePassed(f"calling {name!r}", answer.body.timeout)
        except LocalSocketError as error:
            self.refuse(call, error)
        except Exception as error:
            self.fail(call, error)
        else:
            return call
        return None

    def _log(self, level: int, message: str, *parts: object, error: Exception | None = None) -> bool:
        """Log what comes of what the peer does, the service's name first; return whether it was not left out."""
        return self.service._log.log(level, self.peer.uid, message, self.service.name, *parts, error=error)

    def _note(self, call: ServedCall, *, is_error: bool = False) -> None:
        tally = self.service._tally
        if is_error:
            tally.errors += 1
        tally.latencies.add(time.monotonic_ns() - call.began)

    def _tell(self, callback: Callable[[], object] | None) -> None:
        if callback is not None:
            callback()

    def _put(self, frame: bytes) -> None:
        if frame:  # else the call is over
            self._outbox.put(frame)
