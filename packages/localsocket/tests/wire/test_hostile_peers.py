"""Programs that keep to no rule, against real services and clients: they are disconnected, and cost only themselves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
import pytest

import localsocket
from localsocket import CallLimits, Client, LocalSocket, MessageSocket, ServerThread, Service, aio
from localsocket.errors import (
    BadResult,
    CallFailed,
    DeadlinePassed,
    LocalSocketError,
    MessageTooLong,
    NotAllowed,
    PeerBrokeProtocol,
    WriteBufferFull,
)
from localsocket.services.served_call import ServedCall
from localsocket.services.session import Session
from localsocket.testing import PATIENCE, Background, wait_until
from services.raw_peers import connect_raw
from wire.building import (
    CALL,
    CANCEL,
    CREDIT,
    FAILURE,
    GREETING,
    GREETING_ID,
    HEADER,
    ITEM,
    MESSAGE,
    REPLY,
    STREAM,
    call,
    frame,
    frames_in,
    greeting,
    greeting_of,
    pack,
)

unpack = msgspec.msgpack.Decoder().decode

MIB = 1 << 20
MANY = 50_000
ADDRESS = "hostile"
CLIENT = greeting("client", stream_window=1000)
SERVICE = greeting("service", max_calls=10)
DEEP = b"\x91" * (1 << 20)


class Served:
    """A service that is served, a client that it has to go on serving, and what a hostile peer needs."""

    def __init__(self, service: Service, client: Client) -> None:
        self.service = service
        self.client = client
        self.made = 0
        self.ticks = service._topics["ticks"]

    @contextlib.contextmanager
    def peer(self, *said: bytes) -> Iterator[socket.socket]:
        with connect_raw(ADDRESS) as peer:
            peer.sendall(b"".join(said))
            yield peer

    def drops(self, *said: bytes) -> bool:
        """Return whether whoever says this is disconnected, while the client is served as before."""
        connections = self.service.stats().open_connections
        with self.peer() as peer:
            for piece in said:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    peer.sendall(piece)
            rest = to_the_end(peer)
            assert [kind for kind, _, _ in frames_in(rest)][:1] in ([], [1])
        wait_until(lambda: self.service.stats().open_connections == connections, "the session to end")
        return self.is_well()

    def is_well(self) -> bool:
        return bool(self.client.call("add", 2, 3, timeout=PATIENCE) == 5)


def to_the_end(peer: socket.socket) -> bytes:
    """Return what comes until the connection is closed, which has to be soon."""
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        while piece := peer.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def until(peer: socket.socket, kind: int) -> list[tuple[int, int, bytes]]:
    """Return the frames that come, up to one of this kind."""
    got = b""
    while True:
        with contextlib.suppress(Exception):
            if any(each[0] == kind for each in frames_in(got)):
                return frames_in(got)
        piece = peer.recv(65536)
        assert piece, "the connection was closed instead"
        got += piece


@pytest.fixture(params=["loop", "asyncio"])
def served(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[Served]:
    """Serve on one face, and see in the end that nothing was logged as an error."""
    service = Service("demo.hostile", limits=CallLimits(greeting=PATIENCE))

    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    @service.method
    def endless() -> Iterator[bytes]:
        while given.made < MANY:
            given.made += 1
            yield bytes(1000)

    @service.method
    def nothing(value: Any = None) -> None:
        pass

    if request.param == "asyncio":

        @service.method
        async def idle() -> None:
            """Have the service served by asyncio."""

    service.topic("ticks", int)
    with ServerThread(ADDRESS, service, max_threads=1), Client(ADDRESS, timeout=PATIENCE) as client:
        given = Served(service, client)
        yield given
        assert given.is_well()
        client.close()
        wait_until(lambda: service.stats().open_connections == 0, "all sessions to end")
    assert not [record for record in caplog.records if record.levelno > logging.WARNING]


# --- a service and who greets it --------------------------------------------------------------------------------------


WRONG_GREETINGS = {
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60),
    "a call": call(1, "add", 2, 3),
    "a service": greeting("service"),
    "messages": greeting("messages"),
    "json": greeting("client", serializer="json"),
    "version 2": greeting_of(pack({"role": "client", "max_message": 1}), version=2),
    "descriptors": greeting_of(pack({"role": "client", "max_message": 1}), descriptors=1),
    "not utf-8": greeting_of(b"\x81\xa4role\xa3\xff\xff\xff"),
    "nested": greeting_of(b"\x81\xa1x" + b"\x91" * 60_000),
    "a gibibyte": HEADER.pack(1 << 30, 1, 0, 1, GREETING_ID),
    "twice": CLIENT + CLIENT,
}


def test_who_does_not_greet_as_it_should_is_disconnected(served: Served) -> None:
    for name, first in WRONG_GREETINGS.items():
        assert served.drops(first), name


# --- a service and what is said to it ---------------------------------------------------------------------------------


BROKEN = {
    "nested call": frame(CALL, 1, DEEP),
    "nested arguments": frame(CALL, 1, b"\x93\xa7nothing\xc0" + DEEP[:-20]),
    "nested named arguments": frame(CALL, 1, b"\x95\xa7nothing\xc0\x90\x81\xa5value" + DEEP[:-20]),
    "nested carrier": frame(CALL, 1, b"\x95\xa7nothing\xc0\x90\x80\x81\xa1a" + DEEP[:-20]),
    "nested credit": frame(CREDIT, 1, DEEP),
    "a call that ends early": frame(CALL, 1, b"\x93" * 1000),
    "a name that is not utf-8": frame(CALL, 1, b"\x93\xa1\xff\xc0\x90"),
    "nan seconds": frame(CALL, 1, pack(("add", math.nan, (2, 3)))),
    "-1 seconds": frame(CALL, 1, pack(("add", -1, (2, 3)))),
    "-inf seconds": frame(CALL, 1, pack(("add", -math.inf, (2, 3)))),
    "a number in use": call(1, "localsocket.subscribe", "ticks") + call(1, "add", 2, 3),
    "call 0": call(0, "add", 2, 3),
    "no credit": frame(CREDIT, 1, b"\x00"),
    "a reply": frame(REPLY, 1, b"\x01"),
    "a message": frame(MESSAGE, 0, b"\x01"),
    "an unknown kind": frame(77, 1),
    "flags": frame(CALL, 1, pack(("add", None, (2, 3))), flags=1),
    "descriptors": frame(CALL, 1, pack(("add", None, (2, 3))), descriptors=1),
    "a gibibyte": HEADER.pack(1 << 30, CALL, 0, 0, 1),
    "four gibibytes": HEADER.pack(2**32 - 1, CALL, 0, 0, 1),
}


@pytest.mark.parametrize("is_together", [True, False])
def test_who_breaks_the_protocol_is_disconnected(served: Served, is_together: bool) -> None:
    for name, said in BROKEN.items():
        assert served.drops(CLIENT + said) if is_together else served.drops(CLIENT, said), name


def test_calls_that_came_along_with_a_broken_frame_leave_nothing_behind(served: Served) -> None:
    subscribing = call(1, "localsocket.subscribe", "ticks") + call(2, "add", 2, 3)
    assert served.drops(CLIENT + subscribing + frame(CALL, 3, b"\xc1"))
    wait_until(lambda: served.ticks.subscribers == 0)


def test_a_subscription_whose_cancel_came_along_with_a_broken_frame_ends(served: Served) -> None:
    with served.peer(CLIENT, call(1, "localsocket.subscribe", "ticks")) as peer:
        until(peer, STREAM)
        assert served.ticks.subscribers == 1
        peer.sendall(frame(CANCEL, 1) + frame(REPLY, 1))
        to_the_end(peer)
        wait_until(lambda: served.ticks.subscribers == 0)


UNFIT = {
    "nested": b"\x91" * 300 + b"\x01",
    "not utf-8": b"\x92\xa1\xff\x01",
    "a map": b"\x81\xa1x\x01",
    "text": b"\xa2ab",
    "nothing": b"\xc0",
    "of no type": b"\x92\x01\xc7\x01\x05\x00",
    "a map of maps": b"\x92\x01\x81\x80\x00",
    "a time that there never was": b"\x92\x01\xc7\x0c\xff" + b"\xff" * 12,
}


def test_arguments_that_do_not_fit_are_refused_and_the_peer_stays(served: Served) -> None:
    for name, arguments in UNFIT.items():
        for body in (b"\x93\xa3add\xc0" + arguments, b"\x94\xa3add\xc0\x90" + arguments):
            with served.peer(CLIENT, frame(CALL, 1, body), call(2, "add", 1, 1)) as peer:
                _, (kind, number, refused), last = until(peer, REPLY)
            assert (kind, number) == (FAILURE, 1), name
            assert unpack(refused)[0] == "bad-arguments", name
            assert last == (REPLY, 2, b"\x02"), name


def test_a_timeout_beyond_all_time_is_none(served: Served) -> None:
    for number, timeout in enumerate([math.inf, 1e300, 2**64 - 1, 1e9], start=1):
        with served.peer(CLIENT, call(number, "add", 2, 3, timeout=timeout)) as peer:
            assert until(peer, REPLY)[-1] == (REPLY, number, b"\x05"), timeout


def test_a_timeout_of_nothing_is_over_at_once(served: Served) -> None:
    for timeout in [0, 0.0, -0.0, 5e-324]:
        with served.peer(CLIENT, call(1, "add", 2, 3, timeout=timeout)) as peer:
            code, _, parts = unpack(until(peer, FAILURE)[-1][2])
        assert (code, parts) == ("too-late", {"doing": "calling 'add'", "timeout": timeout})


def test_a_promised_gibibyte_costs_no_memory(served: Served) -> None:
    tracemalloc.start()
    try:
        assert served.drops(CLIENT + HEADER.pack(1 << 30, CALL, 0, 0, 1) + bytes(100_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB


@pytest.mark.parametrize("streams", [1, 2, 50])
def test_credit_without_end_has_a_stream_go_on_no_further_than_its_peer_reads(served: Served, streams: int) -> None:
    """Many streams that begin together are as many that could be made before a byte of them is sent."""
    flood = b"".join(frame(CREDIT, number + 1, pack(2**64 - 1)) for number in range(streams)) * 10
    calls = b"".join(call(number + 1, "endless") for number in range(streams))
    with served.peer(greeting("client", stream_window=2**63), calls + flood) as peer:
        wait_until(lambda: served.service.stats().bytes_unsent >= MIB // 2, "the stream to be held back")
        assert served.is_well()
        assert served.made * 1000 < 6 * MIB
        until(peer, STREAM)
        assert served.is_well()


def test_a_flood_of_credits_and_cancels_for_calls_that_are_not_there_is_no_more_than_read(served: Served) -> None:
    flood = b"".join(frame(CREDIT, number, pack(2**64 - 1)) + frame(CANCEL, number) for number in range(5000))
    with served.peer(CLIENT, flood, call(1, "add", 2, 3)) as peer:
        assert until(peer, REPLY)[-1] == (REPLY, 1, b"\x05")


# --- a message socket and who talks to it -----------------------------------------------------------------------------


def said_to_a_message_socket(said: bytes, *, is_async: bool, kind: Any = Any) -> Any:
    """Return what receive() gives, or raise what it raises, when the peer says this and ends."""
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    connection = LocalSocket.adopt_descriptor(own.detach())
    with other, Background(say_and_end, other, said):
        if is_async:
            return asyncio.run(_received(connection, kind))
        with MessageSocket(connection, kind=kind) as messages:
            return messages.receive(timeout=PATIENCE)


async def _received(connection: LocalSocket, kind: Any) -> Any:
    async with aio.MessageSocket(aio.adopt(connection), kind=kind) as messages:
        return await messages.receive(timeout=PATIENCE)


def say_and_end(peer: socket.socket, said: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        peer.sendall(said)
        peer.shutdown(socket.SHUT_WR)


faces = pytest.mark.parametrize("is_async", [False, True], ids=["blocking", "asyncio"])
MESSAGES = greeting("messages")


@faces
@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", PeerBrokeProtocol),
        (CLIENT, PeerBrokeProtocol),
        (MESSAGES[:-1], PeerBrokeProtocol),
        (greeting("messages", serializer="json"), PeerBrokeProtocol),
        (MESSAGES + call(1, "add"), PeerBrokeProtocol),
        (MESSAGES + frame(MESSAGE, 1, b"\x01"), PeerBrokeProtocol),
        (MESSAGES + frame(MESSAGE, 0, b"\x01")[:-1], PeerBrokeProtocol),
        (MESSAGES + HEADER.pack(1 << 30, MESSAGE, 0, 0, 0), MessageTooLong),
        (MESSAGES + frame(MESSAGE, 0, DEEP), PeerBrokeProtocol),
        (MESSAGES + frame(MESSAGE, 0, b"\xa1\xff"), PeerBrokeProtocol),
        (MESSAGES + frame(MESSAGE, 0, b"\xdd\x7f\xff\xff\xff"), PeerBrokeProtocol),
        (MESSAGES, EOFError),
    ],
    ids=lambda value: str(value[-12:].hex()) if isinstance(value, bytes) else None,
)
def test_what_is_no_message_is_one_of_our_errors(is_async: bool, said: bytes, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        said_to_a_message_socket(said, is_async=is_async)
    assert isinstance(raised.value, LocalSocketError)


@faces
def test_a_message_of_another_type_is_consumed_and_the_next_is_read(is_async: bool) -> None:
    both = MESSAGES + frame(MESSAGE, 0, pack("one")) + frame(MESSAGE, 0, pack(2))
    with pytest.raises(PeerBrokeProtocol, match=r"the peer's message cannot be read as msgpack: ."):
        said_to_a_message_socket(both, is_async=is_async, kind=int)
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with other, MessageSocket(LocalSocket.adopt_descriptor(own.detach()), kind=int) as messages:
        other.sendall(both)
        with pytest.raises(PeerBrokeProtocol):
            messages.receive(timeout=PATIENCE)
        assert messages.receive(timeout=PATIENCE) == 2


# --- a client and what it is told -------------------------------------------------------------------------------------


class BadService:
    """Greets as a service, and gives each call the same answer, whatever that is."""

    def __init__(self, answer: Callable[[int], bytes], greeting: bytes = SERVICE) -> None:
        self._answer = answer
        self._greeting = greeting

    def __call__(self, connection: LocalSocket) -> None:
        connection.write(self._greeting)
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                length, kind, _, _, number = HEADER.unpack(connection.read_exactly(HEADER.size))
                connection.read_exactly(length)
                if kind == CALL:
                    connection.write(self._answer(number))


class Odd(Exception):
    """An error that is declared, and has no room for what the peer says of it."""

    @property
    def code(self) -> int:
        return 7


Asked = Literal["blocking", "asyncio"]


def asked(face: Asked, bad: BadService) -> Any:
    """Return what a call of the bad service gives, or raise what it raises."""
    with ServerThread(ADDRESS, bad):
        if face == "asyncio":
            return asyncio.run(_asked())
        with Client(ADDRESS, timeout=PATIENCE, call_timeout=PATIENCE, errors=[Odd, OSError]) as client:
            result = client.call("add", 2, 3)
            return list(result) if isinstance(result, Iterator) else result


async def _asked() -> Any:
    async with aio.Client(ADDRESS, timeout=PATIENCE, call_timeout=PATIENCE, errors=[Odd, OSError]) as client:
        result = await client.call("add", 2, 3)
        return [each async for each in result] if hasattr(result, "__aiter__") else result


def failing(code: str, **parts: object) -> Callable[[int], bytes]:
    return lambda number: frame(FAILURE, number, pack([code, "so it is", parts]))


@pytest.mark.parametrize("face", ["blocking", "asyncio"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda number: frame(REPLY, number, b"\xc1"), BadResult),
        (lambda number: frame(REPLY, number, b"\xa1\xff"), BadResult),
        (lambda number: frame(REPLY, number, DEEP), BadResult),
        (lambda number: frame(REPLY, number, b"\xdd\x7f\xff\xff\xff"), BadResult),
        (lambda number: frame(FAILURE, number, b"\xc1"), PeerBrokeProtocol),
        (lambda number: frame(FAILURE, number, b"\x92\xa1\xff\xa0"), PeerBrokeProtocol),
        (lambda number: frame(FAILURE, number, b"\x93\xa0\xa0\x81\xa0" + DEEP[:-20]), PeerBrokeProtocol),
        (lambda number: frame(REPLY, number + 1, b"\x01"), PeerBrokeProtocol),
        (lambda number: frame(ITEM, number, b"\x01"), PeerBrokeProtocol),
        (lambda number: frame(STREAM, number) + frame(REPLY, number, b"\x01"), PeerBrokeProtocol),
        (lambda number: call(number, "add"), PeerBrokeProtocol),
        (lambda number: HEADER.pack(1 << 30, REPLY, 0, 0, number), MessageTooLong),
        (failing("never heard of"), CallFailed),
        (failing("not-allowed"), CallFailed),
        (failing("not-allowed", method=[1]), NotAllowed),
        (failing("too-late", doing={}, timeout=[]), DeadlinePassed),
        (failing("no-such-method", method="a", service="b", similar=7), CallFailed),
        (failing("raised", name="Odd", arguments=7, attributes={}), CallFailed),
        (failing("raised", name="Odd", arguments=[], attributes=7), CallFailed),
        (failing("raised", name="Odd", arguments=[], attributes={"code": 8}), CallFailed),
        (failing("raised", name="Odd", arguments=[], attributes={"args": 8}), CallFailed),
        (failing("raised", name=[], arguments=[], attributes={}), LocalSocketError),
        (failing("raised", name="OSError", arguments=[1, 2, 3, 4, 5, 6, 7], attributes={}), OSError),
        (failing("raised", name="OSError", arguments=["x", "y"], attributes={"errno": "x"}), OSError),
    ],
)
def test_whatever_a_service_answers_the_caller_gets_an_error_that_is_documented(
    face: Asked, answer: Callable[[int], bytes], error: type[Exception]
) -> None:
    with pytest.raises(error):
        asked(face, BadService(answer))


@pytest.mark.parametrize("face", ["blocking", "asyncio"])
def test_who_waits_is_woken_though_its_answer_came_along_with_a_broken_frame(face: Asked) -> None:
    assert asked(face, BadService(lambda number: frame(REPLY, number, b"\x07") + frame(REPLY, number + 1))) == 7


@pytest.mark.parametrize("face", ["blocking", "asyncio"])
@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 400 Bad Request\r\n", CLIENT, MESSAGES, greeting_of(b"\xc1"), greeting_of(b"", version=9)]
)
def test_a_client_does_not_call_who_is_no_service(face: Asked, first: bytes) -> None:
    with pytest.raises(PeerBrokeProtocol):
        asked(face, BadService(lambda number: frame(REPLY, number, b"\x07"), first))


@pytest.mark.parametrize("is_async", [False, True], ids=["loop", "asyncio"])
def test_a_declared_error_that_is_longer_than_a_message_costs_its_call_alone(is_async: bool) -> None:
    service = Service("demo.talkative", errors=[ValueError])

    @service.method
    def fail() -> None:
        raise ValueError("x" * MIB)

    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    if is_async:

        @service.method
        async def idle() -> None: ...

    with ServerThread(ADDRESS, service), Client(ADDRESS, timeout=PATIENCE) as client:
        with pytest.raises(CallFailed, match="too long to be sent"):
            client.call("fail", timeout=PATIENCE)
        with pytest.raises(CallFailed, match="too long to be sent"):
            client.call("add", 2, 3, **{"x" * (MIB // 2): 1}, timeout=PATIENCE)
        assert client.call("add", 2, 3, timeout=PATIENCE) == 5
        assert client.stats().connections == 1


def test_answers_that_are_gathered_are_not_overtaken_while_they_are_sent() -> None:
    """What another thread sends meanwhile comes after them."""
    service = Service("demo.order")
    service.method(_itself, name="itself")
    sent: list[bytes] = []
    others: list[Background[None]] = []
    waiting: list[ServedCall] = []

    class Link:
        """Has the other thread send at the worst moment."""

        bytes_to_write = 0

        def write(self, data: bytes) -> None:
            if waiting:
                others.append(Background(session.reply, waiting.pop(), 2))
                with contextlib.suppress(AssertionError):
                    others[0].result(0.1)  # it has the time to overtake, and waits instead
            sent.append(data)

        def abort(self) -> None: ...
        def pause_reading(self) -> None: ...
        def resume_reading(self) -> None: ...

    session = session_of(service, Link())
    session.receive(CLIENT + call(1, "itself", 1) + call(2, "itself", 2))
    first, *waiting = taken_from(session)
    assert [kind for kind, _, _ in frames_in(sent.pop())] == [GREETING]
    holder = session.hold()
    session.reply(first, 1)
    session.release(holder)
    others[0].result()
    assert sent == [frame(REPLY, 1, b"\x01"), frame(REPLY, 2, b"\x02")]


def test_a_session_that_is_lost_while_it_refuses_calls_forgets_the_others() -> None:
    service = Service("demo.lost")

    class Link:
        """Has room for a greeting and no more, and ends at once then."""

        bytes_to_write = 0
        has_greeted = False

        def write(self, data: bytes) -> None:
            if self.has_greeted:
                raise WriteBufferFull(1, 1)
            self.has_greeted = True

        def abort(self) -> None:
            session.lost()

        def pause_reading(self) -> None: ...
        def resume_reading(self) -> None: ...

    session = session_of(service, Link())
    session.receive(CLIENT + call(1, "no such method") + call(2, "localsocket.describe"))
    assert taken_from(session) == []
    assert (session.is_over, session.active_calls) == (True, 0)


def session_of(service: Service, link: Any) -> Session:
    return Session(service, localsocket.PeerCredentials(pid=1, uid=0, gid=0), link, lambda session: None)


def taken_from(session: Session) -> list[ServedCall]:
    return list(iter(session.take_next, None))


def _itself(value: int) -> int:
    return value
