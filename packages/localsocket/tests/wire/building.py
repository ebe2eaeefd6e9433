"""Bytes as docs/wire-format.md has them, right and wrong, made without the code that they are fed to."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import msgspec

HEADER = struct.Struct(">IBBHI")
GREETING, MESSAGE, CALL, NOTIFICATION, REPLY, FAILURE, STREAM, ITEM, END, CREDIT, CANCEL = range(1, 12)
GREETING_ID = 0x4C53434B

pack = msgspec.msgpack.Encoder().encode


def frame(kind: int, number: int, body: bytes = b"", *, descriptors: int = 0, flags: int = 0) -> bytes:
    return HEADER.pack(len(body), kind, descriptors, flags, number) + body


def greeting_of(body: bytes, *, version: int = 1, number: int = GREETING_ID, descriptors: int = 0) -> bytes:
    return frame(GREETING, number, body, descriptors=descriptors, flags=version)


def greeting(role: str, *, max_message: int = 1 << 20, **more: object) -> bytes:
    return greeting_of(pack({"role": role, "max_message": max_message, **more}))


def call(number: int, method: str, *arguments: object, timeout: float | None = None) -> bytes:
    return frame(CALL, number, pack((method, timeout, arguments)))


def frames_in(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return kind, id and body of the frames in `data`, of which there are only whole ones."""
    found, start = [], 0
    while start < len(data):
        length, kind, descriptors, flags, number = HEADER.unpack_from(data, start)
        assert (descriptors, flags) == (0, 1 if kind == GREETING else 0)
        body = data[start + HEADER.size : start + HEADER.size + length]
        assert len(body) == length
        found.append((kind, number, body))
        start += HEADER.size + length
    return found


def split_at(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Return `data` in pieces that begin at these places, wherever they are; none is empty."""
    cuts: Sequence[int] = sorted({place % len(data) for place in places} - {0}) if data else []
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)] if data else []
