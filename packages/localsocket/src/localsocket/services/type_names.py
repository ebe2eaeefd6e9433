"""Types and values as Python writes them, with one name for each class that a service's annotations lead to."""

from __future__ import annotations

import builtins
import dataclasses
import datetime
import decimal
import enum
import keyword
import math
import re
import typing
import uuid
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from msgspec import inspect as forms

from localsocket.values.handling import WRITTEN
from localsocket.values.telling import STANDS_FOR

PLAIN_NAMES = {
    forms.AnyType: "Any",
    forms.NoneType: "None",
    forms.BoolType: "bool",
    forms.IntType: "int",
    forms.FloatType: "float",
    forms.StrType: "str",
    forms.BytesType: "bytes",
    forms.ByteArrayType: "bytearray",
    forms.MemoryViewType: "memoryview",
    forms.DateTimeType: "datetime",
    forms.TimeType: "time",
    forms.DateType: "date",
    forms.TimeDeltaType: "timedelta",
    forms.UUIDType: "UUID",
    forms.DecimalType: "Decimal",
    forms.ExtType: "Ext",
    forms.RawType: "Raw",
}
_CONTAINERS = {
    forms.ListType: "list[{}]",
    forms.SetType: "set[{}]",
    forms.FrozenSetType: "frozenset[{}]",
    forms.VarTupleType: "tuple[{}, ...]",
}
_CONSTRAINTS = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz")
_SHOWN_AS_MADE = ("fractions", "ipaddress")  # Fraction(1, 3), IPv4Address('127.0.0.1')
_SAID_IN_WORDS = ("title", "description", "examples")

WRITTEN_BY_NAME = {
    **dict.fromkeys(["Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath"], "pathlib"),
    **{f"IPv{version}{what}": "ipaddress" for version in (4, 6) for what in ("Address", "Interface", "Network")},
    **{f"{kind}{bits}": "numpy" for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    **dict.fromkeys(["float16", "float32", "float64", "complex64", "complex128", "bool_", "str_", "bytes_"], "numpy"),
    **dict.fromkeys(["datetime64", "timedelta64"], "numpy"),
    "Fd": "localsocket",
    "Fraction": "fractions",
    "NDArray": "numpy.typing",
    "complex": "builtins",
    "deque": "collections",
}
"""The types besides msgspec's that a type text names, and the modules that they are from; exceptions are Python's."""

# What type texts and values are written with: no class of a service may have one of these names there.
TAKEN = frozenset(
    [
        *PLAIN_NAMES.values(),
        *WRITTEN_BY_NAME,
        "Annotated",
        "Literal",
        "Meta",
        "timezone",
        *keyword.kwlist,
        *keyword.softkwlist,
    ]
) | {name for name in dir(builtins) if not name.startswith("_")}

NamedForm = forms.DataclassType | forms.StructType | forms.TypedDictType | forms.NamedTupleType | forms.EnumType
NAMED_FORMS = (
    forms.DataclassType,
    forms.StructType,
    forms.TypedDictType,
    forms.NamedTupleType,
    forms.EnumType,
)


UNKNOWN = "..."
"""What stands for a value that Python cannot write down."""


class TypeNames:
    """Knows the named types among `kinds` and all that these consist of; `reserved` names are given to others.

    `named` has the form of each, by its name.
    """

    def __init__(self, kinds: Iterable[Any], reserved: Iterable[str] = ()) -> None:
        self.named: dict[str, NamedForm] = {}
        self._names: dict[Any, str] = {}
        self._reserved = {*reserved, *TAKEN}
        looked_at: dict[int, object] = {}  # which keeps them, and so their ids
        for kind in kinds:
            self._collect(forms.type_info(kind), looked_at)

    def name_of(self, kind: Any) -> str | None:
        """Return the name of a class that is one of them."""
        try:
            return self._names.get(kind)
        except TypeError:
            return None  # it is unhashable

    def type_text(self, kind: Any) -> str:
        """Return a type as Python writes it."""
        return self.form_text(forms.type_info(kind))

    def form_text(self, form: forms.Type) -> str:
        said = _said(form)
        while isinstance(form, forms.Metadata):
            if (written := (form.extra or {}).get(WRITTEN)) is not None:
                return self._written(str(written), form.type)
            form = form.type
            said = {**_said(form), **said}
        text = self._bare_text(form)
        if not said:
            return text
        return f"Annotated[{text}, Meta({', '.join(f'{name}={value!r}' for name, value in said.items())})]"

    def _written(self, text: str, form: forms.Type) -> str:
        """Return how a type is written that stands for another; the braces are for what its items are."""
        item = getattr(form, "item_type", None)
        return text if item is None else text.format(self.form_text(item))

    def value_text(self, value: Any) -> str:
        """Return a value as Python writes it; UNKNOWN for one that it cannot write down."""
        kind = type(value)
        if value is None or kind in (bool, int, str, bytes):
            return repr(value)
        if kind is float:
            return repr(value) if math.isfinite(value) else f"float('{value}')"
        if kind in (datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone):
            return repr(value).replace("datetime.", "") if _can_be_written(value) else UNKNOWN
        if kind in (decimal.Decimal, uuid.UUID) or kind.__module__ in _SHOWN_AS_MADE:
            return repr(value)
        if isinstance(value, PurePath):
            return f"{_path_class(kind)}({str(value)!r})"
        if isinstance(value, enum.Enum):
            return f"{self.name_of(kind)}.{value.name}" if self.name_of(kind) and value.name else UNKNOWN
        parts = self._parts_of(value)
        if parts is None or any(part.endswith(UNKNOWN) for part in parts):
            return UNKNOWN
        return _whole(self.name_of(kind) or kind.__name__, kind, parts)

    # ------------------------------------------------------------------------------------------------------------------

    def _collect(self, part: object, looked_at: dict[int, object]) -> None:
        if isinstance(part, tuple):
            for each in part:
                self._collect(each, looked_at)
        elif isinstance(part, (forms.Type, forms.Field)) and id(part) not in looked_at:
            looked_at[id(part)] = part
            if isinstance(part, NAMED_FORMS) and part.cls not in self._names:
                name = self._names[part.cls] = self._new_name(part.cls)
                self._names[getattr(part.cls, STANDS_FOR, part.cls)] = name
                self.named[name] = part
            for each in part.__struct_fields__:
                self._collect(getattr(part, each), looked_at)

    def _new_name(self, kind: Any) -> str:
        said = "_".join(part for part in re.split(r"\W+", _said_name(kind)) if part) or "Type"
        wanted = f"_{said}" if said[0].isdigit() else said
        if wanted not in self._reserved and wanted not in self.named:
            return wanted
        module = re.sub(r"\W", "_", str(getattr(kind, "__module__", "")).rpartition(".")[2])
        numbered = (f"{wanted}_{number}" for number in range(2, 2 + len(self.named) + len(self._reserved)))
        for name in (f"{module}_{wanted}".strip("_"), *numbered):
            if name not in self._reserved and name not in self.named:
                return name
        raise AssertionError("there are more names than types")

    def _bare_text(self, form: forms.Type) -> str:
        if (name := PLAIN_NAMES.get(type(form))) is not None:
            return name
        if isinstance(form, NAMED_FORMS):
            return self._names[form.cls]
        if isinstance(form, forms.CollectionType):
            return _CONTAINERS[type(form)].format(self.form_text(form.item_type))
        match form:
            case forms.TupleType(item_types=types):
                return f"tuple[{', '.join(map(self.form_text, types)) or '()'}]"
            case forms.DictType(key_type=key, value_type=value):
                return f"dict[{self.form_text(key)}, {self.form_text(value)}]"
            case forms.UnionType(types=types):
                return " | ".join(map(self.form_text, types))
            case forms.LiteralType(values=values):
                return f"Literal[{', '.join(map(repr, values))}]"
        kind = getattr(form, "cls", object)
        return str(getattr(kind, "__name__", kind))

    def _parts_of(self, value: Any) -> list[str] | None:
        kind = type(value)
        if kind in (list, tuple, set, frozenset):
            return [self.value_text(each) for each in value]
        if kind is dict:
            return [f"{self.value_text(key)}: {self.value_text(each)}" for key, each in value.items()]
        if self.name_of(kind) is None:
            return None
        if dataclasses.is_dataclass(value):
            names = [field.name for field in dataclasses.fields(value) if field.init]
        else:
            names = list(getattr(value, "__struct_fields__", ()) or getattr(value, "_fields", ()))
        return [f"{name}={self.value_text(getattr(value, name))}" for name in names]


def _said_name(kind: Any) -> str:
    """Return the name of a class, and of what a generic one is made for."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    name = str(getattr(origin or kind, "__name__", origin or kind))
    return "_".join([name.rpartition(".")[2], *map(_said_name, arguments)])


def _said(form: forms.Type) -> dict[str, Any]:
    """Return what Meta() was told, or is to be told, about a type."""
    if isinstance(form, forms.Metadata):
        extra = dict(form.extra_json_schema or {})
        words = {name: extra.pop(name) for name in _SAID_IN_WORDS if name in extra}
        return {**words, "extra_json_schema": extra} if extra else words
    told = ((name, getattr(form, name, None)) for name in _CONSTRAINTS)
    return {name: value for name, value in told if value is not None}


def _path_class(kind: type[PurePath]) -> str:
    """Return what a program writes for a path, on whatever system it may be."""
    return "Path" if issubclass(kind, Path) else kind.__name__


def _can_be_written(value: Any) -> bool:
    zone = getattr(value, "tzinfo", None)
    return zone is None or type(zone) is datetime.timezone


def _whole(name: str, kind: type, parts: list[str]) -> str:
    inside = ", ".join(parts)
    if kind is list:
        return f"[{inside}]"
    if kind is dict:
        return f"{{{inside}}}"
    if kind is tuple:
        return f"({inside},)" if len(parts) == 1 else f"({inside})"
    if kind is set:
        return f"{{{inside}}}" if parts else "set()"
    if kind is frozenset:
        return f"frozenset({{{inside}}})" if parts else "frozenset()"
    return f"{name}({inside})"
