"""What every client is told when it is made, whatever face it has, and what it makes of that."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, TypedDict

from localsocket.endpoint.credentials import AllowedUsers
from localsocket.errors import ClosedByPeer, LocalSocketError
from localsocket.services.failures import error_of
from localsocket.services.limits import CallLimits
from localsocket.services.method import check_declared
from localsocket.services.schema import Result
from localsocket.services.stats import ClientStats, Tally
from localsocket.services.tracing import Tracing
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.greeting import Greeting

ANYTHING = Result("", Any)


class ClientOptions(TypedDict, total=False):
    """The keyword arguments of Client()."""

    timeout: float | None
    wait_for_server: bool
    allow_server: AllowedUsers
    errors: Iterable[type[Exception]]
    reconnect: bool
    call_timeout: float | None
    limits: CallLimits
    tracing: Tracing | None


class ClientCore:
    """What is the same for the clients of all faces. Nothing here waits."""

    def __init__(
        self,
        *,
        errors: Iterable[type[Exception]],
        reconnect: bool,
        limits: CallLimits,
    ) -> None:
        self.limits = limits
        self.tally = Tally()
        self._errors = {kind.__name__: kind for kind in check_declared(errors)}
        self._reconnect = reconnect

    def new_caller(self) -> Caller:
        """Return one end of a conversation, for one connection."""
        return Caller(Greeting(role="client", max_message=self.limits.message, stream_window=self.limits.stream))

    def result_of(self, call: OpenCall, result: Result) -> Any:
        """Return what the answered call gave, or raise what it raised; None for a stream."""
        if call.body is not None:
            return result.read(call.body)
        if call.error is not None:
            raise call.error
        if call.failure is not None:
            raise error_of(call.failure, call.method, self._errors)
        return None

    def may_repeat(self, caller: Caller, call: OpenCall) -> bool:
        """Whether a call whose connection broke is made again on the next one."""
        return (
            self._reconnect and caller.peer is not None and call.method in caller.peer.idempotent and not call.is_stream
        )

    def note_begin(self) -> int:
        self.tally.calls += 1
        return time.monotonic_ns()

    def note_end(self, began: int, *, is_error: bool) -> None:
        if is_error:
            self.tally.errors += 1
        self.tally.latencies.add(time.monotonic_ns() - began)

    def stats(self, active_calls: int) -> ClientStats:
        tally, latencies = self.tally, self.tally.latencies
        return ClientStats(
            connections=tally.connections,
            calls=tally.calls,
            active_calls=active_calls,
            errors=tally.errors,
            bytes_received=tally.bytes_received,
            bytes_sent=tally.bytes_sent,
            latency_p50=latencies.percentile(50),
            latency_p90=latencies.percentile(90),
            latency_p99=latencies.percentile(99),
        )


def lost_in_call(call: OpenCall, reason: LocalSocketError) -> Exception:
    """Return the error for a call that will never be answered, because of `reason`."""
    if isinstance(reason, ClosedByPeer):
        error: Exception = ClosedByPeer(f"calling {call.method!r}")
        error.__cause__ = reason
        return error
    return reason
