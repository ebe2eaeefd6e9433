"""What is copied into the `sun_path` of an address, and whether anybody asks first how long it is."""

from __future__ import annotations

import re

from localsocket_review.analysis.definitions import How
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Subscript,
    dotted,
    strip_casts,
    walk,
)

ROOM = 104  # of the smallest sun_path, that of the BSDs; Linux has 108
NUMBERS_ONLY = re.compile(r"(?:[^%]|%%|%[-+ #0]*\d*(?:hh?|ll?|z|j|t)?[diuxXoc])*")
_CUTTING = re.compile(r"[^%]{0,3}%\.\*s")  # as much as the argument before the text says
_CONVERSION = re.compile(r"%[-+ #0]*(\d*)(?:hh?|ll?|z|j|t)?([diuxXocs])")
_LONGEST_NUMBER = 24
_MEASURES = frozenset({"strlen", "size", "length", "strnlen", "wcslen"})


def is_sun_path(facts: Facts, buffer: Expression, function: FunctionInfo) -> bool:
    """Say whether it is the path of an address, or points into it."""
    variable = facts.names.variable(buffer, function)
    if variable is not None and variable.path.endswith("sun_path"):
        return True
    if any(isinstance(part, Attribute) and part.name == "sun_path" for part in walk(buffer)):
        return True
    made = (strip_casts(origin.expression) for origin in facts.origins.of(buffer, function))
    return any(isinstance(one, Attribute) and one.name == "sun_path" for one in made)


def measures(part: Expression) -> bool:
    return isinstance(part, Call) and part.called_name in _MEASURES


def fits(facts: Facts, site: Site) -> bool:
    """Say whether every text that may be copied is known and short enough."""
    source = site.argument("source")
    if source is None:
        return False
    if _is_of_build(strip_casts(source)) or _is_filled_by_build(facts, source, site.function):
        return True  # a constant of the build, by which the compiler can tell
    texts = facts.values.texts(source, site.function)
    if site.api.method == "sprintf":
        if texts and all(text.literal is not None and _CUTTING.fullmatch(text.literal) for text in texts):
            return any(map(_is_size, walk(site.call)))
        return all(_is_short_when_filled(facts, text.literal or "%s", site) for text in texts)
    return bool(texts) and all(text.literal is not None and len(text.literal.encode()) < ROOM for text in texts)


def _is_of_build(source: Expression) -> bool:
    return isinstance(source, Name) and dotted(source).isupper()


def _is_filled_by_build(facts: Facts, source: Expression, function: FunctionInfo) -> bool:
    """Say whether a buffer is filled with constants of the build alone: `strncpy(path, DIRECTORY, sizeof path)`."""
    defined = [one for one in facts.definitions.at(strip_casts(source), function) if one.how is not How.DECLARED]
    values = [strip_casts(one.value) for one in defined if one.value is not None]
    filled = [one for one in values if not (isinstance(one, Call) and one.called_name == "[]")]
    is_known = all(isinstance(one, Literal) or _is_of_build(one) for one in filled)
    return len(values) == len(defined) and is_known and any(map(_is_of_build, filled))


def _is_short_when_filled(facts: Facts, pattern: str, site: Site) -> bool:
    """Say whether the pattern takes numbers alone, or texts that are known, and leaves them short enough."""
    if NUMBERS_ONLY.fullmatch(pattern):
        return True
    kinds = _CONVERSION.findall(pattern)
    _, *values = site.arguments_from("source")
    if len(kinds) != len(values):
        return False
    longest = [
        _longest(facts, value, site.function) if kind == "s" else max(int(width or 0), _LONGEST_NUMBER)
        for (width, kind), value in zip(kinds, values, strict=True)
    ]
    return sum(longest, len(_CONVERSION.sub("", pattern))) < ROOM


def _longest(facts: Facts, value: Expression, function: FunctionInfo) -> int:
    """Return the length of the longest text that the value may be, where all are written in the code."""
    texts = [text.literal for one in _entries(facts, value, function) for text in facts.values.texts(*one)]
    return max((ROOM if text is None else len(text.encode()) for text in texts), default=ROOM)


def _entries(facts: Facts, value: Expression, function: FunctionInfo) -> list[tuple[Expression, FunctionInfo]]:
    """Return the entries of a table that is never written to, `places[at]`, or the value itself."""
    value = strip_casts(value)
    defined = facts.definitions.at(value.value, function) if isinstance(value, Subscript) else []
    tables = [(one.value, one.function) for one in defined if isinstance(one.value, Display)]
    if not tables or len(tables) < len(defined):
        return [(value, function)]
    return [(item, where) for table, where in tables for item in table.items if not _is_nothing(item)]


def _is_nothing(item: Expression) -> bool:
    """Say whether this ends a table: NULL, 0."""
    return isinstance(item, Literal) and not isinstance(item.value, str | bytes)


def is_measured(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether a comparison of a length stands before the copy."""
    for guard in facts.flow(function).guards(call):
        for part in walk(guard.test):
            if isinstance(part, Call) and part.called_name in _MEASURES:
                return True
            if isinstance(part, (Name, Attribute)) and holds_length(facts, part, function):
                return True
    return False


def holds_length(facts: Facts, expression: Expression, function: FunctionInfo) -> bool:
    for origin in facts.origins.of(expression, function):
        for part in walk(origin.expression):
            if isinstance(part, Call) and part.called_name in _MEASURES:
                return True
    return False


def _is_size(part: Expression) -> bool:
    return isinstance(part, Call) and part.called_name == "sizeof"
