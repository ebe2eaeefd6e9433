"""Keyword arguments that a public callable does not have are refused where they are given, with those they may mean."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable
from typing import Any, ParamSpec, TypeVar

from localsocket.errors import UnknownOption

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type[Any])

_VAR_KEYWORDS = 0x08  # CO_VARKEYWORDS of a code object's flags


def known_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Have `function` refuse keywords that it has not with UnknownOption, in its own name."""
    code = function.__code__
    assert not code.co_flags & _VAR_KEYWORDS, "what passes options on calls check_keywords() itself"
    names = frozenset(code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount])
    owner = code.co_varnames[0]

    @functools.wraps(function)
    def checked(*arguments: P.args, **named: P.kwargs) -> R:
        if not names.issuperset(named):
            # A method may be inherited from a class of ours that nobody has heard of.
            place = _class_name(arguments[0], owner) if owner in ("self", "cls") else ""
            check_keywords((place + function.__name__).removesuffix(".__init__"), named, names - {"self", "cls"})
        return function(*arguments, **named)

    return checked


def _class_name(first: Any, parameter: str) -> str:
    kind: type = type(first) if parameter == "self" else first
    return f"{kind.__name__}."


def known_fields(kind: C) -> C:
    """Do the same for a class whose __init__ is made for it, such as a dataclass."""
    kind.__init__ = known_keywords(kind.__init__)
    return kind


def check_keywords(called: str, given: Iterable[str], *known: Collection[str] | type[Any]) -> None:
    """Raise UnknownOption for a keyword that is none of those known: names, or the keys of a TypedDict."""
    names: set[str] = set()
    for each in known:
        names.update(each.__annotations__ if isinstance(each, type) else each)
    for name in given:
        if name not in names:
            raise UnknownOption(called, name, similar_names(name, names))


def similar_names(name: str, names: Collection[str]) -> list[str]:
    """Return those of the names that `name` may have been meant to be, at most three."""
    import difflib  # loaded for a mistake alone

    return difflib.get_close_matches(name[:128], names, n=3)
