"""Values made plain before msgspec writes them, where it would write them otherwise than their types say."""

from __future__ import annotations

import copy
import dataclasses
import datetime
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from localsocket.values.reading import TAG

_AS_THEY_ARE = frozenset({type(None), bool, int, float, str, bytes, bytearray, memoryview})
_LISTS = (list, tuple, set, frozenset, deque)
_NO_OFFSET = datetime.timedelta(0)


class Walk:
    """Goes through a value: `coded` classes are encoded, `tagged` dataclasses say which they are.

    With `keeps_offsets` a datetime with an offset is the string that msgspec writes into JSON: in MessagePack it would
    keep the moment alone.
    """

    def __init__(
        self, coded: Mapping[type, Callable[[Any], Any]], tagged: Mapping[type, str], *, keeps_offsets: bool
    ) -> None:
        self._coded = coded
        self._tagged = tagged
        self._keeps_offsets = keeps_offsets

    def through(self, value: Any) -> Any:
        """Return the value as it is to be written; what is not touched by it is the same object."""
        kind = type(value)
        if kind in _AS_THEY_ARE:
            return value
        if self._coded and (encode := self._encode_of(kind)) is not None:
            return self.through(encode(value))
        if kind is datetime.datetime:
            return self._datetime(value)
        if isinstance(value, _LISTS):
            return [self.through(each) for each in value]
        if isinstance(value, dict):
            return {self._key(key): self.through(each) for key, each in value.items()}
        if isinstance(value, msgspec.Struct):
            return self._struct(value)
        if dataclasses.is_dataclass(value):
            return self._dataclass(value)
        return value

    def _dataclass(self, value: Any) -> dict[str, Any]:
        fields = {} if (name := self._name(type(value))) is None else {TAG: name}
        for field in dataclasses.fields(value):
            # As msgspec does: fields that are made from others are not sent.
            if field.init and (part := getattr(value, field.name, msgspec.UNSET)) is not msgspec.UNSET:
                fields[field.name] = self.through(part)
        return fields

    def _name(self, kind: type) -> str | None:
        return next((self._tagged[base] for base in kind.__mro__ if base in self._tagged), None)

    def _struct(self, value: msgspec.Struct) -> msgspec.Struct:
        walked = copy.copy(value)
        for name in value.__struct_fields__:
            msgspec.structs.force_setattr(walked, name, self.through(getattr(value, name)))
        return walked

    def _key(self, key: Any) -> Any:
        """A key stays one: nothing that has a hash becomes a list."""
        kind = type(key)
        if kind is datetime.datetime:
            return self._datetime(key)
        encode = None if kind in _AS_THEY_ARE else self._encode_of(kind)
        return key if encode is None else encode(key)

    def _encode_of(self, kind: type) -> Callable[[Any], Any] | None:
        return next((self._coded[base] for base in kind.__mro__ if base in self._coded), None)

    def _datetime(self, value: datetime.datetime) -> Any:
        if not self._keeps_offsets or value.utcoffset() in (None, _NO_OFFSET):
            return value
        return msgspec.to_builtins(value)


# --- what has to be walked through -----------------------------------------------------------------------------------

_SHALLOW = 16  # items of a container that are looked at, and how many containers may be in one another
_DEPTH = 4
# MessagePack's three lengths of a moment begin so: a byte, and those that follow it.
_FEW = 2048  # bytes in which three looks take less time than splitting does
_MARKS = ((b"\xd6", b"\xff"), (b"\xd7", b"\xff"), (b"\xc7", b"\x0c\xff"))


def has_moments(body: bytes) -> bool:
    """Whether there may be a moment in what was written: that begins so, and so may other things.

    Looking for one byte and then at what follows takes an eighth of the time that looking for several does.
    """
    if 0xFF not in body:
        return False
    if len(body) <= _FEW:
        return b"\xd7\xff" in body or b"\xd6\xff" in body or b"\xc7\x0c\xff" in body
    return any(any(rest.startswith(follows) for rest in body.split(first)[1:]) for first, follows in _MARKS)


def may_have_moments(value: Any, of_class: Callable[[type], bool], depth: int = _DEPTH) -> bool:
    """Whether a value may have a datetime in it, as far as that is seen at a few looks.

    `of_class` says it of a user's class. What has no moment in it need not be searched for one after it was written,
    as large values of bytes above all.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return False
    if kind in (list, tuple, dict):
        if len(value) > _SHALLOW or not depth:
            return True
        items = value.values() if kind is dict else value
        return any(may_have_moments(each, of_class, depth - 1) for each in items)
    return of_class(kind)
