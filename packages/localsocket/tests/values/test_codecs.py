"""Types that users tell of, and what happens where one of their functions does something else than it should."""

from __future__ import annotations

import dataclasses
import logging
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from contracts import AioFace, ServiceFace, ServingInLoop, ServingInThread
from localsocket import Codec, MessageSocket, Service, aio, pair
from localsocket.errors import BadArguments, BadResult, CallFailed, PeerBrokeProtocol, UnsuitableMessage, UnsuitableType
from localsocket.services.schema import Result
from localsocket.values.known_types import KnownTypes
from values.matrix import Circle, Money, Square

ADDRESS = "values.codecs"


@pytest.fixture(params=["events-blocking", "asyncio-aio"])
def face(request: pytest.FixtureRequest) -> Iterator[ServiceFace]:
    if request.param == "events-blocking":
        yield ServingInThread(is_async=False)
        return
    with AioFace() as loop:
        yield ServingInLoop(loop, is_async=True, clients=loop)


def raises(value: Any) -> Any:
    raise KeyError(f"of {value!r}")


def bank(face: ServiceFace, codec: Codec[Any]) -> Service:
    """Return a service whose methods take money, and give some."""
    service = Service("bank", types=[codec])

    def take(money: list[Money]) -> int:
        return money[0].cents

    def give(cents: int) -> Money:
        return Money(cents)

    def items(cents: int) -> Iterator[Money]:
        yield Money(cents)

    async def take_later(money: list[Money]) -> int:
        return take(money)

    async def give_later(cents: int) -> Money:
        return give(cents)

    service.method(take_later if face.is_async else take, name="take")
    service.method(give_later if face.is_async else give, name="give")
    service.method(items)
    return service


BROKEN = {
    "encode raises": Codec(Money, raises, Money, form=int),
    "encode gives what cannot be sent": Codec(Money, lambda money: object(), Money),
    "encode gives itself": Codec(Money, lambda money: money, Money),
    "encode gives another form": Codec(Money, lambda money: "7", Money, form=int),
    "decode raises": Codec(Money, lambda money: money.cents, raises, form=int),
    "decode gives another type": Codec(Money, lambda money: money.cents, lambda cents: cents, form=int),  # type: ignore[arg-type,return-value] # it should not
    "decode gives None": Codec(Money, lambda money: money.cents, lambda cents: None, form=int),  # type: ignore[arg-type,return-value] # it should not
}
GOOD = Codec(Money, lambda money: money.cents, Money, form=int)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_codec_fails_the_call_alone(face: ServiceFace, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with face.serve(bank(face, BROKEN[name]), ADDRESS), face.connect(ADDRESS, types=[GOOD]) as client:
        if name.startswith("decode"):
            with pytest.raises(BadArguments, match="money"):
                client.call("take", [Money(7)])
        with pytest.raises(CallFailed):
            client.call("give", 7)
        with pytest.raises(CallFailed):
            list(client.stream("items", 7))
        assert client.call("take", [8]) == 8 if name.startswith("encode") else True
        assert client.describe().name == "bank"
    assert all(record.levelno == logging.ERROR for record in caplog.records)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_codec_of_a_client_sends_nothing_or_tells_what_came(face: ServiceFace, name: str) -> None:
    class Bank(typing.Protocol):
        def give(self, cents: int) -> Money: ...

    with face.serve(bank(face, GOOD), ADDRESS), face.connect(ADDRESS, types=[BROKEN[name]]) as client:
        if name.startswith("encode") and name != "encode gives another form":
            with pytest.raises(UnsuitableMessage, match=r"Money|object"):
                client.call("take", [Money(7)])
        elif name == "encode gives another form":
            with pytest.raises(BadArguments, match=r"money\[0\]"):
                client.call("take", [Money(7)])
        else:
            with pytest.raises(BadResult, match="the result"):
                client.typed(Bank).give(7)
        assert client.call("take", [8]) == 8


def test_a_broken_codec_of_a_message_socket_leaves_the_connection() -> None:
    first, second = pair()
    with (
        MessageSocket(first, types=[BROKEN["encode raises"]]) as one,
        MessageSocket(second, kind=Money, types=[BROKEN["decode raises"]]) as other,
    ):
        with pytest.raises(UnsuitableMessage, match="encode of the Codec of Money raised KeyError"):
            one.send(Money(7))
        one.send(7)
        with pytest.raises(PeerBrokeProtocol, match="decode of the Codec of Money raised KeyError"):
            other.receive(timeout=60)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Codec(int, str, int), "int needs no Codec"),
        (lambda: Codec(dict, str, dict), "dict needs no Codec"),
        (lambda: Codec(object, str, object), "object needs no Codec"),
        (lambda: Codec(list[int], str, list), "takes the class"),  # type: ignore[arg-type] # it is none
        (lambda: Codec(Money, None, Money), "encode of the Codec of Money is a function"),  # type: ignore[arg-type]
        (lambda: Service("x", types=[Money]), "types takes what tells how a class is sent"),  # type: ignore[list-item]
        (lambda: Service("x", types=[GOOD, GOOD]), "two Codecs of Money"),
        (lambda: aio.Client("x", types=[Money]), "types takes what tells"),  # type: ignore[list-item] # it is none
    ],
)
def test_what_is_no_codec_is_refused_at_once(make: Any, error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        make()


# --- unions of dataclasses --------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Labelled:
    type: str


@dataclasses.dataclass
class Ring:
    size: float


def other_circle() -> Any:
    return dataclasses.make_dataclass("Circle", [("x", int)])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Circle | Labelled, "Labelled has a field 'type'"),
        (list[Circle | other_circle()], "two dataclasses of a union have the same name"),
    ],
)
def test_a_union_that_could_not_be_told_apart_is_refused_at_registration(kind: Any, reason: str) -> None:
    with pytest.raises(UnsuitableType, match=reason) as caught:
        Service("shapes").topic("drawn", kind)
    assert caught.value.path == "message"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"type": "Triangle", "size": 1.0}, "to be one of Circle, Square, got 'Triangle'"),
        ({"type": 5, "size": 1.0}, "to be one of Circle, Square, got '5'"),
        ({"type": "Circle", "size": "wide"}, "Expected `float`, got `str`, at `.size` of it"),
        ({"type": "Circle"}, "missing required field `size`"),
        ({"width": 1.0}, "Expected an object with 'type', which is one of Circle, Square"),
        ([1.0], "Expected an object with 'type'"),
        (None, "Expected an object with 'type'"),
    ],
)
def test_what_says_of_itself_to_be_another_is_refused(value: Any, reason: str) -> None:
    result = Result("f", Circle | Square, KnownTypes())
    with pytest.raises(BadResult) as caught:
        result.read(msgspec.msgpack.encode(value))
    assert reason in str(caught.value)


def test_one_that_does_not_say_which_it_is_has_to_have_fields_of_its_own() -> None:
    known = KnownTypes()
    plain = msgspec.msgpack.encode({"size": 1.0})
    assert Result("f", Circle | Square, known).read(plain) == Circle(1.0)
    with pytest.raises(BadResult, match="Expected an object with 'type'"):
        Result("f", Circle | Ring, known).read(plain)


def test_what_derives_from_a_dataclass_of_a_union_says_to_be_that() -> None:
    @dataclasses.dataclass
    class Dot(Circle):
        pass

    result = Result("f", Circle | Square, KnownTypes())
    assert result.read(result.write(Dot(1.0))) == Circle(1.0)
