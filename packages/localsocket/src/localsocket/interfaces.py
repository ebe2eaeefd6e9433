"""What the layers agree on: values that name no implementation."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from localsocket.deadlines import check_count
from localsocket.keywords import known_fields

Buffer: TypeAlias = bytes | bytearray | memoryview
"""Data to write; you may change or reuse it once the call has returned."""

OpenMode: TypeAlias = Literal["r", "w", "rw"]
"""The directions a socket is used in; with "w", data that arrives is dropped."""

KIB = 1024
MIB = 1024 * KIB


class Laden(bytes):
    """Bytes with the first of which descriptors travel. Nothing may be put before them, and they are not to be cut."""

    descriptors: Any
    """A DescriptorBatch, which is of a higher layer."""

    def __new__(cls, data: Buffer, descriptors: Any) -> Laden:
        laden = super().__new__(cls, data)
        laden.descriptors = descriptors
        return laden


class Outline(bytes):
    """A message whose large values have come apart from it, in `pieces`. Its length is that of all of it together.

    What a decoder sees of it is the message alone, in which their places stand for them.
    """

    pieces: list[Buffer]
    _size: int

    def __new__(cls, message: bytes, pieces: list[Buffer]) -> Outline:
        outline = super().__new__(cls, message)
        outline.pieces = pieces
        outline._size = len(message) + sum(map(len, pieces))
        return outline

    def __len__(self) -> int:
        return self._size


class MemoryName(NamedTuple):
    """What one side tells the other of memory that it shares: where to find it, and how to know it."""

    pid: int
    descriptor: int
    device: int
    inode: int
    size: int
    token: bytes


class WaitingPlace(NamedTuple):
    """Where one side says on which processor it is while it waits: four bytes of memory that it alone can write."""

    memory: MemoryName
    offset: int


class SocketState(enum.Enum):
    """The stages in the life of a socket. There is no "connecting": connect() returns connected sockets only."""

    CONNECTED = "connected"
    CLOSING = "closing"
    CLOSED = "closed"


@known_fields
@dataclass(frozen=True, slots=True)
class Limits:
    """How many bytes one connection may hold in this process, and how long a line may be.

    `read_buffer`: bytes received but not yet read; when it is full, the kernel slows the peer down.
    `write_buffer`: bytes written but not yet sent, for writes that do not wait.
    `line`: bytes of one line without its ending.
    """

    read_buffer: int = 8 * MIB
    write_buffer: int = 8 * MIB
    line: int = 64 * KIB

    def __post_init__(self) -> None:
        check_count(self.read_buffer, "Limits.read_buffer", minimum=1)
        check_count(self.write_buffer, "Limits.write_buffer", minimum=1)
        check_count(self.line, "Limits.line", minimum=1)


DEFAULT_LIMITS = Limits()


def as_bytes(data: Buffer, name: str = "data") -> Buffer:
    """Return `data` in a form whose length is its number of bytes; TypeError says what to do where it has none."""
    if isinstance(data, str):
        raise TypeError(f"{name} must be bytes, not str: encode it first, for example {name}.encode()")
    if isinstance(data, memoryview):
        return data.cast("B") if data.c_contiguous else data.tobytes()
    if not isinstance(data, (bytes, bytearray)):
        raise TypeError(f"{name} must be bytes, bytearray or memoryview, not {type(data).__name__}")
    return data


def check_mode(mode: str) -> None:
    """Raise ValueError unless `mode` is an OpenMode."""
    if mode not in ("r", "w", "rw"):
        raise ValueError(f"mode must be 'r', 'w' or 'rw', not {mode!r}")
