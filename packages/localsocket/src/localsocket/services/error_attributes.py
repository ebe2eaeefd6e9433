"""Which attributes cross with a declared error, as far as its class says."""

from __future__ import annotations

import inspect
import typing
from typing import Any, ClassVar

from localsocket.services.schema import check_has_form


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
