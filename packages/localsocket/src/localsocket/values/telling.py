"""What descriptions tell of types that msgspec does not know: the types of what stands for them in JSON."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

import msgspec

from localsocket.values.handling import WRITTEN, Handling
from localsocket.values.reading import TAG, are_apart
from localsocket.values.retyping import Retyping, is_union
from localsocket.values.shapes import fields_of, is_custom, is_struct, named_class, parts_of
from localsocket.values.twins import twin_class, twin_struct, twin_typed_dict

STANDS_FOR = "__localsocket_stands_for__"
"""The attribute of a class that is told of in the place of another."""


class ToldTypes(Retyping):
    """Puts in the place of a class what is told of it. `tagged` are those that say which they are."""

    def __init__(
        self,
        given: Collection[type],
        handling: Callable[[Any], Handling | None],
        tagged: Mapping[type, str],
    ) -> None:
        super().__init__()
        self._given = given
        self._handling = handling
        self._tagged = tagged

    def replacement(self, kind: Any) -> Any:
        if is_union(kind) and are_apart(parts_of(kind)):
            return _either(parts_of(kind))
        named = named_class(kind)
        if kind is Any or not isinstance(named, type) or named is object or is_union(kind):
            return None
        if named in self._tagged and typing.get_origin(kind) is None:
            return self._tagged_struct(named)
        if not is_custom(kind) and named not in self._given:
            return None
        handling = self._handling(kind)
        return None if handling is None else self.of(handling.told(kind))

    def twin_of(self, kind: Any, hints: dict[str, Any]) -> tuple[Any, dict[str, Any] | None]:
        if typing.is_typeddict(kind):
            twin = twin_typed_dict(kind, hints)
            return twin, twin.__annotations__
        make = twin_struct if is_struct(kind) else twin_class
        twin = make(kind, hints, **{STANDS_FOR: kind})
        return twin, twin.__annotations__

    def _tagged_struct(self, kind: Any) -> Any:
        """Return a Struct that is in JSON what the dataclass is when it says which it is."""
        if kind not in self._twins:
            hints = fields_of(kind) or {}
            fields = {each.name: _default_of(each) for each in dataclasses.fields(kind) if each.init}
            documentation = (
                None if (kind.__doc__ or "").startswith(f"{kind.__name__}(") else kind.__doc__
            )  # made for it
            namespace = {STANDS_FOR: kind, "__doc__": documentation, "__module__": kind.__module__}
            namespace |= {"__annotations__": dict.fromkeys(fields, Any), **fields}
            made: Any = type(msgspec.Struct)
            twin = made(
                kind.__name__, (msgspec.Struct,), namespace, tag_field=TAG, tag=self._tagged[kind], kw_only=True
            )
            self._twins[kind] = twin
            twin.__annotations__.update({name: self.of(hints[name]) for name in fields})
        return self._twins[kind]


def _default_of(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return msgspec.field(default=field.default)
    if field.default_factory is not dataclasses.MISSING:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field()


def _either(parts: tuple[Any, ...]) -> Any:
    """Return what is told of addresses of either version."""
    names = " | ".join(part.__name__ for part in parts if part is not type(None))
    text = Annotated[str, msgspec.Meta(extra={WRITTEN: names})]
    return text | None if type(None) in parts else text
