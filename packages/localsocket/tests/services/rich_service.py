"""A service whose annotations say whatever annotations can say."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar

import msgspec

from localsocket import Service

T = TypeVar("T")
UNKNOWN = object()


class Colour(enum.Enum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Point(NamedTuple):
    x: float
    y: float = 0.5


class Options(TypedDict):
    colour: Colour
    depth: NotRequired[int]


@dataclass
class Item:
    """Something to buy."""

    name: str
    price: Annotated[float, msgspec.Meta(ge=0, description="in euros")]
    tags: list[str] = field(default_factory=list)
    parts: list[Item] = field(default_factory=list)
    colour: Colour = Colour.RED
    made: datetime.datetime = field(default_factory=datetime.datetime.now)


@dataclass(frozen=True)
class Place:
    street: str
    at: Point | None = None


class Pay(msgspec.Struct, tag=True):
    cents: int


class Return(msgspec.Struct, tag="back", forbid_unknown_fields=True):
    why: str = "broken"


class Box(msgspec.Struct, Generic[T]):
    content: T
    is_open: bool = False


class Sample(msgspec.Struct, array_like=True, frozen=True):
    at: datetime.time
    value: float = 0.0


class Kebab(msgspec.Struct, rename="kebab", kw_only=True):
    from_where: str = ""
    how_many: int


class OutOfStock(Exception):
    """There are too few."""

    def __init__(self, item: Item, left: int) -> None:
        super().__init__(f"only {left} left")
        self.item = item
        self.left = left


class Closed(LookupError):
    until: datetime.date
    _secret: str


def make_service() -> Service:
    service = Service("demo.rich", version="1.2", documentation="Sells\nthings.", errors=[Closed])

    @service.method(raises=[OutOfStock, ValueError])
    def buy(
        item: Item,
        count: Annotated[int, msgspec.Meta(ge=1)] = 1,
        /,
        where: Place | None = None,
        *,
        colour: Colour = Colour.BLUE,
        within: datetime.timedelta = datetime.timedelta(days=2),
        then: Pay | Return | None = None,
    ) -> dict[str, decimal.Decimal]:
        """Buy something.

        It is paid "later", C:\\new or not.
        """
        raise NotImplementedError

    @service.method(read_only=True)
    def find(name: str, level: Level = Level.LOW, kinds: set[Literal["old", "new"]] | None = None) -> Item | None:
        raise NotImplementedError

    @service.method(name="list", idempotent=True)
    def list_all(options: Options, places: frozenset[Place] = frozenset({Place("x")})) -> Iterator[tuple[Item, ...]]:
        yield ()

    @service.method(name="deep.sea.measure")
    def measure(box: Box[int], samples: tuple[Sample, Point], kebab: Kebab) -> Box[list[uuid.UUID]]:
        raise NotImplementedError

    @service.method(name="deep.look")
    def look(data: bytes = b"\0", at: dict[int, datetime.date] | None = None, more: Any = None) -> None: ...

    @service.method(name="get-all")
    def get_all(anything, ratio: float = float("inf"), unknown=UNKNOWN):  # type: ignore[no-untyped-def]
        raise NotImplementedError

    service.topic("prices", dict[str, float], queue=5, policy="block", documentation="Each day.")
    service.topic("sold.out", Item)
    return service
