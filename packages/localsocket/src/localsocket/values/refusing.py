"""What of a type cannot be sent, and where in it that stands: for whoever registers it."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Iterator
from typing import Any

from msgspec.inspect import CustomType, type_info

from localsocket.errors import UnsuitableType
from localsocket.values.known_types import KnownTypes, cannot_be_sent, way_out
from localsocket.values.retyping import inner_types, is_union
from localsocket.values.shapes import fields_of, is_custom, parts_of, what_it_names
from localsocket.values.type_parts import type_parts

_PACKAGE = "localsocket"


def check_can_be_sent(kind: Any, known: KnownTypes, place: str, part: str) -> None:
    """Raise UnsuitableType where `kind`, or something in it, can be no message.

    `place` is what it was registered for, such as `topic 'events'`, and `part` what of that it is the type of.
    """
    if not _is_fine(kind, known):
        path, culprit = _found(kind, known, part, set())
        raise UnsuitableType(path, _reason(culprit, known), place, line_of_user(), _way_out(culprit, known))


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
    try:
        inner += [(f"{named.__name__}.{name}", part) for name, part in (fields_of(named) or {}).items()]
    except NameError as error:
        return f"{named.__name__}.{_field_that_names(error.name, named)}", error
    except TypeError:  # which the reason says
        pass
    for place, part in inner:
        if id(part) not in looked_at and not _is_fine(part, known):
            return _found(part, known, place, looked_at)
    return path, kind


def _field_that_names(unknown: str | None, kind: Any) -> str:
    """Return the field in whose annotation a name stands."""
    fields = (field for base in kind.__mro__ for field in vars(base).get("__annotations__", {}).items())
    return next(str(name) for name, said in fields if str(unknown) in str(said))


def _is_fine(kind: Any, known: KnownTypes, forms: frozenset[Any] = frozenset()) -> bool:
    """Whether all of a type can be sent; `forms` are the classes of whose form it is a part."""
    try:
        customs = [part.cls for part in type_parts(known.readable(kind)) if isinstance(part, CustomType)]
    except (NameError, TypeError):
        return kind is ...  # of a tuple: it is no type
    if any(each is not object and _lacks(each, known, forms) is not None for each in customs):
        return False
    # What stands in brackets behind a custom class, msgspec does not tell.
    return not customs or all(_lacks(each, known, forms) is None for each in _custom_with_brackets(kind))


def _custom_with_brackets(kind: Any) -> Iterator[Any]:
    """Give those of the types of which one is made, itself included, that are custom and made for others."""
    looked_at: dict[int, Any] = {}
    left = [kind]
    while left:
        each = left.pop()
        if id(each) not in looked_at:
            looked_at[id(each)] = each
            if (named := what_it_names(each)) is not each:
                left.append(named)
            elif typing.get_args(each) and is_custom(each):
                yield each
            else:
                left.extend(inner_types(each))


def _lacks(kind: Any, known: KnownTypes, forms: frozenset[Any] = frozenset()) -> str | None:
    """Return why values of a class cannot be sent that msgspec does not know."""
    handling = known.handling(kind)
    if handling is None:
        return cannot_be_sent(kind)
    try:
        form = handling.form(kind, is_json=True)
    except TypeError as error:
        return str(error)
    if kind in forms or _is_fine(form, known, forms | {kind}):
        return None
    return f"{kind.__name__} is sent as {form}, which is not one of the types that can be"


def _reason(kind: Any, known: KnownTypes) -> str:
    if isinstance(kind, NameError):
        return str(kind)
    try:
        readable = known.readable(kind)
    except (NameError, TypeError) as error:
        return str(error)
    try:
        form = type_info(readable)
    except (NameError, TypeError) as error:
        return "what arrives would not tell which of these types it is" if is_union(kind) else str(error)
    return (_lacks(form.cls, known) if isinstance(form, CustomType) else None) or cannot_be_sent(kind)


def _way_out(kind: Any, known: KnownTypes) -> str:
    if isinstance(kind, NameError):
        return f"define {kind.name}, or import it, at the top of the module"
    if is_union(kind):
        return "annotate it as one of them, or as a union of dataclasses that hold them"
    if not inspect.isclass(kind):
        return "annotate it otherwise, or pass types=[...]"
    return "give its Codec another form=" if known.has_codec_of(kind) else way_out(kind)
