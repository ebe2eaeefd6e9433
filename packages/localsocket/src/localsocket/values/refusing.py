"""What of a type cannot be sent, and where in it that stands: for whoever registers it."""

from __future__ import annotations

import contextlib
import inspect
import sys
import typing
from typing import Any

from msgspec.inspect import CustomType, type_info

from localsocket.errors import UnsuitableType
from localsocket.values.known_types import KnownTypes, cannot_be_sent, way_out
from localsocket.values.shapes import fields_of, parts_of
from localsocket.values.type_parts import type_parts

_PACKAGE = "localsocket"


def check_can_be_sent(kind: Any, known: KnownTypes, place: str, part: str) -> None:
    """Raise UnsuitableType where `kind`, or something in it, can be no message.

    `place` is what it was registered for, such as `topic 'events'`, and `part` what of that it is the type of.
    """
    if not _is_fine(kind, known):
        path, culprit = _found(kind, known, part, set())
        raise UnsuitableType(path, _reason(culprit, known), place, line_of_user(), _way_out(culprit))


def line_of_user() -> str:
    """Return the file and the line from which the package was called, such as `jobs.py:12`."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    return f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno}"


def _found(kind: Any, known: KnownTypes, path: str, looked_at: set[int]) -> tuple[str, Any]:
    """Return the path to the innermost part that cannot be sent, and its type."""
    looked_at.add(id(kind))
    inner = [(path, part) for part in parts_of(kind)]
    named = typing.get_origin(kind) or kind
    with contextlib.suppress(NameError, TypeError):  # an annotation cannot be resolved, which the reason says
        inner += [(f"{named.__name__}.{name}", part) for name, part in (fields_of(named) or {}).items()]
    for place, part in inner:
        if id(part) not in looked_at and not _is_fine(part, known):
            return _found(part, known, place, looked_at)
    return path, kind


def _is_fine(kind: Any, known: KnownTypes) -> bool:
    try:
        return all(_has_form(each, known) for each in type_parts(known.readable(kind)))
    except (NameError, TypeError):
        return kind is ...  # of a tuple: it is no type


def _has_form(part: object, known: KnownTypes) -> bool:
    return not isinstance(part, CustomType) or part.cls is object or _lacks(part.cls, known) is None


def _lacks(kind: type, known: KnownTypes) -> str | None:
    """Return why values of a class cannot be sent that msgspec does not know."""
    handling = known.handling(kind)
    if handling is None:
        return cannot_be_sent(kind)
    try:
        handling.form(kind, is_json=True)
    except TypeError as error:
        return str(error)
    return None


def _reason(kind: Any, known: KnownTypes) -> str:
    try:
        form = type_info(known.readable(kind))
    except (NameError, TypeError) as error:
        return str(error)
    return (_lacks(form.cls, known) if isinstance(form, CustomType) else None) or cannot_be_sent(kind)


def _way_out(kind: Any) -> str:
    return way_out(kind) if inspect.isclass(kind) else "annotate it otherwise, or pass types=[...]"
