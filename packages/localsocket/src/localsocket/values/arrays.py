"""numpy's arrays and scalars. This module loads numpy, and is loaded where one of them is met."""

from __future__ import annotations

import functools
import math
import re
import typing
from typing import Annotated, Any, TypedDict

import msgspec
import numpy
from msgspec import Meta

from localsocket.interfaces import Buffer
from localsocket.values.gathering import LARGE, LargeValue
from localsocket.values.handling import WRITTEN

ARRAY = 1
"""The code of an array among the extensions of MessagePack."""

_DIMENSIONS = 32  # as many as every version of numpy has
_LONGEST_HEADER = 1024  # bytes
_KINDS = "?biufcmMSU"  # of what numpy calls dtypes: none of objects or structures, whose bytes would be pointers
_DTYPE = re.compile(r"[<>|]?(?:b1|[iu][1248]|f[248]|c(?:8|16)|[SU][0-9]{1,9}|[mM]8(?:\[[0-9]{0,9}[a-zA-Zμ]{1,7}\])?)")
_HIGHEST_CHARACTER = 0x10FFFF


class _Header(msgspec.Struct, array_like=True, frozen=True):
    dtype: str
    shape: tuple[Annotated[int, Meta(ge=0, le=2**62)], ...]


class ArrayValue(TypedDict):
    """What an array is in JSON: its bytes are in base64, in the order of C."""

    dtype: str
    shape: list[int]
    data: bytes


_encode_header = msgspec.msgpack.Encoder().encode
_read_header = msgspec.msgpack.Decoder(_Header).decode
_SIZE = 2  # bytes that say how long the header is


def pack_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """Return what stands before the bytes of an array in its extension."""
    header = _encode_header(_Header(dtype, shape))
    return len(header).to_bytes(_SIZE, "big") + header


def _pack_nothing(dtype: str, number: int) -> bytes:
    """Return the extension of an array that has no items, and a number in its shape."""
    return pack_header(dtype, (0, number))


def unpack(data: memoryview) -> numpy.ndarray[Any, Any]:
    """Return the array of an extension. Raises ValueError for what is none, before anything is made."""
    header, items = _cut(data)
    return _made(header.dtype, header.shape, items)


def unpack_apart(data: memoryview, items: Buffer) -> numpy.ndarray[Any, Any]:
    """Return the array whose items came apart from its header: it lies where they do, if that can be written to."""
    header, rest = _cut(data)
    if rest:
        raise ValueError("an array whose items are apart has none in the message")
    view = memoryview(items)
    return _made(header.dtype, header.shape, view, is_own=not view.readonly)


def _cut(data: memoryview) -> tuple[_Header, memoryview]:
    size = _SIZE + int.from_bytes(data[:_SIZE], "big")
    if not _SIZE < size <= min(len(data), _LONGEST_HEADER):
        raise ValueError("an array begins with its dtype and its shape")
    try:
        return _read_header(data[_SIZE:size]), data[size:]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"an array begins with its dtype and its shape: {error}") from error


def sendable(array: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """Return the array with its bytes in the order of C. Raises TypeError for what has no bytes of its own."""
    _check_dtype(array.dtype)
    if array.ndim > _DIMENSIONS:
        raise ValueError(f"an array of {array.ndim} dimensions, but at most {_DIMENSIONS} can be sent")
    return array if array.flags.c_contiguous else array.copy(order="C")


def bytes_of(array: numpy.ndarray[Any, Any]) -> memoryview:
    """Return the bytes of an array that is sendable(), where they lie."""
    return array.reshape(-1).view(numpy.uint8).data if array.size else memoryview(b"")


class Arrays:
    """Arrays: an extension in MessagePack, an object in JSON. They come back writable, and own their memory."""

    has_parts = True  # their bytes, where these are many

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return ArrayValue if is_json else Any

    def told(self, kind: Any) -> Any:
        dtype = _said_dtype(kind)
        written = "NDArray[Any]" if dtype is None else f"NDArray[{_scalar_name(dtype)}]"
        return Annotated[ArrayValue, Meta(extra={WRITTEN: written})]

    def encode(self, value: numpy.ndarray[Any, Any], *, is_json: bool) -> Any:
        if isinstance(value, numpy.ma.MaskedArray):
            raise TypeError("a masked array cannot be sent: send its data and its mask")
        array = sendable(numpy.asarray(value))
        if is_json:
            return ArrayValue(dtype=array.dtype.str, shape=list(array.shape), data=bytes_of(array).tobytes())
        header, data = pack_header(array.dtype.str, array.shape), bytes_of(array)
        if len(data) >= LARGE:
            raise LargeValue(ARRAY, header, data, functools.partial(_pack_nothing, array.dtype.str))
        return msgspec.msgpack.Ext(ARRAY, header + data)

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        if is_json:
            if any(length < 0 for length in plain["shape"]):
                raise ValueError("the shape of an array has no negative length")
            plain = _made(plain["dtype"], tuple(plain["shape"]), memoryview(plain["data"]))
        if not isinstance(plain, numpy.ndarray):
            raise ValueError(f"Expected an array, got `{type(plain).__name__}`")
        said = _said_dtype(kind)
        if said is not None and not issubclass(plain.dtype.type, said):
            raise ValueError(f"Expected an array of `{said.__name__}`, got one of `{plain.dtype}`")
        return plain


class Scalars:
    """Numbers of numpy are plain numbers, and those that take part in no conversion come back as they were.

    A number that the type cannot hold is refused, where numpy would wrap it around.
    """

    has_parts = False

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return _plain_form(kind)

    def told(self, kind: Any) -> Any:
        return Annotated[self.form(kind, is_json=True), Meta(extra={WRITTEN: _scalar_name(kind)})]

    def encode(self, value: Any, *, is_json: bool) -> Any:
        _plain_form(type(value))
        return value.item()

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        if issubclass(kind, numpy.complexfloating):
            plain = complex(*plain)
        if issubclass(kind, numpy.integer) and not numpy.iinfo(kind).min <= plain <= numpy.iinfo(kind).max:
            raise ValueError(f"{plain} is not a `{kind.__name__}`")
        if issubclass(kind, (numpy.floating, numpy.complexfloating)):
            with numpy.errstate(over="ignore"):
                made = kind(plain)
            if numpy.isinf(made) and math.isfinite(abs(plain)):
                raise ValueError(f"{plain} is not a `{kind.__name__}`")
            return made
        return kind(plain)


_PLAIN: dict[type[Any], Any] = {
    numpy.bool_: bool,
    numpy.integer: int,
    numpy.floating: float,
    numpy.complexfloating: tuple[float, float],
    numpy.str_: str,
    numpy.bytes_: bytes,
}
_WIDER = (numpy.longdouble, numpy.clongdouble)  # than what is sent, on most machines


def _plain_form(kind: type[Any]) -> Any:
    """Return the type as which a scalar is sent. Raises TypeError for one that would lose something."""
    if not issubclass(kind, (numpy.timedelta64, *_WIDER)):  # the first is a whole number to numpy
        for abstract, plain in _PLAIN.items():
            if issubclass(kind, abstract):
                return plain
    raise TypeError(f"a {kind.__name__} cannot be sent by itself: numpy's numbers up to 64 bits, bool and strings can")


def _scalar_name(kind: type[numpy.generic]) -> str:
    """Return what a class of numbers is called in every version of numpy."""
    return "bool_" if kind is numpy.bool_ else kind.__name__


def _said_dtype(kind: Any) -> type[numpy.generic] | None:
    """Return the class of an array's numbers where its type names one."""
    for part in typing.get_args(kind):
        if typing.get_origin(part) is numpy.dtype:
            said = typing.get_args(part)[0]
            return said if isinstance(said, type) and issubclass(said, numpy.generic) else None
    return None


def _check_dtype(dtype: numpy.dtype[Any]) -> None:
    if dtype.kind not in _KINDS or dtype.hasobject or dtype.fields or dtype.subdtype:
        raise TypeError(f"an array of {dtype} cannot be sent: its numbers, bool, strings or times can")
    if _DTYPE.fullmatch(dtype.str) is None:
        raise TypeError(f"an array of {dtype} cannot be sent: other machines may not know that type")


def _made(said: str, shape: tuple[int, ...], data: memoryview, *, is_own: bool = False) -> numpy.ndarray[Any, Any]:
    """Return the array that owns its bytes; everything is checked before any memory is taken for it.

    The data `is_own` where nobody else has it: then it is not copied.
    """
    if _DTYPE.fullmatch(said) is None:
        raise ValueError(f"an array of {said[:64]!r} is not accepted")
    try:
        dtype = numpy.dtype(said)
    except TypeError as error:
        raise ValueError(f"an array of {said[:64]!r} is not accepted: {error}") from error
    if len(shape) > _DIMENSIONS:
        raise ValueError(f"an array of {len(shape)} dimensions, but at most {_DIMENSIONS} are accepted")
    size = math.prod(shape) * dtype.itemsize
    if size != len(data):
        raise ValueError(f"an array of the shape {_shown(shape)} has {size} bytes, but {len(data)} arrived")
    array = numpy.frombuffer(data, dtype) if size else numpy.empty(0, dtype)
    if size and not is_own:
        array = array.copy()
    _check_items(array)
    return array.reshape(shape)


def _check_items(array: numpy.ndarray[Any, Any]) -> None:
    """Raise ValueError for bytes that stand for no value: numpy takes them, and what it does then is undefined."""
    if array.dtype.kind == "b" and array.size and array.view(numpy.uint8).max() > 1:
        raise ValueError("an array of bool has bytes other than 0 and 1")
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        characters = array.view(numpy.dtype(numpy.uint32).newbyteorder(array.dtype.byteorder))
        if characters.max() > _HIGHEST_CHARACTER:
            raise ValueError("an array of strings has something that is not a character")


def _shown(shape: tuple[int, ...]) -> str:
    return str(shape) if len(shape) <= 8 else f"({', '.join(map(str, shape[:8]))}, ...)"
