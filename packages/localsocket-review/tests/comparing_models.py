"""What two readers make of one file, compared part by part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cache

from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import Format
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Unit

# What leads back up, was worked out from the rest, or is the text itself.
_SKIPPED: dict[type, set[str]] = {
    FunctionInfo: {"unit", "owner", "enclosing", "_statements", "_expressions", "_calls", "_local_names"},
    ClassInfo: {"unit", "methods", "members"},
    Unit: {"source", "identifiers", "parse_errors", "half_read", "comments"},
}


def first_difference(one: Unit, other: Unit, *, places: bool = True, places_in_strings: bool = True) -> str:
    """Return where two models differ, or nothing.

    Before Python 3.12 `ast` does not know well where the pieces of an f-string are.
    """
    return _compare(one, other, places, places_in_strings)


def _compare(one: object, other: object, places: bool, in_strings: bool) -> str:
    if type(one) is not type(other):
        return f": {one!r} is not {other!r}"
    match one, other:
        case Place(), Place():
            return f": {one} is not {other}" if places and one != other else ""
        case (list(), list()) | (tuple(), tuple()):
            if len(one) != len(other):
                return f": {len(one)} parts are not {len(other)}"
            pairs = enumerate(zip(one, other, strict=True))
            return _first((f"[{at}]", *pair, places, in_strings) for at, pair in pairs)
        case dict(), dict():
            if one.keys() != other.keys():
                return f": {list(one)} are not {list(other)}"
            return _first((f"[{key!r}]", value, other[key], places, in_strings) for key, value in one.items())
    if is_dataclass(one):
        inside = places and (in_strings or not isinstance(one, Format))
        return _first(
            (f".{name}", getattr(one, name), getattr(other, name), places if name == "place" else inside, in_strings)
            for name in _names(type(one))
        )
    return "" if one == other else f": {one!r} is not {other!r}"


def _first(pairs: Iterable[tuple[str, object, object, bool, bool]]) -> str:
    for name, one, other, places, in_strings in pairs:
        found = _compare(one, other, places, in_strings)
        if found:
            return f"{name}{found}"
    return ""


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.name not in _SKIPPED.get(kind, ()))
