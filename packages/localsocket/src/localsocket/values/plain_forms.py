"""Classes of the standard library that msgspec does not know, and what they are on the wire."""

from __future__ import annotations

import cmath
import os
import re
import types
import typing
from collections import deque
from collections.abc import Callable, Mapping
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import PurePath
from typing import Annotated, Any

from msgspec import Meta

from localsocket.values.handling import WRITTEN, Handling


class AsText:
    """What is a string on the wire: `write` and `read` make it and take it, `said` is its format in JSON Schema."""

    has_parts = False

    def __init__(
        self, write: Callable[[Any], str], read: Callable[[Any, str], Any], said: str = "", pattern: str | None = None
    ) -> None:
        self._write = write
        self._read = read
        self._extra = {"format": said} if said else None
        self._pattern = pattern

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return str

    def told(self, kind: Any) -> Any:
        meta = Meta(pattern=self._pattern, extra_json_schema=self._extra, extra={WRITTEN: kind.__name__})
        return Annotated[str, meta]

    def encode(self, value: Any, *, is_json: bool) -> str:
        return self._write(value)

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        return self._read(kind, plain)


class Paths:
    """Paths are strings; one whose bytes are no UTF-8 is bytes, for which JSON has no form."""

    has_parts = False

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return str if is_json else Any

    def told(self, kind: Any) -> Any:
        return Annotated[str, Meta(extra_json_schema={"format": "path"}, extra={WRITTEN: kind.__name__})]

    def encode(self, value: PurePath, *, is_json: bool) -> str | bytes:
        text = str(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            if is_json:
                raise ValueError(f"JSON has no form for a path that is not UTF-8: {text!r}") from None
            return os.fsencode(text)
        return text

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        if not isinstance(plain, (str, bytes)):
            raise TypeError(f"Expected `{kind.__name__}`, got `{type(plain).__name__}`")
        text = os.fsdecode(plain)
        if "\0" in text:
            raise ValueError("a path cannot contain the character 0")
        return kind(text)


class Complexes:
    """A complex number is its two parts."""

    has_parts = False

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return tuple[float, float]

    def told(self, kind: Any) -> Any:
        return Annotated[tuple[float, float], Meta(extra={WRITTEN: "complex"})]

    def encode(self, value: complex, *, is_json: bool) -> tuple[float, float]:
        if is_json and not cmath.isfinite(value):
            raise ValueError(f"JSON has no form for {value}")
        return value.real, value.imag

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        return kind(*plain)


class Deques:
    """A deque is a list, and comes back without the length that it may have had at most."""

    has_parts = True

    def form(self, kind: Any, *, is_json: bool) -> Any:
        item: Any = (*typing.get_args(kind), Any)[0]
        return types.GenericAlias(list, item)

    def told(self, kind: Any) -> Any:
        return Annotated[self.form(kind, is_json=True), Meta(extra={WRITTEN: "deque[{}]"})]

    def encode(self, value: deque[Any], *, is_json: bool) -> list[Any]:
        return list(value)

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        return (typing.get_origin(kind) or kind)(plain)


_FRACTION = re.compile(r"(-?[0-9]{1,4000})/([0-9]{1,4000})", re.ASCII)  # Python reads numbers of 4300 digits
_FRACTION_PATTERN = "^-?[0-9]+/[0-9]+$"


def _write_fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _read_fraction(kind: Any, text: str) -> Any:
    # Fraction() itself takes "1e999999999" too, and all the memory for it.
    found = _FRACTION.fullmatch(text)
    if found is None or not int(found[2]):
        raise ValueError("Expected a fraction such as `1/3`")
    return kind(int(found[1]), int(found[2]))


def _read_as_made(kind: Any, text: str) -> Any:
    return kind(text)


PLAIN_FORMS: Mapping[type, Handling] = {
    PurePath: Paths(),
    Fraction: AsText(_write_fraction, _read_fraction, pattern=_FRACTION_PATTERN),
    complex: Complexes(),
    deque: Deques(),
    **{kind: AsText(str, _read_as_made, "ipv4") for kind in (IPv4Address,)},
    **{kind: AsText(str, _read_as_made, "ipv6") for kind in (IPv6Address,)},
    **{kind: AsText(str, _read_as_made) for kind in (IPv4Interface, IPv4Network, IPv6Interface, IPv6Network)},
}
