"""What is copied into the `sun_path` of an address, and whether anybody asks first how long it is."""

from __future__ import annotations

import re

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Name, dotted, strip_casts, walk

ROOM = 104  # of the smallest sun_path, that of the BSDs; Linux has 108
NUMBERS_ONLY = re.compile(r"(?:[^%]|%%|%[-+ #0]*\d*(?:hh?|ll?|z|j|t)?[diuxXoc])*")
_CUTTING = re.compile(r"[^%]{0,3}%\.\*s")  # as much as the argument before the text says
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
    if isinstance(strip_casts(source), Name) and dotted(strip_casts(source)).isupper():
        return True  # a constant of the build, by which the compiler can tell
    texts = facts.values.texts(source, site.function)
    if site.api.method == "sprintf":
        if texts and all(text.literal is not None and _CUTTING.fullmatch(text.literal) for text in texts):
            return any(map(_is_size, walk(site.call)))
        return all(text.literal is not None and NUMBERS_ONLY.fullmatch(text.literal) for text in texts)
    return bool(texts) and all(text.literal is not None and len(text.literal.encode()) < ROOM for text in texts)


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
