"""A call that is being served: who made it, until when it matters, and whether it still does."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.services.method import Method
from localsocket.wire.answerer import AnsweredCall

if TYPE_CHECKING:
    from localsocket.services.calls_of_peer import CallsOfPeer
    from localsocket.services.session import Session

_LONGEST = 1e9  # seconds

_current: ContextVar[ServedCall] = ContextVar("localsocket call")


def current_call() -> ServedCall:
    """Return the call that this thread or task is serving. Raises RuntimeError outside a service's method."""
    try:
        return _current.get()
    except LookupError:
        raise RuntimeError("no call is being served here: current_call() is for the methods of services") from None


def deadline_of(answer: AnsweredCall) -> int | None:
    """Return when the call is too late, in nanoseconds of the monotonic clock."""
    if (timeout := answer.body.timeout) is None:
        return None
    return answer.arrived + int(min(timeout, _LONGEST) * 1e9)


class ServedCall:
    """One call of a method, with what the method may want to know about it; see current_call()."""

    __slots__ = (
        "_is_counted",
        "_on_finished",
        "_watched",
        "answer",
        "arguments",
        "deadline",
        "method",
        "named",
        "on_cancel",
        "on_credit",
        "session",
    )

    def __init__(self, session: Session, answer: AnsweredCall, method: Method) -> None:
        self.session = session
        self.answer = answer
        self.method = method
        self.arguments: tuple[object, ...] = ()
        self.named: dict[str, object] = {}
        self.deadline = None if answer.body.timeout is None else deadline_of(answer)
        self.on_cancel: Callable[[], object] | None = None
        self.on_credit: Callable[[], object] | None = None
        self._is_counted = False  # among those that are over; what is answered late may go on
        self._watched = 0  # its number for those who watch, once they know of it; -1 when they know of its end
        self._on_finished: Callable[[ServedCall], object] | None = None

    @property
    def peer(self) -> PeerCredentials:
        """The PeerCredentials of the caller."""
        return self.session.peer

    @property
    def caller(self) -> CallsOfPeer:
        """Calls the caller back, on the same connection: `current_call().caller.proxy.progress(50)`.

        It has the methods of localsocket.Client, or of aio.Client in a coroutine function or async generator. Calls
        back without a time-out may take as long as this call may. Raises Unsupported if the caller serves nothing: it
        has to connect with `serves=`, and not by another protocol.
        """
        return self.session.calls_back(self)

    @property
    def is_notification(self) -> bool:
        """Whether the caller does not wait for a result."""
        return not self.answer.number

    @property
    def is_cancelled(self) -> bool:
        """Whether the caller has given up or is gone, or its deadline has passed: there is no point in going on."""
        return (self.answer.is_over and not self.is_notification) or self.remaining() == 0

    def remaining(self) -> float | None:
        """Return the seconds until the caller's deadline, never negative, or None if there is no deadline.

        A deadline that applies only to the beginning of a stream no longer counts once the stream has begun.
        """
        deadline = self.deadline  # once: another thread may begin the stream
        return None if deadline is None else max(0.0, (deadline - time.monotonic_ns()) / 1e9)

    def __repr__(self) -> str:
        state = "cancelled" if self.is_cancelled else "under way"
        return f"<ServedCall of {self.method.name!r} by pid {self.peer.pid} uid {self.peer.uid}, {state}>"

    # --- for whoever serves it ----------------------------------------------------------------------------------------

    def run(self) -> object:
        """Call the method's function and return what it returns; the body of a generator has yet to run."""
        token = _current.set(self)
        try:
            if self.session.service.tracing is None or self.method.is_stream:
                if not self.named:  # nearly always, and it takes less time
                    return self.method.function(*self.arguments)
                return self.method.function(*self.arguments, **self.named)
            with self.traced():
                return self.method.function(*self.arguments, **self.named)
        finally:
            _current.reset(token)

    def traced(self) -> AbstractContextManager[object]:
        """Surround the call with the service's tracing."""
        if (tracing := self.session.service.tracing) is None:
            return nullcontext()
        return tracing.serving(self.session.service.name, self.method.name, self.answer.body.carrier)

    def _begin_stream(self) -> None:
        """What it gives begins now: a time that was for the beginning alone is kept."""
        if self.answer.terms.begins_in_time:
            self.deadline = self.answer.body.timeout = None

    @staticmethod
    def _here() -> ServedCall | None:
        """Return the call that is being served in this thread, or task, if there is one."""
        return _current.get(None)

    def make_current(self) -> None:
        """Make current_call() return this call from now on, in the task or context that calls this."""
        _current.set(self)
