"""What a service is in varlink: each type of Python has one there, and every parser reads the description."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import msgspec
import pytest

from localsocket import ServerThread, Service
from localsocket.services.varlink_interface import VarlinkInterface
from localsocket.services.varlink_types import Types
from localsocket.values.known_types import KnownTypes
from services.conftest import ADDRESS
from services.varlink_peers import shop, talking

Colour = enum.Enum("Colour", {"RED": "red", "GREEN": "green"})
Odd = enum.Enum("Odd", {"FIRST": "not a name"})


class Level(enum.IntEnum):
    LOW = 1


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)
    parent: Tree | None = None


class Renamed(msgspec.Struct, rename={"name": "firstName"}, tag=True):
    name: str


class Pair(NamedTuple):
    a: int
    b: str


class Listed(msgspec.Struct, array_like=True):
    a: int


class Loose(TypedDict, total=False):
    size: int


@dataclass
class Unsayable:
    _x_: int


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (bool, "bool"),
        (int, "int"),
        (float, "float"),
        (int | float, "float"),
        (str, "string"),
        (bytes, "string"),
        (datetime.datetime, "string"),
        (datetime.timedelta, "string"),
        (uuid.UUID, "string"),
        (decimal.Decimal, "string"),
        (Annotated[int, msgspec.Meta(ge=0)], "int"),
        (Annotated[list[int], msgspec.Meta(title="x")], "[]int"),
        (int | None, "?int"),
        (int | str, "object"),
        (int | str | None, "?object"),
        (Any, "?object"),
        (list[int], "[]int"),
        (list[int | None], "[]?int"),
        (set[str], "[]string"),
        (tuple[int, ...], "[]int"),
        (tuple[int, int], "[]int"),
        (tuple[int, str], "[]?object"),
        (dict[str, list[int]], "[string][]int"),
        (dict[int, bool], "[string]bool"),
        (Literal["a", "b"], "string"),
        (Literal[1, 2], "int"),
        (Colour, "Colour"),
        (Odd, "string"),
        (Level, "int"),
        (Tree, "Tree"),
        (Renamed, "Renamed"),
        (Loose, "Loose"),
        (Pair, "[]?object"),
        (Listed, "[]?object"),
        (Unsayable, "object"),
        (msgspec.Raw, "?object"),
        (complex, "[]float"),
    ],
)
def test_each_type_has_one_in_varlink(kind: Any, written: str) -> None:
    assert Types([], KnownTypes().told).of(kind) == written


def test_named_types_are_defined_once_with_what_they_consist_of() -> None:
    types = Types(["Colour"], KnownTypes().told)
    assert [types.of(kind) for kind in (Tree, Colour, Renamed, Loose, Tree)] == [
        "Tree",
        "Colour2",
        "Renamed",
        "Loose",
        "Tree",
    ]
    assert types.definitions == {
        "Tree": "(\n  name: string,\n  children: ?[]Tree,\n  parent: ?Tree\n)",
        "Colour2": "(red, green)",
        "Renamed": "(\n  type: string,\n  firstName: string\n)",
        "Loose": "(\n  size: ?int\n)",
    }


class Gone(Exception):
    """It is gone."""

    where: str

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.since = 1


def full() -> Service:
    service = Service("demo.full", documentation="First line.\nSecond\x1b line.", errors=[Gone])

    @service.method
    def take_one(tree: Tree, level: Level = Level.LOW, *, class_: Odd | None = None) -> dict[str, Colour]:
        """Take it."""
        return {} if class_ else {tree.name: Colour(level)}

    @service.method(name="takeOne", raises=[ValueError])
    def take(a: int, /) -> None: ...

    @service.method(name="Tree")
    def tree() -> Iterator[Tree]:
        yield Tree("x")

    @service.method(name="_7.up")
    def up() -> None: ...

    service.topic("price.ticks", float)
    return service


DESCRIPTION = """\
# First line.
# Second  line.
interface demo.full

type Tree2 (
  name: string,
  children: ?[]Tree2,
  parent: ?Tree2
)

type Colour (red, green)

# Take it.
method TakeOne(tree: Tree2, level: ?int, class: ?string) -> (result: [string]Colour)

method TakeOne2(a: int) -> ()

# Call it with more. The last reply has no item, and says that it is over.
method Tree() -> (item: ?Tree2)

method N7Up() -> ()

# Call it with more, for the messages of the topic 'price.ticks' from now on.
method SubscribePriceTicks() -> (message: ?float)

# It is gone.
error Gone (message: string, arguments: ?[]?object, name: ?string, since: ?object, where: ?string)

error ValueError (message: string, arguments: ?[]?object)
"""


def test_a_description_has_all_that_can_be_called_and_come_back() -> None:
    assert VarlinkInterface(full()).description == DESCRIPTION


def test_the_varlink_library_reads_every_description() -> None:
    scanner = pytest.importorskip("varlink.scanner")
    for service in (full(), shop(), Service("alone")):
        interface = VarlinkInterface(service)
        for name in interface.interfaces:
            assert scanner.Interface(interface.describe(name)).name == name


def test_parameters_whose_names_varlink_does_not_have_are_called_by_others() -> None:
    service = Service("demo.names")

    @service.method
    def sum_of(from_: int, _to: int, a__b: int = 1) -> int:
        return from_ + _to + a__b

    assert "SumOf(from: int, to: int, a_b: ?int)" in VarlinkInterface(service).description
    with ServerThread(ADDRESS, service), talking(ADDRESS) as peer:
        assert peer.ask("demo.names.SumOf", **{"from": 1, "to": 2, "a_b": 3}) == {"parameters": {"result": 6}}
        wrong = peer.ask("demo.names.SumOf", **{"from": "x", "to": 2})
        assert wrong["parameters"] == {"parameter": "from"}
