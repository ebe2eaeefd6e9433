"""The hot path in Python: what each name of the core does, and all of it where nothing was compiled."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

VERSION = 2
"""What the compiled core has to be built for: one more, here and in core.h, when they agree on something else."""

_Class = TypeVar("_Class", bound=type)


def receiver(sock: socket.socket) -> Callable[[int], bytes]:
    """Return what receives at most so many bytes from a non-blocking socket, as its recv() does."""
    return sock.recv


def sender(sock: socket.socket) -> Callable[..., int]:
    """Return what sends bytes, with flags, on a non-blocking socket, as its send() does."""
    return sock.send


def see_to(ready: Iterator[tuple[int, int]], targets: dict[int, Callable[[int], object]]) -> None:
    """Tell each target that is ready what it is ready for.

    What raises ends this, and `ready` stands behind that one: who calls again goes on with the others.
    """
    for descriptor, mask in ready:
        # An earlier event of this batch may have ended this one.
        if (on_events := targets.get(descriptor)) is not None:
            on_events(mask)


def short_ways(*_names: str) -> Callable[[_Class], _Class]:
    """Have these methods of the decorated class go their short way in C, where there is C.

    The short way is what nearly always happens; for all else the compiled core calls the method as it stands here. It
    knows them by the names of class and method: `write_nowait` of ConnectedSocket, `read_available` and `_on_events` of
    EventSocket, `feed` of FrameDecoder, `feed` and `prepare` of Caller, `feed` and `reply` of Answerer, `_tell_waiters`
    of the blocking ClientConnection, and `add` of LatencyHistogram.
    """
    return lambda decorated: decorated


class OpenCall:
    """A call as its caller sees it: on its way, or over, with what has come back so far.

    A large result is written `into` memory of whoever called, where there is some and the result comes by memory.
    `waiter` is free for the face that waits, `holder` for the connection that has taken the call over from another one
    that was lost. Exactly one of `body`, `failure` and `error` is there once the call is over, unless it gave a stream
    that ended well: then `items` are left to be taken.
    """

    __slots__ = (
        "_granted",
        "_unacknowledged",
        "attempts",
        "body",
        "depth",
        "error",
        "failure",
        "frame",
        "holder",
        "into",
        "is_over",
        "is_stream",
        "items",
        "method",
        "number",
        "prefetch",
        "waiter",
    )

    def __init__(self, method: str, number: int, frame: bytes, window: int) -> None:
        self.method = method
        self.number = number
        self.frame = frame  # to be sent again, if the method may be called twice
        self.attempts = 1
        self.is_over = False
        self.is_stream = False
        self.body: bytes | memoryview | None = None
        self.failure: Any = None
        self.error: Exception | None = None
        self.items: deque[bytes | memoryview] | None = None
        self.prefetch: Any = None
        self.waiter: Any = None
        self.into: memoryview | None = None
        self.depth = 0  # calls of both sides that this one is made within, one within the other
        self.holder: Any = None
        self._granted = window
        self._unacknowledged = 0

    @property
    def is_answered(self) -> bool:
        """Whether it is known what the call gives: a result, a failure, or a stream."""
        return self.is_over or self.is_stream


class AnsweredCall:
    """A call as its answerer sees it. A notification has number 0 and is over at once: nothing is sent for it.

    `credit` is how many bytes of a stream may still be sent before the peer grants more, and `items` how many items
    where it counts them too; `size` is how many bytes the call took. `refusal` is why the door will not have it served,
    whatever the service says. `descriptors` are those that came with it, if some did. `arrived` and `context` are free
    for whoever serves the call; `context` is let go with the last frame.
    """

    __slots__ = (
        "arrived",
        "body",
        "context",
        "credit",
        "depth",
        "descriptors",
        "is_over",
        "is_stream",
        "items",
        "number",
        "refusal",
        "size",
        "terms",
    )

    def __init__(self, number: int, body: Any, credit: int, size: int, terms: Any) -> None:
        self.number = number
        self.body = body
        self.terms = terms
        self.credit = credit
        self.items: int | None = terms.prefetch
        self.size = size
        self.arrived = 0
        self.depth = 0  # calls of both sides that this one is made within
        self.is_over = not number
        self.is_stream = False
        self.refusal: Exception | None = None
        self.descriptors: Any = None
        self.context: Any = None

    @property
    def may_send_item(self) -> bool:
        """Whether the peer takes another item of the stream now."""
        return self.credit > 0 and (self.items is None or self.items > 0)


class Lookout:
    """Looks again for what is awaited, 50 µs at most, where its peer is on another processor: see payload/places.py.

    `mine` is where it says on which processor it is, and `watch()` tells where the peer says so; each is four bytes. In
    Python it never looks: a thread that waits in Python keeps the interpreter from others that could do something.
    """

    __slots__ = ("looks",)

    def __init__(self, mine: memoryview) -> None:
        self.looks = 0

    def watch(self, theirs: memoryview | None) -> None:
        """What comes next is awaited from who says there where it is; None: from nobody who says so."""

    def look(self, descriptor: int) -> bool:
        """Look, with the interpreter given away, until the descriptor is readable: whether it is."""
        return False

    def begin(self) -> bool:
        """Begin to look, where the caller does so itself, as long as goes_on(): whether it should."""
        return False

    def goes_on(self) -> bool:
        """Whether to look again. When it is not, and found() was not called, it was in vain."""
        return False

    def found(self) -> None:
        """What was looked for has come, if something was; and note_processor()."""

    def note_processor(self) -> None:
        """Say on which processor this thread is."""

    def let_go(self) -> None:
        """Do nothing any more, and keep neither place from being given back."""
