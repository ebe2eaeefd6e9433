"""What Python's types are in varlink's interface definitions, which know few: what has no name there is an object."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.inspect import (
    BoolType,
    DataclassType,
    DictType,
    EnumType,
    Field,
    FloatType,
    FrozenSetType,
    IntType,
    ListType,
    LiteralType,
    Metadata,
    NamedTupleType,
    NoneType,
    SetType,
    StructType,
    TupleType,
    Type,
    TypedDictType,
    UnionType,
    VarTupleType,
    type_info,
)

from localsocket.values.retyping import Retyping
from localsocket.wire.varlink import camel_case

_FIELD = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*", re.ASCII)

OBJECT = "object"
_SIMPLE: dict[type[Type], str] = {BoolType: "bool", IntType: "int", FloatType: "float"}
_STRINGS = (
    msgspec.inspect.StrType,
    msgspec.inspect.BytesType,
    msgspec.inspect.ByteArrayType,
    msgspec.inspect.MemoryViewType,
    msgspec.inspect.DateTimeType,
    msgspec.inspect.DateType,
    msgspec.inspect.TimeType,
    msgspec.inspect.TimeDeltaType,
    msgspec.inspect.UUIDType,
    msgspec.inspect.DecimalType,
)
_ARRAYS = (ListType, SetType, FrozenSetType, VarTupleType)
_FLOATS = {IntType, FloatType}


def is_field_name(name: str) -> bool:
    """Whether it may stand in a definition as it is."""
    return _FIELD.fullmatch(name) is not None


def nullable(kind: str) -> str:
    return kind if kind.startswith("?") else f"?{kind}"


class Types:
    """The named types of one interface, which are defined as they are come across. `taken`: names of other members."""

    def __init__(self, taken: Iterable[str], told: Retyping) -> None:
        self._told = told
        self.definitions: dict[str, str] = {}
        self._taken = set(taken)
        self._names: dict[type, str] = {}

    def of(self, kind: Any) -> str:
        """Return the type as it is written in a definition; it is an object for what no schema is known of."""
        try:
            return self._of(type_info(self._told.of(kind)))
        except Exception:  # whatever msgspec makes of it
            return nullable(OBJECT)

    def _of(self, kind: Type) -> str:
        while isinstance(kind, Metadata):
            kind = kind.type
        if (simple := _SIMPLE.get(type(kind))) is not None:
            return simple
        if isinstance(kind, _STRINGS):
            return "string"
        if isinstance(kind, _ARRAYS):
            return f"[]{self._of(kind.item_type)}"
        if isinstance(kind, NamedTupleType):
            return f"[]{nullable(OBJECT)}"
        if isinstance(kind, TupleType):
            items = {self._of(each) for each in kind.item_types}
            return f"[]{items.pop() if len(items) == 1 else nullable(OBJECT)}"
        if isinstance(kind, DictType):
            return f"[string]{self._of(kind.value_type)}"
        if isinstance(kind, UnionType):
            return self._of_union(kind)
        if isinstance(kind, (EnumType, LiteralType)):
            return self._of_choice(kind)
        if isinstance(kind, (DataclassType, StructType, TypedDictType)):
            return self._of_fields(kind)
        return nullable(OBJECT)  # anything, which may be null

    def _of_union(self, kind: UnionType) -> str:
        kinds = [each for each in kind.types if not isinstance(each, NoneType)]
        if len(kinds) == 1:
            one = self._of(kinds[0])
        elif {type(each) for each in kinds} == _FLOATS:
            one = "float"
        else:
            one = OBJECT
        return nullable(one) if len(kinds) < len(kind.types) else one

    def _of_choice(self, kind: EnumType | LiteralType) -> str:
        values = list(kind.values) if isinstance(kind, LiteralType) else [each.value for each in kind.cls]
        if all(isinstance(value, int) for value in values):
            return "int"
        strings = [value for value in values if isinstance(value, str)]
        if len(strings) < len(values):
            return OBJECT
        if isinstance(kind, LiteralType) or not all(map(is_field_name, strings)):
            return "string"
        name, is_new = self._name(kind.cls)
        if is_new:
            self.definitions[name] = f"({', '.join(strings)})"
        return name

    def _of_fields(self, kind: DataclassType | StructType | TypedDictType) -> str:
        names = [field.encode_name for field in kind.fields]
        is_array = isinstance(kind, StructType) and kind.array_like
        if is_array or not all(map(is_field_name, names)):
            return f"[]{nullable(OBJECT)}" if is_array else OBJECT
        name, is_new = self._name(kind.cls)
        if is_new:
            self.definitions[name] = ""  # it may refer to itself
            fields = [f"  {field.encode_name}: {self._of_field(field)}" for field in kind.fields]
            if isinstance(kind, StructType) and kind.tag_field is not None and is_field_name(kind.tag_field):
                fields.insert(0, f"  {kind.tag_field}: {'int' if isinstance(kind.tag, int) else 'string'}")
            self.definitions[name] = "(\n" + ",\n".join(fields) + "\n)" if fields else "()"
        return name

    def _of_field(self, field: Field) -> str:
        kind = self._of(field.type)
        return kind if field.required else nullable(kind)

    def _name(self, kind: type) -> tuple[str, bool]:
        """Return the name of a type, and whether it is the first time."""
        if (known := self._names.get(kind)) is not None:
            return known, False
        said = camel_case(getattr(kind, "__name__", "")) or "Type"
        name = self._names[kind] = free_name(said, self._taken)
        return name, True


def free_name(name: str, taken: set[str]) -> str:
    """Return the name, with a number behind it where it is taken, and take it. No name begins with a digit."""
    if name[:1].isdigit():
        name = f"N{name}"
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}{count}"
    taken.add(free)
    return free
