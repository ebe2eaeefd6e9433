"""What a value is checked for before it is sent: all that schemas of services say, and never more than they say."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from localsocket import Service
from localsocket.cli.schema_checking import MISSING, SchemaChecker
from localsocket.services.json_schema_document import definitions
from services.rich_service import (
    Box,
    Colour,
    Item,
    Kebab,
    Level,
    Options,
    Pay,
    Place,
    Point,
    Return,
    Sample,
)


def checker_of(kind: Any) -> tuple[SchemaChecker, dict[str, Any]]:
    def f(value: Any) -> None: ...

    f.__annotations__ = {"value": kind, "return": None}
    service = Service("demo")
    service.method(f)
    told = service.describe()
    return SchemaChecker(definitions(told)), told.methods[0].parameters[0].schema


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Item, Item("tea", 2.5, parts=[Item("bag", 0)])),
        (Place, Place("x", Point(1, 2))),
        (Options, {"colour": Colour.RED}),
        (Pay | Return, Return("old")),
        (Pay | Return | None, None),
        (Box[int], Box(3)),
        (tuple[int, Level], (1, Level.HIGH)),
        (Kebab, Kebab(how_many=3)),
        (dict[int, bytes], {1: b"\0"}),
        (float, 3),
        (Any, [1, None, {"a": "b"}]),
        (list, [1, "a"]),
        (set[str], {"a"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_fits_is_let_through(kind: Any, value: object) -> None:
    checker, schema = checker_of(kind)
    assert checker.misfit(json.loads(msgspec.json.encode(value)), schema) is None


@pytest.mark.parametrize(
    ("kind", "value", "path", "wanted", "given"),
    [
        (int, "x", "", "integer", "x"),
        (int, True, "", "integer", True),
        (int, 1.5, "", "integer", 1.5),
        (bool, 1, "", "boolean", 1),
        (None, 0, "", "null", 0),
        (int | str, [], "", "integer or string", []),
        (list[int], [1, "2"], "[1]", "integer", "2"),
        (tuple[int, str], [1, 2], "[1]", "string", 2),
        (tuple[int, str], [1], "", "array with minItems 2 with maxItems 2", [1]),
        (dict[str, list[float]], {"a": [1.5, "b"]}, ".a[1]", "number", "b"),
        (Level, 3, "", "Level (1 or 2)", 3),
        (list[Colour], ["green"], "[0]", "Colour ('blue' or 'red')", "green"),
        (Item, {"name": "tea", "price": -1}, ".price", "number >= 0", -1),
        (Item, {"name": "tea", "price": 1, "parts": [{"name": "x"}]}, ".parts[0].price", "number >= 0", MISSING),
        (Item | None, {"name": 5, "price": 1}, ".name", "string", 5),
        (Pay | Return, {"type": "back", "why": 1}, "", "Pay or Return", {"type": "back", "why": 1}),
        (Return, {"type": "back", "what": 1}, ".what", "nothing", 1),
        (Sample, [1], "[0]", "string", 1),
    ],
)
def test_what_does_not_fit_is_told_with_the_path_to_it(
    kind: Any, value: object, path: str, wanted: str, given: object
) -> None:
    checker, schema = checker_of(kind)
    assert checker.misfit(value, schema) == (path, wanted, given)


NESTED: dict[str, Any] = {"type": "array", "items": {"$ref": "#/$defs/Nested"}}
WIDE: dict[str, Any] = {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Wide"}}] * 5}
CIRCLE: dict[str, Any] = {"$ref": "#/$defs/Circle"}


def nested(levels: int) -> list[Any]:
    value: list[Any] = [5]
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (CIRCLE, 5),
        (NESTED, nested(2000)),
        (WIDE, nested(50)),
        ({"$ref": "#/$defs/None"}, 5),
        ({"$ref": 5}, 5),
        ({"type": "unheard of"}, 5),
        ({"minimum": "x"}, 5),
        ({"type": "array", "items": 5}, [5]),
        ({"type": "array", "minItems": None}, [5]),
        ({"type": ["integer"]}, "x"),
        ({"enum": 5}, 5),
        ({"anyOf": 5}, 5),
        ({"anyOf": [5]}, 5),
        ({"properties": [], "required": 5}, {"a": 5}),
    ],
    ids=range(14),
)
def test_a_schema_that_makes_no_sense_holds_nothing_back(schema: dict[str, Any], value: object) -> None:
    checker = SchemaChecker({"Nested": NESTED, "Wide": WIDE, "Circle": CIRCLE})
    assert checker.misfit(value, schema) is None
    assert not checker.takes_only_strings(schema)
    assert not checker.takes_bytes(schema)
    checker.values(schema)
