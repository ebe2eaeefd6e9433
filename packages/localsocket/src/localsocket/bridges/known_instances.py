"""The instances of a service that one client has met on the bus, and what they have told it. Nothing here waits."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from localsocket.bridges.bus_messages import (
    HEAD_ROOM,
    OF,
    WORD,
    BusAction,
    BusMessage,
    CallerHello,
    ServiceHello,
    Subjects,
)
from localsocket.bridges.durable_calls import kept_hello, question_to_store
from localsocket.wire.greeting import BUS_LIMIT, Greeting
from localsocket.wire.stream_terms import STREAM_TERMS

_SILENT_AFTER = 30.0
"""Seconds without a word of an instance, which greets every ten, after which it is taken for gone."""

_encode = msgspec.msgpack.Encoder().encode
_decode_hello = msgspec.msgpack.Decoder(ServiceHello).decode


class KnownInstances:
    """`do` and `give` are told what is for the bus and for the client, which `mine` has introduced.

    `is_open` says that the client has been greeted: by the first instance, or by what JetStream keeps of one.
    """

    def __init__(
        self,
        names: Subjects,
        inbox: str,
        max_payload: int,
        now: Callable[[], float],
        do: Callable[[BusAction], object],
        give: Callable[[bytes], object],
    ) -> None:
        self.mine: Greeting | None = None
        self.is_open = False
        self.idempotent: frozenset[str] = frozenset()
        self.durable: frozenset[str] = frozenset()
        self.longest = max(1, max_payload - HEAD_ROOM)
        self._names = names
        self._inbox = inbox
        self._now = now
        self._do = do
        self._give = give
        self._there: dict[str, float] = {}  # and when each was last heard
        self._in_doubt: set[str] = set()  # as they have been silent for too long
        self._has_asked_store = False

    @property
    def are_there(self) -> bool:
        """Whether there is one that has not said goodbye."""
        return bool(self._there)

    @property
    def are_in_doubt(self) -> bool:
        """Whether some were silent at the last look."""
        return bool(self._in_doubt)

    def hello(self, payload: bytes, instance: str, number: int) -> None:
        """An instance has greeted, and is answered. Raises what is UNREADABLE."""
        theirs = _decode_hello(payload)
        assert self.mine is not None
        longest = min(self.mine.max_message, self.longest)
        mine = CallerHello(max_message=longest, stream_window=self.mine.stream_window, clock=self._now())
        self._do(BusMessage(instance, _encode(mine), {WORD: f"hello {number}", OF: f"{self._inbox}.0"}))
        self._there[instance] = self._now()
        self._learn(theirs)

    def ask_store(self) -> None:
        """Ask JetStream, once, what it keeps of the service: calls of durable methods need no instance."""
        if not (self._has_asked_store or self.is_open):
            self._has_asked_store = True
            self._do(question_to_store(self._names, self._inbox))

    def hello_of_store(self, payload: bytes) -> None:
        """JetStream has said what it keeps of the service; that counts until an instance greets."""
        if not self.is_open and (theirs := kept_hello(payload)) is not None and theirs.durable:
            self._learn(theirs)

    def bye(self, instance: str) -> bool:
        """An instance has ended; return whether it is one that has greeted."""
        return self._there.pop(instance, None) is not None

    def forget_silent(self) -> bool:
        """Take for gone those that were silent already at the last look, and say whether there are any.

        To be asked when all has arrived that the NATS server had for us; a first look only doubts them.
        """
        now = self._now()
        silent = {instance for instance, heard in self._there.items() if now - heard >= _SILENT_AFTER}
        gone, self._in_doubt = silent & self._in_doubt, silent - self._in_doubt
        for instance in gone:
            self.bye(instance)
        return bool(gone)

    def forget_all(self) -> None:
        """Nobody is there, as the NATS server says."""
        self._there.clear()

    def _learn(self, theirs: ServiceHello) -> None:
        self.idempotent, self.durable = frozenset(theirs.idempotent), frozenset(theirs.durable)
        if self.is_open:
            return
        self.is_open = True
        greeting = Greeting(
            role="service",
            max_message=min(theirs.max_message, self.longest),
            max_calls=theirs.max_calls,
            capabilities=[STREAM_TERMS, *([BUS_LIMIT] if theirs.max_message >= self.longest else [])],
            service=theirs.service,
            version=theirs.version,
            idempotent=theirs.idempotent,
        )
        self._give(greeting.encode())
