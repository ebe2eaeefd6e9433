"""The types that are sent, each with a value: what the tests send and docs/types.md tells of."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import ipaddress
import pathlib
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar

import msgspec
import numpy
import pydantic
from numpy.typing import NDArray

from localsocket import Codec

T = TypeVar("T")
UserId = NewType("UserId", int)
EAST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Mode(enum.Flag):
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: int = 0


class Settings(TypedDict, total=False):
    width: int


@dataclasses.dataclass
class Job:
    folder: pathlib.Path
    tries: int = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str


@dataclasses.dataclass
class Box(Generic[T]):
    content: T


@dataclasses.dataclass
class Tree:
    name: str
    branches: list[Tree] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Circle:
    size: float


@dataclasses.dataclass
class Square:
    side: float


@dataclasses.dataclass
class Drawing:
    shapes: list[Circle | Square]
    first: Circle | Square | None = None


class Item(msgspec.Struct):
    name: str
    price: float = 0.0


class Pair(msgspec.Struct, array_like=True):
    first: int
    second: str


class Cat(msgspec.Struct, tag=True):
    lives: int


class Dog(msgspec.Struct, tag=True):
    name: str


class Model(pydantic.BaseModel):
    name: str
    when: datetime.datetime
    tags: set[str] = set()


class Money:
    """A class that nobody knows: its Codec tells."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents

    def __hash__(self) -> int:
        return hash(self.cents)


@dataclasses.dataclass(frozen=True)
class Version:
    """One that msgspec would send by its fields, and whose Codec says otherwise."""

    major: int
    minor: int


@dataclasses.dataclass
class Bill:
    total: Money
    version: Version


TYPES = [
    Codec(Money, lambda money: money.cents, Money, form=int),
    Codec(
        Version,
        lambda version: f"{version.major}.{version.minor}",
        lambda text: Version(*map(int, text.split("."))),
        form=str,
    ),
]


def same(one: Any, other: Any) -> bool:
    """Whether a value came back: of the same class, and equal."""
    return type(one) is type(other) and bool(one == other)


def same_array(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one.dtype == other.dtype and numpy.array_equal(one, other)


def same_error(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (one.args, vars(one)) == (other.args, vars(other))


def same_errors(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(map(same_error, one, other))


def same_moment(one: Any, other: Any) -> bool:
    return same(one, other) and one.utcoffset() == other.utcoffset()


class Case(NamedTuple):
    """A type as it is written, and a value; `at_any` is what comes of that where the type is Any."""

    written: str
    kind: Any
    value: Any
    at_any: str = "the same"
    is_same: Callable[[Any, Any], bool] = same


MATRIX = [
    Case("`None`", None, None),
    Case("`bool`", bool, True),
    Case("`int`", int, -(2**63)),
    Case("`float`", float, 1.5),
    Case("`str`", str, "ünï"),
    Case("`bytes`", bytes, b"\0\xff"),
    Case("`bytearray`", bytearray, bytearray(b"ab"), "`bytes`"),
    Case("`list[int]`", list[int], [1, 2]),
    Case("`tuple[int, str]`", tuple[int, str], (1, "a"), "`list`"),
    Case("`tuple[int, ...]`", tuple[int, ...], (1, 2, 3), "`list`"),
    Case("`set[int]`", set[int], {1, 2}, "`list`"),
    Case("`frozenset[str]`", frozenset[str], frozenset({"a"}), "`list`"),
    Case("`dict[str, int]`", dict[str, int], {"a": 1}),
    Case("`dict[int, str]`", dict[int, str], {1: "a"}),
    Case("`int | None`", int | None, None),
    Case("`int | str`", int | str, "a"),
    Case("`Literal`", Literal["a", "b"], "b"),
    Case("`Any`", Any, {"a": [1, None]}),
    Case("`object`", object, [1.5]),
    Case("`NewType`", UserId, 7),
    Case("`Annotated[int, Meta(ge=0)]`", Annotated[int, msgspec.Meta(ge=0)], 7),
    Case("`datetime` without a zone", datetime.datetime, datetime.datetime(2026, 1, 2, 3, 4, 5, 6), "`str`"),
    Case(
        "`datetime` of UTC",
        datetime.datetime,
        datetime.datetime(2026, 1, 2, 3, 4, 5, 6, datetime.UTC),
        is_same=same_moment,
    ),
    Case(
        "`datetime` with another offset, which is kept",
        datetime.datetime,
        datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=EAST),
        "`str`",
        same_moment,
    ),
    Case("`date`", datetime.date, datetime.date(2026, 1, 2), "`str`"),
    Case("`time`", datetime.time, datetime.time(3, 4, 5), "`str`"),
    Case("`timedelta`", datetime.timedelta, datetime.timedelta(days=1, microseconds=5), "`str`"),
    Case("`Decimal`", decimal.Decimal, decimal.Decimal("1.10"), "`str`"),
    Case("`UUID`", uuid.UUID, uuid.UUID(int=5), "`str`"),
    Case("`Enum`", Colour, Colour.RED, "its value"),
    Case("`IntEnum`", Level, Level.HIGH, "its value"),
    Case("`Flag`", Mode, Mode.WRITE, "its value"),
    Case("`NamedTuple`", Point, Point(1, 2), "`list`"),
    Case("`TypedDict`", Settings, Settings(width=3)),
    Case("a dataclass", Job, Job(pathlib.Path("/srv"), 2), "`dict`"),
    Case("a dataclass with slots, frozen", Frozen, Frozen("a"), "`dict`"),
    Case("a generic dataclass", Box[int], Box(3), "`dict`"),
    Case("a dataclass that contains itself", Tree, Tree("a", [Tree("b")]), "`dict`"),
    Case("a union of dataclasses", Circle | Square, Square(2.0), "`dict`"),
    Case("a list of such a union", list[Circle | Square], [Circle(1.0), Square(2.0)], "`list` of `dict`"),
    Case("a dataclass with such a field", Drawing, Drawing([Square(1.0)], Circle(2.0)), "`dict`"),
    Case("a generic dataclass of such a union", Box[Circle | Square], Box(Circle(1.0)), "`dict`"),
    Case("such a union with other types", Circle | Square | int | None, Circle(1.0), "`dict`"),
    Case("`msgspec.Struct`", Item, Item("a", 1.5), "`dict`"),
    Case("`Struct` as an array", Pair, Pair(1, "a"), "`list`"),
    Case("a union of tagged `Struct`s", Cat | Dog, Dog("Rex"), "`dict`"),
    Case("`Path`", pathlib.Path, pathlib.Path("/tmp/ünï"), "`str`"),
    Case("`Path` whose bytes are no UTF-8", pathlib.Path, pathlib.Path("/tmp/\udcff"), "`bytes`"),
    Case("`PurePosixPath`", pathlib.PurePosixPath, pathlib.PurePosixPath("a/b"), "`str`"),
    Case("`PureWindowsPath`", pathlib.PureWindowsPath, pathlib.PureWindowsPath("C:/a"), "`str`"),
    Case("`IPv4Address`", ipaddress.IPv4Address, ipaddress.IPv4Address("192.0.2.1"), "`str`"),
    Case("`IPv6Address`", ipaddress.IPv6Address, ipaddress.IPv6Address("fe80::1%eth0"), "`str`"),
    Case("`IPv4Network`", ipaddress.IPv4Network, ipaddress.IPv4Network("192.0.2.0/24"), "`str`"),
    Case("`IPv6Network`", ipaddress.IPv6Network, ipaddress.IPv6Network("2001:db8::/32"), "`str`"),
    Case("`IPv4Interface`", ipaddress.IPv4Interface, ipaddress.IPv4Interface("192.0.2.1/24"), "`str`"),
    Case("`IPv6Interface`", ipaddress.IPv6Interface, ipaddress.IPv6Interface("2001:db8::1/64"), "`str`"),
    Case(
        "`IPv4Address | IPv6Address`",
        ipaddress.IPv4Address | ipaddress.IPv6Address,
        ipaddress.IPv6Address("::1"),
        "`str`",
    ),
    Case("`Fraction`", fractions.Fraction, fractions.Fraction(-1, 3), "`str`"),
    Case("`complex`", complex, 1 - 2j, "`list`"),
    Case("`deque[int]`", collections.deque[int], collections.deque([1, 2]), "`list`"),
    Case(
        "`deque` of a union of dataclasses",
        collections.deque[Circle | Square],
        collections.deque([Circle(1.0)]),
        "`list` of `dict`",
    ),
    Case("`ValueError`", ValueError, ValueError("no", 5), "`dict`", same_error),
    Case("`OSError`", OSError, FileNotFoundError(2, "no such file"), "`dict`", same_error),
    Case("`list[Exception]`", list[Exception], [KeyError("a"), OSError(5, "x")], "`list` of `dict`", same_errors),
    Case("`numpy.ndarray`", numpy.ndarray, numpy.arange(6, dtype="i2").reshape(2, 3), is_same=same_array),
    Case("`NDArray[float64]`", NDArray[numpy.float64], numpy.array([[1.5, numpy.nan]])[:, :1], is_same=same_array),
    Case(
        "`NDArray[datetime64]`",
        NDArray[numpy.datetime64],
        numpy.array(["2026-01-02"], dtype="datetime64[ns]"),
        is_same=same_array,
    ),
    Case("`numpy.float32`", numpy.float32, numpy.float32(0.1), "`float`"),
    Case("`numpy.int64`", numpy.int64, numpy.int64(-(2**63)), "`int`"),
    Case("`numpy.bool_`", numpy.bool_, numpy.bool_(True), "`bool`"),
    Case("`numpy.complex128`", numpy.complex128, numpy.complex128(1 + 2j), "`list`"),
    Case("a model of pydantic", Model, Model(name="a", when=datetime.datetime(2026, 1, 2), tags={"x"}), "`dict`"),
    Case("a class with a `Codec`", Money, Money(7), "what `encode` gives"),
    Case("a dataclass with a `Codec`", Version, Version(1, 2), "what `encode` gives"),
    Case("a dataclass with fields of such classes", Bill, Bill(Money(7), Version(1, 2)), "`dict`"),
    Case("`dict[str, Money]`", dict[str, Money], {"a": Money(7)}, "`dict` of what `encode` gives"),
]

WITHOUT_JSON = {"`Path` whose bytes are no UTF-8"}
"""For which JSON has no form: who sends it is told."""
