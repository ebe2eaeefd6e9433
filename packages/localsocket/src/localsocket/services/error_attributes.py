"""What the class of a declared error says of itself: its documentation, and which attributes cross with it."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable
from typing import Any, ClassVar

from localsocket.services.method import Method
from localsocket.services.schema import check_has_form


def declared_errors(errors: Iterable[type[Exception]], methods: Iterable[Method]) -> dict[str, type[Exception]]:
    """Return by name the errors that every method may raise, and those that some may."""
    return {kind.__name__: kind for kind in [*errors, *(kind for method in methods for kind in method.raises)]}


def documentation_of(error: type[Exception]) -> str:
    """Return what a class says of its own: nothing that it has from another, or that Python says."""
    return "" if error.__module__ == "builtins" else inspect.cleandoc(error.__dict__.get("__doc__") or "")


def attributes_of(error: type[Exception]) -> dict[str, Any]:
    """Return the types of an error's attributes: those that its class annotates, and that its __init__ is given.

    A parameter of `__init__` counts where the function names an attribute like that.
    """
    if error.__module__ == "builtins":
        return {}
    found: dict[str, Any] = {}
    initializer = error.__init__
    for name, kind in {**_hints(initializer), **_hints(error)}.items():
        if name.startswith("_") or typing.get_origin(kind) is ClassVar or kind is ClassVar:
            continue
        if name in _annotated(error) or name in _stored_by(initializer):
            found[name] = kind if _has_form(kind) else Any
    return found


def _annotated(error: type[Exception]) -> set[str]:
    return {name for base in error.__mro__ for name in inspect.get_annotations(base)}


def _stored_by(function: Any) -> set[str]:
    if not inspect.isfunction(function):
        return set()
    return set(function.__code__.co_names) & set(inspect.signature(function).parameters)


def _hints(function: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # a name that is imported for type checkers only
        return {}


def _has_form(kind: Any) -> bool:
    try:
        check_has_form(kind)
    except Exception:  # whatever msgspec makes of it
        return False
    return True
