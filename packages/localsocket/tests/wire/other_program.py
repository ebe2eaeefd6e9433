"""A program that speaks the protocol and knows docs/wire-format.md alone: a socket, a header, and MessagePack by hand.

It imports nothing of localsocket and nothing of msgspec, and could as well be written in another language.
"""

from __future__ import annotations

import socket
import struct
from typing import Any

HEADER = struct.Struct(">IBBHI")
GREETING, MESSAGE, CALL, NOTIFICATION, REPLY, FAILURE, STREAM, ITEM, END, CREDIT, CANCEL = range(1, 12)
LSCK = 0x4C53434B


# What comes after these bytes is a number of this form.
NUMBERS = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}


def pack(value: Any) -> bytes:
    """Return the value as MessagePack, in long forms here and there, which are as right as short ones."""
    if value is None or value is False or value is True:
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        if value < 0:
            return b"\xd3" + struct.pack(">q", value)
        if value < 128:
            return bytes([value])
        first = 0xCC + sum(value >= limit for limit in (1 << 8, 1 << 16, 1 << 32))
        return bytes([first]) + struct.pack(NUMBERS[first], value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode("utf-8")
        return (bytes([0xA0 | len(data)]) if len(data) < 32 else b"\xdb" + struct.pack(">I", len(data))) + data
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, (list, tuple)):
        head = bytes([0x90 | len(value)]) if len(value) < 16 else b"\xdd" + struct.pack(">I", len(value))
        return head + b"".join(map(pack, value))
    if isinstance(value, dict):
        head = bytes([0x80 | len(value)]) if len(value) < 16 else b"\xdf" + struct.pack(">I", len(value))
        return head + b"".join(pack(key) + pack(each) for key, each in value.items())
    raise TypeError(f"no form for {type(value).__name__}")


class Unpacker:
    """Reads one value after another from the front of `data`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def value(self) -> Any:
        first = self._take(1)[0]
        if first < 0x80:
            return first
        if first >= 0xE0:
            return first - 256
        if first in NUMBERS:
            return self._number(NUMBERS[first])
        return self._short(first) if first < 0xC0 else self._long(first)

    def _short(self, first: int) -> Any:
        """Read what has its length in its first byte."""
        if first < 0x90:
            return self._map(first & 0x0F)
        if first < 0xA0:
            return self._array(first & 0x0F)
        return self._text(first & 0x1F)

    def _long(self, first: int) -> Any:
        match first:
            case 0xC0:
                return None
            case 0xC2 | 0xC3:
                return first == 0xC3
            case 0xC4 | 0xC5 | 0xC6:
                return self._take(self._length(first - 0xC4))
            case 0xD9 | 0xDA | 0xDB:
                return self._text(self._length(first - 0xD9))
            case 0xDC | 0xDD:
                return self._array(self._length(first - 0xDC + 1))
            case 0xDE | 0xDF:
                return self._map(self._length(first - 0xDE + 1))
        raise ValueError(f"type {first:#x} is not used here")

    def _take(self, count: int) -> bytes:
        taken = self._data[self.place : self.place + count]
        assert len(taken) == count
        self.place += count
        return taken

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _length(self, which: int) -> int:
        return int(self._number((">B", ">H", ">I")[which]))

    def _text(self, length: int) -> str:
        return self._take(length).decode("utf-8")

    def _array(self, length: int) -> list[Any]:
        return [self.value() for _ in range(length)]

    def _map(self, length: int) -> dict[Any, Any]:
        return {self.value(): self.value() for _ in range(length)}


def unpack(data: bytes) -> Any:
    unpacker = Unpacker(data)
    value = unpacker.value()
    assert unpacker.place == len(data)
    return value


class OtherProgram:
    """One connection. What is sent and received is kept, frame by frame, as `said`."""

    def __init__(self, connection: socket.socket) -> None:
        self.said: list[tuple[str, bytes]] = []
        self._connection = connection
        self._number = 0

    # --- frames -------------------------------------------------------------------------------------------------------

    def send(self, kind: int, number: int, body: bytes = b"", flags: int = 0) -> None:
        frame = HEADER.pack(len(body), kind, 0, flags, number) + body
        self._connection.sendall(frame)
        self.said.append(("client", frame))

    def receive(self) -> tuple[int, int, bytes]:
        """Return kind, id and body of the next frame."""
        header = self._exactly(HEADER.size)
        length, kind, descriptors, flags, number = HEADER.unpack(header)
        assert (descriptors, flags) == (0, 1 if kind == GREETING else 0)
        body = self._exactly(length)
        self.said.append(("server", header + body))
        return kind, number, body

    def _exactly(self, count: int) -> bytes:
        pieces = b""
        while len(pieces) < count:
            piece = self._connection.recv(count - len(pieces))
            if not piece:
                raise EOFError
            pieces += piece
        return pieces

    # --- what is said -------------------------------------------------------------------------------------------------

    def greet(self, **fields: Any) -> dict[str, Any]:
        """Say who this is, and return what the other side says of itself."""
        self.send(GREETING, LSCK, pack(fields), flags=1)
        kind, number, body = self.receive()
        assert (kind, number) == (GREETING, LSCK)
        greeting: dict[str, Any] = unpack(body)
        return greeting

    def begin(
        self,
        method: str,
        *arguments: Any,
        timeout: float | None = None,
        named: dict[str, Any] | None = None,
        carrier: dict[str, str] | None = None,
    ) -> int:
        """Make a call, and return its id."""
        self._number += 1
        body: list[Any] = [method, timeout, arguments]
        if named is not None or carrier is not None:
            body.append(named or {})
        if carrier is not None:
            body.append(carrier)
        self.send(CALL, self._number, pack(body))
        return self._number

    def notify(self, method: str, *arguments: Any) -> None:
        self.send(NOTIFICATION, 0, pack([method, None, arguments]))

    def credit(self, number: int, count: int) -> None:
        self.send(CREDIT, number, pack(count))

    def cancel(self, number: int) -> None:
        self.send(CANCEL, number)

    def send_message(self, body: bytes) -> None:
        self.send(MESSAGE, 0, body)

    # --- what is heard ------------------------------------------------------------------------------------------------

    def expect(self, kind: int, number: int) -> Any:
        """Return the value of the next frame, which has to be of this kind and call."""
        got, of, body = self.receive()
        assert (got, of) == (kind, number), f"kind {got} of {of} instead of kind {kind} of {number}: {body!r}"
        return unpack(body) if body else None
