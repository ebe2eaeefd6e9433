"""Bad input, one row for each kind: a clear error at the right end, and nothing lost or left behind.

What each row leaves is looked for by the fixtures of all tests: descriptors, threads, processes and files. More lies of
arrays than one are in `values/test_arrays.py`, and more lines of assistants in `assistants/test_conversation.py`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy
import pytest

import localsocket
from assistants.conftest import ADDRESS as SHOP
from assistants.conftest import shim
from contracts import AioFace, BlockingFace, MessageFace, ServingInLoop, ServingInThread
from contracts.both_ways_claims import a_caller_that_never_answers_costs_its_call_and_nothing_else, both_ends
from contracts.service_faces import WaitedCalls
from localsocket import Client, Codec, Service, aio
from localsocket.errors import (
    BadArguments,
    BadResult,
    CallFailed,
    CallsTooDeep,
    ClosedByPeer,
    PeerBrokeProtocol,
    UnsuitableDescriptor,
    UnsuitableMessage,
)
from localsocket.mcp.json_rpc import INVALID_REQUEST, METHOD_NOT_FOUND
from localsocket.services.calling_side import DEEPEST
from localsocket.testing import PATIENCE, wait_until
from localsocket.values.arrays import ARRAY
from values.matrix import Money

ADDRESS = "bad.input"


class Face(NamedTuple):
    """One of the APIs, at both ends."""

    serving: ServingInThread
    messages: MessageFace

    def waited(self, calls: Any) -> Any:
        """Return the ways to call that a method was given, for this thread."""
        return WaitedCalls(self.messages, calls) if isinstance(self.messages, AioFace) else calls


@pytest.fixture(params=["blocking", "aio"])
def face(request: pytest.FixtureRequest) -> Iterator[Face]:
    if request.param == "blocking":
        yield Face(ServingInThread(is_async=False), BlockingFace())
        return
    with AioFace() as loop:
        yield Face(ServingInLoop(loop, is_async=True, clients=loop), loop)


# --- values -----------------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A value that is not good, one of its kind that is, and what either end says of its type."""

    value: Any
    good: Any
    kind: Any
    sender: list[Codec[Any]]
    receiver: list[Codec[Any]]
    told: str
    """What the error has in it."""


def lie(dtype: str, shape: list[int]) -> msgspec.msgpack.Ext:
    """Return what a peer may send as an array: eight bytes, and what it says of them."""
    header = msgspec.msgpack.encode([dtype, shape])
    return msgspec.msgpack.Ext(ARRAY, len(header).to_bytes(2, "big") + header + bytes(8))


def raises(value: Any) -> Any:
    raise KeyError(f"of {value!r}")


def array(value: Any, told: str) -> Row:
    return Row(value, numpy.arange(3), numpy.ndarray, [], [], told)


def money(told: str, sender: list[Codec[Any]], receiver: list[Codec[Any]]) -> Row:
    return Row(Money(7), 8, Money, sender, receiver, told)


GOOD = [Codec(Money, lambda money: money.cents, Money, form=int)]
RAISES_FIRST = [Codec(Money, raises, Money, form=int)]
GIVES_ANYTHING = [Codec(Money, lambda money: object(), Money)]
GIVES_ITSELF = [Codec(Money, lambda money: money, Money)]
GIVES_ANOTHER = [Codec(Money, lambda money: "7", Money, form=int)]


def odd(make: Callable[[int], Any]) -> list[Codec[Any]]:
    """Return a Codec whose decode does something else with 7."""
    return [
        Codec(Money, lambda money: money.cents, lambda cents: make(cents) if cents == 7 else Money(cents), form=int)
    ]


REFUSED_BY_ITS_SENDER = {
    "an array of objects": array(numpy.array([object()]), "object"),
    "an array of structures": array(numpy.zeros(2, dtype=[("a", "i4"), ("b", "f8")]), "cannot be sent"),
    "a codec whose encode raises": money("encode of the Codec of Money raised KeyError", RAISES_FIRST, GOOD),
    "a codec whose encode gives what cannot be sent": money("object", GIVES_ANYTHING, GOOD),
    "a codec whose encode gives itself": money("Money", GIVES_ITSELF, GOOD),
}
REFUSED_BY_ITS_RECEIVER = {
    "an array whose shape lies about its bytes": array(lie("<f8", [2]), "has 16 bytes, but 8 arrived"),
    "an array that says to be of objects": array(lie("|O", [1]), "is not accepted"),
    "an array that says to be of structures": array(lie("i4,f4", [1]), "is not accepted"),
    "a codec whose encode gives another type": money("Expected `int`, got `str`", GIVES_ANOTHER, GOOD),
    "a codec whose decode raises": money("decode of the Codec of Money raised KeyError", GOOD, odd(raises)),
    "a codec whose decode gives another type": money("gave int, not Money", GOOD, odd(lambda cents: cents)),
    "a codec whose decode gives nothing": money("gave NoneType, not Money", GOOD, odd(lambda cents: None)),
}

ROWS = {**REFUSED_BY_ITS_SENDER, **REFUSED_BY_ITS_RECEIVER}


def is_good(value: Any) -> bool:
    return value == Money(8) if isinstance(value, Money) else numpy.array_equal(value, numpy.arange(3))


def in_either_form(face: Face, plain: Callable[..., Any], **kinds: Any) -> Callable[..., Any]:
    """Return a function of one parameter, or of none, as the face's services have them, with those annotations."""

    async def of_one(value: Any) -> Any:
        return plain(value)

    async def of_none() -> Any:
        return plain()

    function: Any = plain
    if face.serving.is_async:
        function = of_one if "value" in kinds else of_none
    function.__annotations__ = kinds
    return function  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_argument_fails_its_call_alone(face: Face, name: str) -> None:
    row = ROWS[name]
    service = Service("bank", types=row.receiver)
    service.method(
        in_either_form(face, lambda value: 1, **{"value": types.GenericAlias(list, row.kind), "return": int}),
        name="take",
    )
    expected: type[Exception] = UnsuitableMessage if name in REFUSED_BY_ITS_SENDER else BadArguments
    with face.serving.serve(service, ADDRESS), face.serving.connect(ADDRESS, types=row.sender) as client:
        with pytest.raises(expected, match=row.told) as told:
            client.call("take", [row.value])
        if isinstance(told.value, BadArguments):
            assert told.value.path.startswith("value")
        assert client.call("take", [row.good]) == 1
        assert service.stats().calls == (2 if expected is BadArguments else 1)
        assert (client.stats().active_calls, client.stats().connections) == (0, 1)


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_result_or_item_fails_its_call_and_a_bad_message_of_a_topic_itself(face: Face, name: str) -> None:
    row = ROWS[name]

    def items() -> Iterator[Any]:
        yield row.good
        yield row.value

    service = Service("bank", types=row.sender)
    service.method(in_either_form(face, lambda: row.value, **{"return": Any}), name="give")
    service.method(items)
    topic = service.topic("payments", Any)
    bank = type("Bank", (), {"give": said(row.kind), "items": said(types.GenericAlias(Iterator, row.kind))})
    expected = CallFailed if name in REFUSED_BY_ITS_SENDER else BadResult
    with face.serving.serve(service, ADDRESS), face.serving.connect(ADDRESS, types=row.receiver) as client:
        typed, payments = client.typed(bank), client.subscribe("payments", row.kind)
        with pytest.raises(expected, match="give") as told:
            typed.give()
        assert expected is CallFailed or row.told in str(told.value)
        if expected is BadResult and row.kind is numpy.ndarray:  # which whoever says nothing of the method refuses, too
            with pytest.raises(BadResult, match="give"):
                client.call("give")
        stream = typed.items()
        assert is_good(next(stream))
        with pytest.raises(expected, match="items"):
            next(stream)
        stream.close()
        topic.publish(row.good)
        if expected is CallFailed:
            with pytest.raises(BadResult, match=row.told):
                topic.publish(row.value)
        else:
            topic.publish(row.value)
        topic.publish(row.good)
        assert is_good(payments.receive(timeout=PATIENCE))
        if expected is BadResult:
            with pytest.raises(BadResult, match=f"the message: .*{row.told}"):
                payments.receive(timeout=PATIENCE)
        assert is_good(payments.receive(timeout=PATIENCE))
        payments.close()
        wait_until(lambda: service.stats().active_calls == client.stats().active_calls == 0)
        assert (client.stats().connections, service.stats().dropped_peers) == (1, 0)


def said(kind: Any) -> Callable[[Any], Any]:
    def method(self: Any) -> Any: ...

    method.__annotations__ = {"return": kind}
    return method


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_message_of_a_socket_is_refused_and_those_around_it_arrive(face: Face, name: str) -> None:
    row = ROWS[name]
    options: list[Any] = [{"types": row.sender}, {"kind": row.kind, "types": row.receiver}]
    with face.messages.message_pair(*options) as (one, other):
        one.send(row.good, timeout=PATIENCE)
        if name in REFUSED_BY_ITS_SENDER:
            with pytest.raises(UnsuitableMessage, match=row.told):
                one.send(row.value, timeout=PATIENCE)
        else:
            one.send(row.value, timeout=PATIENCE)
        one.send(row.good, timeout=PATIENCE)
        assert is_good(other.receive(timeout=PATIENCE))
        if name in REFUSED_BY_ITS_RECEIVER:
            with pytest.raises(PeerBrokeProtocol, match=row.told):
                other.receive(timeout=PATIENCE)
        assert is_good(other.receive(timeout=PATIENCE))


# --- both ways --------------------------------------------------------------------------------------------------------


def test_a_caller_that_never_answers_calls_of_its_server(face: Face) -> None:
    a_caller_that_never_answers_costs_its_call_and_nothing_else(face.serving)


def test_both_ends_call_each_other_at_once_to_the_depth_limit(face: Face) -> None:
    with both_ends(face.serving, errors=[CallsTooDeep]) as (client, mine, theirs, _):
        client.call("remember")
        caller = face.waited(theirs.callers.pop())
        for end in (client, caller):
            assert end.call("deep", 1) == 2
        pending = [end.start("deep", DEEPEST - 1) for end in (client, caller)]
        assert [each.result() for each in pending] == [DEEPEST] * 2
        for each in [end.start("deep", 3 * DEEPEST) for end in (client, caller)]:
            with pytest.raises(CallsTooDeep):
                each.result()
        assert [end.call("deep", 1) for end in (client, caller)] == [2, 2]
        wait_until(lambda: mine.service.stats().active_calls == theirs.service.stats().active_calls == 0)


def in_loop(make: Callable[..., Any]) -> Callable[..., Any]:
    async def use(*arguments: Any, **options: Any) -> None:
        await make(*arguments, **options)

    return lambda *arguments, **options: asyncio.run(use(*arguments, **options))


@pytest.mark.parametrize("serves", [False, True], ids=["calls", "calls and serves"])
@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"?" * 64, bytes(64)], ids=["HTTP", "text", "zeros"]
)
@pytest.mark.parametrize("make", [Client, aio.Client], ids=["blocking", "aio"])
def test_a_peer_that_says_something_else_than_a_greeting(make: Any, said: bytes, serves: bool) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(said)
        client = make(ours, serves=Service("host") if serves else None, timeout=PATIENCE)
        with pytest.raises(PeerBrokeProtocol):
            client.open() if make is Client else in_loop(client.open)()


@pytest.mark.parametrize("start", [localsocket.spawn, in_loop(aio.spawn)], ids=["blocking", "aio"])
def test_a_child_that_dies_before_it_greets(start: Callable[..., Any]) -> None:
    with pytest.raises(ClosedByPeer, match="ended with status 3"):
        start(["/bin/sh", "-c", "exit 3"], serves=Service("host"))


# --- fd: --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def descriptor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Give a descriptor that is none of a connection, and see that it is still what it was."""
    kind = request.param
    if kind == "closed":
        number = os.dup(0)
        os.close(number)
        yield number
        return
    if kind == "file":
        file: Any = (tmp_path / "file").open("w")
    else:
        stream = socket.SOCK_DGRAM if kind == "datagrams" else socket.SOCK_STREAM
        file = socket.socket(socket.AF_INET if kind == "tcp" else socket.AF_UNIX, stream)
    with file:
        if kind == "listening":
            file.bind(str(tmp_path / "x"))
            file.listen()
        before = os.fstat(file.fileno()).st_ino
        yield file.fileno()
        assert os.fstat(file.fileno()).st_ino == before


CONNECTING: dict[str, Callable[[str], Any]] = {
    "connect": localsocket.connect,
    "connect_messages": localsocket.connect_messages,
    "Client": lambda address: Client(address).open(),
    "Client of the number": lambda address: Client(int(address.removeprefix("fd:"))).open(),
    "Client that serves": lambda address: Client(address, serves=Service("x")).open(),
    "aio.connect": in_loop(aio.connect),
    "aio.connect_messages": in_loop(aio.connect_messages),
    "aio.Client": in_loop(lambda address: aio.Client(address).open()),
    "aio.Client that serves": in_loop(lambda address: aio.Client(address, serves=Service("x")).open()),
}
LISTENING: dict[str, Callable[[str], Any]] = {
    "listen": localsocket.listen,
    "ServerThread": lambda address: localsocket.ServerThread(address, Service("x")).start(),
    "aio.listen": in_loop(aio.listen),
    "aio.serve": in_loop(lambda address: aio.serve(address, Service("x"))),
}


NO_CONNECTION = ["closed", "file", "tcp", "datagrams"]
CASES = [
    *((way, kind) for way in CONNECTING for kind in [*NO_CONNECTION, "listening"]),
    *((way, kind) for way in LISTENING for kind in NO_CONNECTION),
]


@pytest.mark.parametrize(("way", "descriptor"), CASES, indirect=["descriptor"])
def test_a_descriptor_of_something_else(descriptor: int, way: str) -> None:
    with pytest.raises(UnsuitableDescriptor, match=str(descriptor)) as refused:
        {**CONNECTING, **LISTENING}[way](f"fd:{descriptor}")
    assert refused.value.fd == descriptor


# --- assistants -------------------------------------------------------------------------------------------------------


@pytest.fixture
def begun() -> threading.Event:
    return threading.Event()


@pytest.fixture
def ended() -> threading.Event:
    return threading.Event()


@pytest.fixture
def shop(begun: threading.Event, ended: threading.Event) -> Service:
    shop = Service("shop")

    @shop.method
    def price(name: str) -> float:
        return 2.5

    @shop.method
    def wait() -> Iterator[int]:
        begun.set()
        try:
            while True:
                yield 1
        finally:
            ended.set()

    return shop


def line(method: str, number: int) -> str:
    return f'{{"jsonrpc": "2.0", "id": {number}, "method": "{method}", "params": {{}}}}'


LINES = {
    "a request before initialize": (None, line("tools/list", 7), 7, INVALID_REQUEST),
    "an unknown method": ("2025-06-18", line("tools/lisp", 7), 7, METHOD_NOT_FOUND),
    "an unknown method before initialize": (None, line("tools/lisp", 7), 7, METHOD_NOT_FOUND),
    "a batch where none is agreed on": ("2025-06-18", f"[{line('ping', 7)}, {line('ping', 8)}]", None, INVALID_REQUEST),
    "a batch of nothing": ("2025-03-26", "[]", None, INVALID_REQUEST),
}


@pytest.mark.parametrize("name", LINES)
def test_a_request_of_an_assistant_that_cannot_be_served_is_answered_and_those_behind_it(
    shop: Service,
    name: str,
) -> None:
    version, sent, number, code = LINES[name]
    with localsocket.ServerThread(SHOP, shop), shim() as assistant:
        if version is not None:
            assistant.agree(version)
        assistant.write(f"{sent}\n".encode())
        answer = assistant.read()
        assert (answer["id"], answer["error"]["code"]) == (number, code)
        if version is None:
            assistant.agree()
        assert not assistant.call("price", {"name": "bread"})["isError"]
        assert (shop.stats().calls, shop.stats().active_calls) == (2, 0)  # its description, and this


@pytest.mark.parametrize("is_batch", [False, True], ids=["alone", "in a batch"])
def test_a_request_that_an_assistant_cancels_has_no_answer_and_ends_where_it_is_served(
    shop: Service, begun: threading.Event, ended: threading.Event, is_batch: bool
) -> None:
    asked = '{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "wait", "arguments": {}}}'
    with localsocket.ServerThread(SHOP, shop), shim() as assistant:
        assistant.agree("2025-03-26")
        assistant.write(f"[{asked}]\n".encode() if is_batch else f"{asked}\n".encode())
        assert begun.wait(PATIENCE)
        assistant.say("notifications/cancelled", {"requestId": 7})
        assert ended.wait(PATIENCE)
        assert not assistant.call("price", {"name": "bread"}, 8)["isError"]  # and not the answer to the other
        wait_until(lambda: not shop.stats().active_calls)
