"""Types that users tell of, and unions that are told apart by what they say of themselves.

What happens where a function of a Codec does something else than it should is in `services/test_bad_input.py`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from localsocket import Codec, Service, aio
from localsocket.errors import BadResult, UnsuitableType
from localsocket.services.schema import Result
from localsocket.values.known_types import KnownTypes
from values.matrix import Circle, Money, Square

GOOD = Codec(Money, lambda money: money.cents, Money, form=int)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Codec(int, str, int), "int needs no Codec"),
        (lambda: Codec(dict, str, dict), "dict needs no Codec"),
        (lambda: Codec(object, str, object), "object needs no Codec"),
        (lambda: Codec(list[int], str, list), "takes the class"),  # type: ignore[arg-type] # it is none
        (lambda: Codec(Money, None, Money), "encode of the Codec of Money must be a function"),  # type: ignore[arg-type]
        (lambda: Service("x", types=[Money]), "types takes codecs, such as"),  # type: ignore[list-item]
        (lambda: Service("x", types=[GOOD, GOOD]), "two Codecs of Money"),
        (lambda: aio.Client("x", types=[Money]), "types takes codecs"),  # type: ignore[list-item] # it is none
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
