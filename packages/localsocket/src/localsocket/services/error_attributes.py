"""What the class of a declared error says of itself: its documentation, and which attributes cross with it."""

from __future__ import annotations

import dis
import inspect
import itertools
import typing
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any, ClassVar

from localsocket.services.method import Method
from localsocket.values.known_types import KnownTypes
from localsocket.values.refusing import check_can_be_sent


def declared_errors(errors: Iterable[type[Exception]], methods: Iterable[Method]) -> dict[str, type[Exception]]:
    """Return by name the errors that every method may raise, and those that some may."""
    return {kind.__name__: kind for kind in [*errors, *(kind for method in methods for kind in method.raises)]}


def documentation_of(error: type[Exception]) -> str:
    """Return what a class says of its own: nothing that it has from another, or that Python says."""
    return "" if error.__module__ == "builtins" else inspect.cleandoc(error.__dict__.get("__doc__") or "")


def attributes_of(error: type[Exception]) -> dict[str, Any]:
    """Return the types of an error's attributes: those that its class annotates, and that its __init__ sets.

    What `__init__` sets has the type of the parameter with the same name, or Any where there is none.
    """
    if error.__module__ == "builtins":
        return {}
    initializers = list(_initializers(error))
    hints: dict[str, Any] = {}
    for each in [*reversed(initializers), error]:
        hints.update(_hints(each))
    set_there = [name for initializer in initializers for name in _set_by(initializer)]
    found: dict[str, Any] = {}
    for name in dict.fromkeys([*set_there, *_annotated(error)]):
        kind = hints.get(name, Any)
        if not (name.startswith("_") or typing.get_origin(kind) is ClassVar or kind is ClassVar):
            found[name] = kind if _has_form(kind) else Any
    return found


def _annotated(error: type[Exception]) -> list[str]:
    return [name for base in error.__mro__ for name in inspect.get_annotations(base)]


def _initializers(error: type[Exception]) -> Iterator[FunctionType]:
    """Give the class's __init__, and those of its bases as far as that calls them."""
    for base in error.__mro__:
        if (initializer := base.__dict__.get("__init__")) is None:
            continue
        if not inspect.isfunction(initializer):
            return
        yield initializer
        if "__init__" not in initializer.__code__.co_names:
            return


def _set_by(initializer: FunctionType) -> Iterator[str]:
    """Name what the function sets as `self.name = ...`."""
    itself = initializer.__code__.co_varnames[:1]
    for loaded, stored in itertools.pairwise(dis.get_instructions(initializer)):
        # One instruction may load several variables: then it names them all, and the object is the last.
        names = loaded.argval if isinstance(loaded.argval, tuple) else (loaded.argval,)
        if stored.opname == "STORE_ATTR" and names[-1:] == itself:
            yield stored.argval


def _hints(function: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # a name that is imported for type checkers only
        return {}


def _has_form(kind: Any) -> bool:
    try:
        check_can_be_sent(kind, KnownTypes(), "an error", "")
    except Exception:  # whatever msgspec makes of it
        return False
    return True
