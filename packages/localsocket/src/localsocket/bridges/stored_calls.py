"""An instance's part in running the stored calls of durable methods: each until it has succeeded, at least once."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import msgspec

from localsocket.bridges.bus_messages import DEAD, ERROR, MESSAGE_ID, WORD, BusMessage, Subjects, named_method
from localsocket.bridges.durable_calls import KEPT
from localsocket.bridges.instance import BehindInstance, Identity, Line
from localsocket.bridges.jetstream import NANOSECONDS, STREAM_IN_USE, Declined, JetStream
from localsocket.bridges.nats_address import NatsAddress
from localsocket.bridges.nats_link import FIRST_PAUSE, LONGEST_PAUSE, longer_pause
from localsocket.bridges.other_callers import OtherCallers
from localsocket.bridges.storing import Storing
from localsocket.deadlines import Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import LocalSocketError, PeerBrokeProtocol

logger = logging.getLogger("localsocket.bridges")

_CONSUMER = "instances"
_LONGEST_DELAY = 60.0  # seconds between two tries of a call
_WINDOW = 64 * 1024
# Another try of these would end in the same way.
_IN_VAIN = frozenset(("bad-arguments", "no-such-method", "not-allowed"))

Outcome = str
"""Empty where a call has succeeded, else its failure: the code, and what it says."""


class StoredCalls:
    """Made by open(); for the tasks of one loop."""

    def __init__(
        self, address: NatsAddress, names: Subjects, served: BehindInstance, identity: Identity, storing: Storing
    ) -> None:
        self._address = address
        self._names = names
        self._served = served
        self._identity = identity
        self._storing = storing
        self._lines: dict[PeerCredentials, _StoredLine] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(min(storing.at_once, served.hello.max_calls))
        self._taking: asyncio.Task[None] | None = None
        self._store: JetStream | None = None

    async def open(self, deadline: Deadline) -> None:
        """See that there is where to store, and take calls from then on. Raises Unsupported without JetStream."""
        store = await self._connect(deadline)
        self._taking = asyncio.get_running_loop().create_task(
            self._take_on(store), name=f"localsocket takes stored calls of {self._names.service}"
        )

    async def stop(self, deadline: Deadline) -> None:
        """Take no more, and let what runs end until then; others are given what has not."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.wait([self._taking])
        if self._running:
            await asyncio.wait(self._running, timeout=deadline.remaining())
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for line in self._lines.values():
            line.hang_up()
        if self._taking is not None and (store := self._store) is not None:
            await store.close()

    async def _connect(self, deadline: Deadline) -> JetStream:
        names, storing = self._names, self._storing
        store = self._store = JetStream(self._address, f"stored calls of {names.service}")
        await store.open(deadline)
        try:
            kept = {"storage": "file", "num_replicas": storing.replicas, "discard": "new"}
            calls = {"name": names.stream, "subjects": [names.stored], "retention": "workqueue"}
            # So that who calls while no instance is there learns which methods are durable.
            told = {KEPT: msgspec.json.encode(self._served.hello).decode()}
            window = int(storing.duplicates * NANOSECONDS)
            await _see_to(store, {**calls, **kept, "duplicate_window": window, "metadata": told})
            dead = {"name": names.dead_stream, "subjects": [names.dead], "retention": "limits"}
            await _see_to(store, {**dead, **kept, "max_age": int(storing.dead * NANOSECONDS)})
            consumer = {
                "durable_name": _CONSUMER,
                "ack_policy": "explicit",
                "ack_wait": int(storing.patience * NANOSECONDS),
                "max_deliver": -1,  # they are counted here, since what is delivered no more would stay where it is
            }
            asked = {"stream_name": names.stream, "config": consumer}
            await store.ask(f"CONSUMER.DURABLE.CREATE.{names.stream}.{_CONSUMER}", asked)
        except BaseException:
            await store.close()
            raise
        return store

    async def _take_on(self, store: JetStream) -> None:
        pause = FIRST_PAUSE
        while True:
            with contextlib.suppress(LocalSocketError, OSError):
                while not store.lost.is_set():
                    await self._take(store)
                    pause = FIRST_PAUSE
            await store.close()
            await asyncio.sleep(pause)
            pause = longer_pause(pause)
            try:
                store = await self._connect(Deadline(LONGEST_PAUSE))
            except (LocalSocketError, OSError) as error:
                logger.debug("cannot reach the stored calls of %r: %s", self._names.service, error)

    async def _take(self, store: JetStream) -> None:
        """Begin the next call, when there is room for it."""
        await self._room.acquire()
        message = None
        try:
            message = await store.next_message(self._names.stream, _CONSUMER)
        finally:
            if message is None:
                self._room.release()
        if message is not None:
            task = asyncio.get_running_loop().create_task(self._run(store, message))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._room.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a stored call of %r was not run", self._names.service, exc_info=error)

    async def _run(self, store: JetStream, message: BusMessage) -> None:
        tries, place = _delivery(message.reply)
        if tries > self._storing.tries:
            outcome = "lost: no instance that ran it has said how it ended"  # as when each has died of it
        else:
            alive = asyncio.get_running_loop().create_task(self._say_alive(store, message.reply))
            try:
                outcome = await self._call(message)
            except asyncio.CancelledError:
                store.say(message.reply, b"-NAK")
                raise
            finally:
                alive.cancel()
        if not outcome:
            store.say(message.reply, b"+ACK")
        elif tries >= self._storing.tries or outcome.partition(":")[0] in _IN_VAIN:
            letter = self._dead_letter(message, place, min(tries, self._storing.tries), outcome)
            await self._bury(store, message.reply, letter)
        else:
            delay = min(self._storing.pause * 2 ** (tries - 1), _LONGEST_DELAY)
            store.say(message.reply, b'-NAK {"delay": %d}' % int(delay * NANOSECONDS))

    async def _say_alive(self, store: JetStream, reply: str) -> None:
        while True:
            await asyncio.sleep(self._storing.patience / 3)
            store.say(reply, b"+WPI")

    async def _call(self, message: BusMessage) -> Outcome:
        method = self._method(message)
        if method not in self._served.hello.durable:
            return "no-such-method: it is not durable"
        # What it was to be answered to JetStream has seen to, and so a signature leaves that out.
        if (peer := self._identity(message._replace(reply=""))) is None:
            return "not-allowed: it is not known on whose behalf it is made"
        line = self._lines.get(peer)
        if line is None or line.is_over:
            line = self._lines[peer] = _StoredLine(self._served, peer)
        return await line.call(method, message)

    def _dead_letter(self, message: BusMessage, place: str, tries: int, outcome: Outcome) -> BusMessage:
        headers = message.headers or {}
        method = self._method(message)
        logger.warning("gave up a stored call of %r in %r: %s", method, self._names.service, outcome)
        kept = {name: value for name, value in headers.items() if not name.startswith("Nats-")}
        # Its place makes it one letter, however often it is written.
        told = {DEAD: f"{tries} {outcome}", MESSAGE_ID: place}
        return BusMessage(self._names.dead_letter(method), message.payload, {**kept, **told})

    async def _bury(self, store: JetStream, reply: str, letter: BusMessage) -> None:
        """Keep a dead letter, and only then be done with the call."""
        try:
            await store.store(letter)
        except LocalSocketError as error:
            logger.warning("could not store a dead letter of %r yet: %s", self._names.service, error)
            store.say(reply, b'-NAK {"delay": %d}' % (_LONGEST_DELAY * NANOSECONDS))
        else:
            store.say(reply, b"+TERM")

    def _method(self, message: BusMessage) -> str:
        return named_method(message.subject.removeprefix(self._names.durable("")))


class _StoredLine:
    """The stored calls that count for one user, as one caller of the service."""

    def __init__(self, served: BehindInstance, peer: PeerCredentials) -> None:
        hello = served.hello
        self._callers = OtherCallers(hello.max_calls, hello.max_message, _WINDOW)
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}
        self._last = 0
        self.is_over = False
        self._line: Line = served.connect(peer, self._take_in, self._lost)

    async def call(self, method: str, message: BusMessage) -> Outcome:
        self._last += 1
        key = str(self._last)
        waiting: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[key] = waiting
        try:
            self._callers.request(method, message.headers or {}, message.payload, key)
            frames, self._callers.to_service = self._callers.to_service, []
            self._line.deliver(b"".join(frames))
            self._settle()
            return await waiting
        except PeerBrokeProtocol as error:
            return f"bad-arguments: {error}"
        finally:
            del self._waiting[key]

    def hang_up(self) -> None:
        self._line.hang_up()

    def _take_in(self, data: bytes) -> None:
        self._callers.from_service(data)
        self._callers.ended.clear()
        self._settle()

    def _settle(self) -> None:
        answers, self._callers.to_bus = self._callers.to_bus, []
        for answer in answers:
            assert isinstance(answer, BusMessage)
            waiting = self._waiting.get(answer.subject)
            if waiting is not None and not waiting.done():
                headers = answer.headers or {}
                word, _, code = headers.get(WORD, "").partition(" ")
                waiting.set_result(f"{code}: {headers.get(ERROR, '')}" if word == "failure" else "")

    def _lost(self) -> None:
        self.is_over = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result("closed: the service has ended the conversation")


def _delivery(reply: str) -> tuple[int, str]:
    """Return how often a message has been given to somebody, this time included, and its place in the stream.

    It is `$JS.ACK`, maybe a domain and an account, the stream, the consumer, that, its place, and more.
    """
    parts = reply.split(".")
    tries, place = parts[4:6] if len(parts) == 9 else parts[6:8]
    return int(tries), place


async def _see_to(store: JetStream, config: dict[str, object]) -> None:
    """See that there is such a stream."""
    try:
        await store.ask(f"STREAM.CREATE.{config['name']}", config)
    except Declined as error:
        if error.code != STREAM_IN_USE:
            raise
        await store.ask(f"STREAM.UPDATE.{config['name']}", config)
