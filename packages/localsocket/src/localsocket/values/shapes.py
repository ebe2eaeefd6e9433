"""The named types that users make of others: which fields they have, and of which types."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.inspect import CustomType, type_info


def fields_of(kind: Any) -> dict[str, Any] | None:
    """Return the types of the fields of a dataclass, a Struct, a TypedDict or a NamedTuple by name; None of others.

    Raises NameError or TypeError where an annotation cannot be resolved.
    """
    if not inspect.isclass(kind):
        return None
    named: Any = kind
    names: Iterable[str]
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
    elif is_struct(kind):
        names = named.__struct_fields__
    elif is_named_tuple(kind):
        names = named._fields
    elif typing.is_typeddict(kind):
        names = named.__annotations__
    else:
        return None
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name: hints.get(name, Any) for name in names}


def named_class(kind: Any) -> Any:
    """Return the class of what is made for certain types, such as Box of Box[int]."""
    return typing.get_origin(kind) or kind


def is_struct(kind: object) -> bool:
    return isinstance(kind, type(msgspec.Struct))


def is_named_tuple(kind: Any) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def parts_of(kind: Any) -> tuple[Any, ...]:
    """Return the types in brackets behind another, and those of a union, and what a name stands for."""
    if (named := what_it_names(kind)) is not kind:
        return (named,)
    if typing.get_origin(kind) is typing.Literal:
        return ()
    arguments = typing.get_args(kind)
    return arguments[:1] if typing.get_origin(kind) is typing.Annotated else arguments


def what_it_names(kind: Any) -> Any:
    """Return the type for which a name stands, as of `type Shape = Circle | Square`; any other as it is."""
    origin = typing.get_origin(kind)
    if hasattr(origin, "__value__"):  # a name with types in brackets, as numpy's NDArray is from Python 3.12 on
        return origin.__value__[typing.get_args(kind)]
    if hasattr(kind, "__value__"):
        return kind.__value__
    return kind.__supertype__ if isinstance(kind, typing.NewType) else kind


def is_custom(kind: Any) -> bool:
    """Whether msgspec knows nothing of a class, and asks."""
    try:
        return isinstance(type_info(kind), CustomType)
    except (NameError, TypeError):
        return False
