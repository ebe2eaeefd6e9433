"""Calls as they happen: for those who watch a service, and for its log. While nobody does, nothing of this is run."""

from __future__ import annotations

import logging
import reprlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from localsocket.interrupts import tell_all
from localsocket.services.stream_reply import PushedSource
from localsocket.showing import one_line

if TYPE_CHECKING:
    from localsocket.services.served_call import ServedCall
    from localsocket.services.stream_reply import StreamReply

LogCalls: TypeAlias = bool | Literal["arguments"]
"""Whether each call is logged, and with its arguments."""

Outcome: TypeAlias = Literal["ok", "error", "refused", "cancelled", "late"]
"""What has become of a call: "error" is what the method raised, "refused" what was wrong before it ran."""

LOGGER = logging.getLogger("localsocket.calls")

_QUEUE = 1000  # events that wait for one watcher
_LONGEST_ID = _LONGEST_NAME = 128
_LONGEST_ARGUMENTS = 1000  # characters

_to_message_pack = msgspec.msgpack.Encoder(enc_hook=str).encode
_to_json = msgspec.json.Encoder(enc_hook=str).encode


class CallEvent(msgspec.Struct, frozen=True):
    """What a watcher is told. Times are seconds; `time` is that of the day, `duration` from the arrival to the end.

    `event` is "watching" (the first: all that follows is told), "begin" or "end", and `call` is the same number in both
    of one call; one that began before it was watched has only its end. `sequence` counts the events: where a number is
    missing, the watcher has read too slowly. `outcome` is "ok", "error" (the method raised `error`), "refused",
    "cancelled" or "late". `arguments` are there for those who asked for them.
    """

    event: str
    sequence: int
    time: float
    call: int = 0
    method: str = ""
    protocol: str = ""
    uid: int = -1
    pid: int = 0
    kind: str = ""
    request_id: str = ""
    arguments: str = ""
    duration: float = 0.0
    outcome: str = ""
    error: str = ""


class CallWatch:
    """Tells the watchers of a service, and its log, of each call. Any thread may call.

    `on_change` is called whenever is_wanted may have changed.
    """

    def __init__(self, log_calls: LogCalls, on_change: Callable[[], object]) -> None:
        self._on_change = on_change
        self._logs = bool(log_calls)
        self._logs_arguments = log_calls == "arguments"
        self._lock = threading.RLock()  # a signal's handler may publish, and so end a call, in the midst of it
        self._watchers: dict[Watcher, StreamReply] = {}
        self._sequence = 0
        self._calls = 0

    @property
    def is_wanted(self) -> bool:
        """Whether there is anybody to be told."""
        return self._logs or bool(self._watchers)

    def begun(self, call: ServedCall) -> None:
        """A call has arrived that is to be served, or refused."""
        if not call.method.is_told:
            return
        with self._lock:
            self._calls += 1
            call._watched = self._calls
        if self._watchers:
            self._tell(self._event(call, "begin"), call)

    def ended(self, call: ServedCall, outcome: Outcome, error: Exception | None) -> None:
        """The call is over for its caller; what comes of it afterwards is not told."""
        if not call.method.is_told or call._watched < 0:
            return
        if not call._watched:
            with self._lock:
                self._calls += 1
                call._watched = self._calls
        event = msgspec.structs.replace(
            self._event(call, "end"),
            duration=(time.monotonic_ns() - call.answer.arrived) / 1e9,
            outcome=outcome,
            error="" if error is None else type(error).__name__,
        )
        call._watched = -1
        if self._watchers:
            self._tell(event, call)
        if self._logs and LOGGER.isEnabledFor(logging.INFO):
            self._log(event, call)

    def watcher(self, *, with_arguments: bool) -> Watcher:
        """Return the events from now on, as what a stream sends."""
        return Watcher(self, with_arguments=with_arguments)

    def add(self, watcher: Watcher, reply: StreamReply) -> None:
        with self._lock:
            watcher.put(CallEvent("watching", self._sequence, time.time()))
            self._watchers[watcher] = reply
            self._on_change()

    def remove(self, watcher: Watcher) -> None:
        with self._lock:
            self._watchers.pop(watcher, None)
            self._on_change()

    # ------------------------------------------------------------------------------------------------------------------

    def _event(self, call: ServedCall, event: str) -> CallEvent:
        return CallEvent(
            event=event,
            sequence=0,
            time=time.time(),
            call=call._watched,
            method=call.method.name if call.method.is_there else one_line(call.answer.body.method, _LONGEST_NAME),
            protocol=call.session.protocol,
            uid=call.peer.uid,
            pid=call.peer.pid,
            kind="notification" if call.is_notification else "stream" if call.method.is_stream else "call",
            request_id=_request_id(call),
        )

    def _tell(self, event: CallEvent, call: ServedCall) -> None:
        with self._lock:
            self._sequence += 1
            event = msgspec.structs.replace(event, sequence=self._sequence)
            for watcher in self._watchers:
                shows = watcher.with_arguments
                watcher.put(msgspec.structs.replace(event, arguments=arguments_of(call)) if shows else event)
            replies = list(self._watchers.values())
        tell_all([reply.wake for reply in replies])

    def _log(self, event: CallEvent, call: ServedCall) -> None:
        told = {
            "service": call.session.service.name,
            "method": event.method,
            "kind": event.kind,
            "outcome": event.outcome,
            "error": event.error,
            "duration": event.duration,
            "uid": event.uid,
            "pid": event.pid,
            "protocol": event.protocol,
            "request_id": event.request_id,
        }
        if self._logs_arguments:
            told["arguments"] = arguments_of(call)
        outcome = f"{event.outcome} ({event.error})" if event.error else event.outcome
        milliseconds = event.duration * 1000
        LOGGER.info(
            "%s.%s: %s in %.3f ms, by pid %d of uid %d",
            *(told["service"], event.method, outcome, milliseconds, event.pid, event.uid),
            extra={"call": told},
        )


class Watcher(PushedSource):
    """The events that wait for one who watches: an endless source of a stream's items."""

    def __init__(self, watch: CallWatch, *, with_arguments: bool) -> None:
        self.with_arguments = with_arguments
        self._watch = watch
        self._events: deque[CallEvent] = deque(maxlen=_QUEUE)  # which drops the oldest
        self._encode = _to_message_pack

    def put(self, event: CallEvent) -> None:
        self._events.append(event)

    def attach(self, reply: StreamReply) -> None:
        if reply.is_json:
            self._encode = _to_json
        self._watch.add(self, reply)

    def next_body(self) -> bytes | None:
        try:
            return self._encode(self._events.popleft())
        except IndexError:
            return None

    def close(self) -> None:
        self._watch.remove(self)


def check_log_calls(log_calls: LogCalls) -> LogCalls:
    if log_calls is not True and log_calls is not False and log_calls != "arguments":
        raise ValueError(f"log_calls must be True, False or 'arguments', not {log_calls!r}")
    return log_calls


def arguments_of(call: ServedCall) -> str:
    """Return the arguments as one would write them, long ones shortened."""
    names = call.method.parameters.signature.parameters
    given = [f"{name}={reprlib.repr(value)}" for name, value in zip(names, call.arguments, strict=False)]
    given += [f"{name}={reprlib.repr(value)}" for name, value in call.named.items()]
    return one_line(", ".join(given), _LONGEST_ARGUMENTS)


def _request_id(call: ServedCall) -> str:
    """Return what the caller calls its request: X-Request-Id by HTTP, or the number of the trace it is part of."""
    carrier = call.answer.body.carrier
    if not carrier:
        return ""
    found = carrier.get("x-request-id") or carrier.get("traceparent", "")[3:35]
    return one_line(found, _LONGEST_ID)
