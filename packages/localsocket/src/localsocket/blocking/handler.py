"""What an event loop calls, and the check that refuses an unsuitable handler before anything is served."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from localsocket.errors import LocalSocketError, UnsuitableHandler

if TYPE_CHECKING:
    from localsocket.blocking.event_socket import EventSocket


class Handler:
    """Receives the events of sockets that a loop drives: derive from it and define at least `ready_read`.

    All calls come from the loop's thread, one at a time, and every other socket of the loop waits until they return.
    One handler may serve many sockets; use `socket.context` for data of a single one. An exception that leaves a
    method is logged and closes only that connection.
    """

    # Whether what the peer has sent is read to its end although it can be sent nothing more.
    _reads_to_end = False

    def connected(self, socket: EventSocket) -> None:
        """The connection is open: the first call for each socket."""

    def ready_read(self, socket: EventSocket) -> None:
        """New bytes have arrived. Unread bytes stay, but are not announced again until more arrive."""
        raise NotImplementedError

    def bytes_written(self, socket: EventSocket, count: int) -> None:
        """The kernel has accepted `count` more of the written bytes. Never called during a write."""

    def drained(self, socket: EventSocket) -> None:
        """All queued bytes have been sent. Not called for writes that the kernel accepted at once."""

    def end_of_stream(self, socket: EventSocket) -> None:
        """The peer finished sending and may still read. Unless overridden, the socket sends unsent bytes and closes."""
        socket.close()

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        """The connection broke; `disconnected` follows."""

    def disconnected(self, socket: EventSocket) -> None:
        """The connection is over, whichever side ended it: the last call, exactly once for each `connected`."""

    def _hung_up(self, socket: EventSocket) -> None:
        """The peer has gone while nothing is read: what it has sent may still be, and nobody waits for any answer."""


EVENTS = ("connected", "ready_read", "bytes_written", "drained", "end_of_stream", "failed", "disconnected")


def check_handler(handler: object) -> Handler:
    """Return `handler` if a loop can serve with it, else raise UnsuitableHandler saying what it lacks."""
    if inspect.isclass(handler):
        raise UnsuitableHandler(f"{handler.__name__} is a class: pass an instance of it")
    if not isinstance(handler, Handler):
        raise UnsuitableHandler(f"{type(handler).__name__} does not derive from localsocket.Handler")
    kind = type(handler)
    if kind.ready_read is Handler.ready_read and "ready_read" not in getattr(handler, "__dict__", {}):
        raise UnsuitableHandler(f"{kind.__name__} does not define ready_read(self, socket)")
    for name in EVENTS:
        _check_method(kind, name, getattr(handler, name))
    _check_spelling(kind)
    return handler


def wants_bytes_written(handler: Handler) -> bool:
    """Whether the handler has its own bytes_written, so that others need not be told."""
    return getattr(handler.bytes_written, "__func__", None) is not Handler.bytes_written


def _check_method(kind: type, name: str, method: object) -> None:
    if not callable(method):
        raise UnsuitableHandler(f"{kind.__name__}.{name} is not a method")
    if inspect.iscoroutinefunction(method):
        raise UnsuitableHandler(f"{kind.__name__}.{name} is a coroutine function, which this loop would never await")
    given = [None] * len(inspect.signature(getattr(Handler, name)).parameters)
    try:
        inspect.signature(method).bind(*given[1:])
    except TypeError as error:
        raise UnsuitableHandler(f"{kind.__name__}.{name} cannot be called the way the loop calls it: {error}") from None
    except ValueError:
        return  # written in C without a signature: nothing can be said about it


def _check_spelling(kind: type) -> None:
    """Refuse a method that is an event in another spelling (readyRead, on_connected): it would never be called."""
    meant = {name.replace("_", ""): name for name in EVENTS}
    for name in dir(kind):
        event = meant.get(name.replace("_", "").lower().removeprefix("on").removeprefix("handle"))
        if event is not None and name != event and not name.startswith("_"):
            raise UnsuitableHandler(f"{kind.__name__}.{name} would never be called: the event is called {event}")
