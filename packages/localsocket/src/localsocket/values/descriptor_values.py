"""An Fd in a message: its place among the descriptors that travel along, and what is made of it where it arrives."""

from __future__ import annotations

import contextlib
import threading
import typing
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from localsocket.values.descriptors import DescriptorBatch, Fd
from localsocket.values.gathering import DescriptorMet
from localsocket.values.handling import WRITTEN
from localsocket.values.shapes import fields_of, parts_of

T = TypeVar("T")


class _Arriving:
    """The descriptors that came with the message that is being read. Read twice, a place gives the same Fd."""

    def __init__(self, batch: DescriptorBatch, *, is_quiet: bool) -> None:
        self._batch = batch
        self._is_quiet = is_quiet
        self.taken: dict[int, Fd] = {}

    def at(self, place: int) -> Fd:
        if place not in self.taken:
            self.taken[place] = self._batch.take(place, is_quiet=self._is_quiet)
        return self.taken[place]

    def close(self) -> None:
        for fd in self.taken.values():
            fd.close()


class _Proof:
    """Stands for those of a message that is read to see whether it is what its type says: closed ones."""

    def at(self, place: int) -> Fd:
        return Fd._closed()

    def close(self) -> None:
        """There is nothing to close."""


class _Here(threading.local):
    arriving: _Arriving | _Proof | None = None


_here = _Here()


def reading(batch: DescriptorBatch, read: Callable[[], T], *, is_quiet: bool) -> T:
    """Return what `read` makes of a message with which these came; of them, those in it alone stay open.

    With `is_quiet` nobody is told where one of them is forgotten. Where `read` raises, all of them are closed.
    """
    arriving = _Arriving(batch, is_quiet=is_quiet)
    try:
        made = _reading(arriving, read)
        if is_quiet:  # else they are the caller's alone, who may forget them
            batch.given = list(arriving.taken.values())
        return made
    finally:
        batch.close()


def proving(read: Callable[[], T]) -> T:
    """Return what `read` makes of a message of this side, whose descriptors are not to be touched."""
    return _reading(_Proof(), read)


def _reading(arriving: _Arriving | _Proof, read: Callable[[], T]) -> T:
    before, _here.arriving = _here.arriving, arriving
    try:
        return read()
    except BaseException:
        arriving.close()
        raise
    finally:
        _here.arriving = before


def read_descriptor(data: memoryview) -> Fd:
    """Return the Fd that an extension of MessagePack stands for. Raises ValidationError where none came for it."""
    if (arriving := _here.arriving) is None:
        raise msgspec.ValidationError("Expected no descriptor: pass it as an argument that is annotated as one")
    if len(data) != 1:
        raise msgspec.ValidationError("a descriptor is told by its place, which is one byte")
    try:
        return arriving.at(data[0])
    except ValueError as error:
        raise msgspec.ValidationError(str(error)) from None


class FdValues:
    """How an Fd is sent: MessagePack has its place, and JSON has no form for it."""

    has_parts = True  # it is met while its message is written

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return Any

    def told(self, kind: Any) -> Any:
        said = "a descriptor, which travels beside the bytes and has no form in JSON"
        return Annotated[None, Meta(description=said, extra={WRITTEN: "Fd"})]

    def encode(self, value: Fd, *, is_json: bool) -> Any:
        if is_json:
            raise TypeError("JSON has no form for a descriptor")
        raise DescriptorMet(value)

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        if is_json:
            raise ValueError("Expected a descriptor, for which JSON has no form")
        if not isinstance(plain, Fd):
            raise ValueError(f"Expected a descriptor, got `{type(plain).__name__}`")
        return plain


def mentions_fd(kind: Any) -> bool:
    """Whether there may be an Fd in a value of this type, as far as the type says so."""
    return _mentions(kind, set())


def _mentions(kind: Any, looked_at: set[int]) -> bool:
    if kind is Fd:
        return True
    if id(kind) in looked_at:
        return False
    looked_at.add(id(kind))
    parts = list(parts_of(kind))
    with contextlib.suppress(NameError, TypeError):  # what cannot be resolved is refused elsewhere, with the reason
        parts += (fields_of(typing.get_origin(kind) or kind) or {}).values()
    return any(_mentions(part, looked_at) for part in parts)
