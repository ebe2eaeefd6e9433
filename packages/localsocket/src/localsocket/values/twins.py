"""Classes with the fields of others and annotations of their own."""

from __future__ import annotations

import typing
from typing import Any

import msgspec


def twin_class(kind: Any, hints: dict[str, Any], **members: Any) -> Any:
    """Return a class derived from a dataclass or a NamedTuple, whose annotations are yet to be filled in."""
    slots = {} if hasattr(kind, "__dict__") and "__dict__" in dir(kind) else {"__slots__": ()}
    named = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return type(kind)(kind.__name__, (kind,), {**slots, **named, "__annotations__": dict(hints), **members})


def twin_struct(kind: Any, hints: dict[str, Any], **members: Any) -> Any:
    """Return a Struct derived from another, with the same fields, whose annotations are yet to be filled in."""
    fields = {each.name: _field_like(each) for each in msgspec.structs.fields(kind)}
    named = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    made: Any = type(kind)
    namespace = {**named, "__annotations__": dict.fromkeys(hints, Any), **fields, **members}
    return made(kind.__name__, (kind,), namespace, kw_only=True)


def _field_like(field: Any) -> Any:
    make: Any = msgspec.field  # which takes a default that is none
    return make(default=field.default, default_factory=field.default_factory, name=field.encode_name)


def twin_typed_dict(kind: Any, hints: dict[str, Any]) -> Any:
    """Return a TypedDict with the same keys, whose annotations are yet to be filled in."""
    is_needed = kind.__required_keys__
    wrapped = {name: (typing.Required if name in is_needed else typing.NotRequired)[Any] for name in hints}
    return typing.TypedDict(kind.__name__, wrapped)  # type: ignore[operator] # its fields are known now
