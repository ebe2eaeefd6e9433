"""What msgspec is told to read where it cannot read the type itself: unions of dataclasses, and what a user codes."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Union

from localsocket.values.handling import Handling
from localsocket.values.retyping import Retyping, is_union
from localsocket.values.shapes import fields_of, is_custom, is_named_tuple, is_struct, named_class
from localsocket.values.twins import twin_class, twin_struct, twin_typed_dict

TAG = "type"
"""The key under which a dataclass that stands in a union says which it is, as msgspec's Structs do."""

# Of ipaddress, which is loaded by who names them: told apart by how they are written.
_APART = [{f"IPv4{what}", f"IPv6{what}"} for what in ("Address", "Interface", "Network")]

Convert = Callable[..., Any]
"""Returns a plain value as one of a type: convert(value, kind, is_json=...)."""


class ReadableTypes(Retyping):
    """Puts markers in the place of what msgspec cannot read, classes for which it asks our hook.

    `handlings` gets what knows each marker, and `tagged` the names of classes that say which they are.
    """

    def __init__(self, given: Mapping[type, Handling], handlings: dict[Any, Handling], convert: Convert) -> None:
        super().__init__()
        self.tagged: dict[type, str] = {}
        self._given = given
        self._handlings = handlings
        self._convert = convert
        self._markers: dict[Any, type] = {}

    def replacement(self, kind: Any) -> Any:
        if is_union(kind):
            return self._of_union(kind)
        if inspect.isclass(kind) and kind in self._given and not is_custom(kind):
            return self._marker(kind, (kind,), self._given[kind])
        return None

    def twin_of(self, kind: Any, hints: dict[str, Any]) -> tuple[Any, dict[str, Any] | None]:
        if typing.is_typeddict(kind):
            twin = twin_typed_dict(kind, hints)
            return twin, twin.__annotations__
        if dataclasses.is_dataclass(kind):
            twin = twin_class(kind, hints, __post_init__=_becoming(kind))
            return twin, twin.__annotations__
        if is_struct(kind):
            twin = twin_struct(kind, hints, __post_init__=_nothing)
        elif is_named_tuple(kind):
            twin = twin_class(kind, hints)
        else:
            raise TypeError(f"{kind.__name__} cannot have such a field")
        return self._marker(kind, (kind,), _MadeOf(kind, twin, self._convert)), twin.__annotations__

    def _of_union(self, kind: Any) -> Any:
        parts = [part for part in typing.get_args(kind) if part is not type(None)]
        if are_apart(parts):
            marker = self._marker(frozenset(parts), tuple(parts), _FirstThatFits(parts, self._convert))
            return marker if len(parts) == len(typing.get_args(kind)) else marker | None
        members = [part for part in parts if dataclasses.is_dataclass(named_class(part))]
        if len(members) < 2:
            return None
        rest = tuple(part for part in typing.get_args(kind) if part not in members)
        names = {_name(member): member for member in members}
        if len(names) < len(members):
            raise TypeError("two dataclasses of a union have the same name, but the name tells them apart")
        for member in members:
            if TAG in (fields_of(named_class(member)) or {}):
                raise TypeError(f"{_name(member)} has a field {TAG!r}, which says in a union which dataclass it is")
        self.tagged.update({named_class(member): name for name, member in names.items()})
        other = self.of(Union[rest]) if rest else None  # noqa: UP007
        handling = _Tagged(names, other if rest else None, self.of, self._convert)
        return self._marker(kind, tuple(named_class(member) for member in members), handling, other=bool(rest))

    def _marker(self, key: Any, classes: tuple[type, ...], handling: Handling, *, other: bool = False) -> Any:
        if key not in self._markers:
            name = " | ".join(each.__name__ for each in classes)
            made = self._markers[key] = _Marker(name, (), {"classes": () if other else classes})
            self._handlings[made] = handling
        return self._markers[key]


class _Marker(type):
    """Stands for classes that msgspec does not read: what are objects of them are objects of it."""

    classes: tuple[type, ...]

    def __instancecheck__(cls, value: object) -> bool:
        return not cls.classes or isinstance(value, cls.classes)


class _Read:
    """What is read alone: to write it nobody needs to be asked."""

    has_parts = True

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return Any

    def told(self, kind: Any) -> Any:
        raise NotImplementedError

    def encode(self, value: Any, *, is_json: bool) -> Any:
        raise NotImplementedError


class _Tagged(_Read):
    """A dataclass that says which it is; or has all the fields of one, and no other has the same."""

    def __init__(self, members: Mapping[str, Any], rest: Any, readable: Callable[[Any], Any], convert: Convert) -> None:
        self._members = members
        self._rest = rest
        self._readable = readable
        self._convert = convert
        self._by_fields: dict[frozenset[str], list[str]] = {}
        for name, member in members.items():
            fields = frozenset(each.name for each in dataclasses.fields(named_class(member)) if each.init)
            self._by_fields.setdefault(fields, []).append(name)

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        name = self._said(plain) if isinstance(plain, dict) else None
        if name is not None:
            fields = {key: value for key, value in plain.items() if key != TAG}
            return self._convert(fields, self._readable(self._members[name]), is_json=is_json)
        if self._rest is not None:
            return self._convert(plain, self._rest, is_json=is_json)
        names = ", ".join(self._members)
        if isinstance(plain, dict) and TAG in plain:
            raise ValueError(f"Expected {TAG!r} to be one of {names}, got {str(plain[TAG])[:128]!r}")
        raise ValueError(f"Expected an object with {TAG!r}, which is one of {names}")

    def _said(self, plain: dict[Any, Any]) -> str | None:
        if TAG in plain:
            said = plain[TAG]
            return said if isinstance(said, str) and said in self._members else None
        alike = self._by_fields.get(frozenset(plain), [])
        return alike[0] if len(alike) == 1 else None


class _FirstThatFits(_Read):
    """One of several classes of which no value is written as one of another."""

    def __init__(self, kinds: list[Any], convert: Convert) -> None:
        self._kinds = kinds
        self._convert = convert

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        for each in self._kinds:
            try:
                return self._convert(plain, each, is_json=is_json)
            except ValueError:
                continue
        raise ValueError(f"Expected {' or '.join(each.__name__ for each in self._kinds)}, got {str(plain)[:128]!r}")


class _MadeOf(_Read):
    """A Struct or a NamedTuple that is made of what its twin has."""

    def __init__(self, kind: Any, twin: Any, convert: Convert) -> None:
        self._kind = kind
        self._twin = twin
        self._convert = convert

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        made = self._convert(plain, self._twin, is_json=is_json)
        if is_named_tuple(self._kind):
            return self._kind._make(made)
        fields = {name: getattr(made, name) for name in self._kind.__struct_fields__}
        return self._kind(**fields)


def _becoming(kind: Any) -> Callable[[Any], None]:
    """Return what makes an object of a twin one of the class itself, and has that go on with it."""
    original = getattr(kind, "__post_init__", None)

    def become(twin: Any) -> None:
        object.__setattr__(twin, "__class__", kind)
        if original is not None:
            original(twin)

    return become


def _nothing(twin: Any) -> None:
    """The class itself does what it does when it is made of this."""


def are_apart(parts: Iterable[Any]) -> bool:
    """Whether these, None aside, are the two versions of addresses: no value of one is written as one of the other."""
    kinds = [part for part in parts if part is not type(None)]
    are_addresses = all(getattr(kind, "__module__", "") == "ipaddress" for kind in kinds)
    return are_addresses and {kind.__name__ for kind in kinds} in _APART


def _name(kind: Any) -> str:
    return str(named_class(kind).__name__)
