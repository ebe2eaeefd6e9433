"""Descriptors as values: one that its holder owns, and some that travel with the bytes of one message."""

from __future__ import annotations

import contextlib
import operator
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import IO, Any, Protocol

from localsocket.errors import ClosedByUs
from localsocket.owned_descriptor import OwnedDescriptor


class HasDescriptor(Protocol):
    """A file, a socket, a pipe's end: what has a descriptor."""

    def fileno(self) -> int: ...


class Fd:
    """A file descriptor that this object owns, to send as an argument or a result; it is close-on-exec.

    `Fd(number)` takes over the descriptor `number`; `Fd.of(file)` duplicates the descriptor of a file or a socket,
    which stays open. As a context manager it closes itself; if you forget to close it, it closes itself with a
    ResourceWarning.

    An argument still belongs to the caller, who closes it. A descriptor that a method returns is given away, and closed
    here once it is on its way. A descriptor that a method receives stays open until the method ends, and is then closed
    unless the method kept it with open(), detach() or duplicate(). A descriptor that a call returns belongs to the
    caller.
    """

    __slots__ = ("_is_quiet", "_owned")

    def __init__(self, number: int) -> None:
        """Raises OSError where `number` is no open descriptor, TypeError for a file: that has its own owner."""
        if type(number) is not int:
            raise TypeError(f"Fd() takes over the number of a descriptor; for a copy of {number!r} use Fd.of()")
        os.set_inheritable(number, False)
        self._is_quiet = False
        self._owned = OwnedDescriptor(number)
        self._owned._is_owned = True  # who forgets it is told of an Fd

    @classmethod
    def of(cls, file: HasDescriptor) -> Fd:
        """Return an Fd with a duplicate of the descriptor of `file`, which keeps its own and may be closed."""
        return cls._made_by(partial(os.dup, file.fileno()))

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed or given away."""
        return self._owned.number < 0

    def fileno(self) -> int:
        """Return the descriptor's number; this object keeps it. Raises ClosedByUs once it is closed or given away."""
        if (number := self._owned.number) < 0:
            raise ClosedByUs("the descriptor")
        return number

    def detach(self) -> int:
        """Return the number of the descriptor, which now belongs to the caller; this object counts as closed."""
        self.fileno()
        return self._owned.release()

    def duplicate(self) -> Fd:
        """Return another Fd for the same open file: both share its position, and each is closed separately."""
        return Fd.of(self)

    def open(self, mode: str = "rb", **options: Any) -> IO[Any]:
        """Return a file object that now owns the descriptor; `mode` and `options` are those of the built-in open().

        If open() raises, the error is passed on and this object keeps the descriptor.
        """
        file = open(self.fileno(), mode, closefd=True, **options)  # noqa: SIM115 - whoever asked closes it
        self._owned.release()
        return file

    def close(self) -> None:
        """Close the descriptor. Closing again has no effect."""
        self._owned.close()

    def __enter__(self) -> Fd:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return "<Fd closed>" if self.is_closed else f"<Fd {self._owned.number}>"

    def __del__(self) -> None:
        if (owned := getattr(self, "_owned", None)) is not None and (number := owned.number) >= 0:
            owned.close()  # first, since the warning may be an error
            if not self._is_quiet:
                warnings.warn(f"<Fd {number}> was never closed", ResourceWarning, stacklevel=2)

    @classmethod
    def _made_by(cls, make: Callable[[], int], *, is_quiet: bool = False) -> Fd:
        """Own the descriptor that a function in C returns; without a word, if `is_quiet`, where it is forgotten."""
        made = cls.__new__(cls)
        made._is_quiet = is_quiet
        made._owned = OwnedDescriptor.made_by(make)
        made._owned._is_owned = True
        return made

    @classmethod
    def _closed(cls) -> Fd:
        """Return one that is closed already."""
        closed = cls.__new__(cls)
        closed._is_quiet = True
        closed._owned = OwnedDescriptor(-1)
        return closed


class DescriptorBatch:
    """Some descriptors that come, or go, with one message: this object's until they are taken, or it is forgotten.

    Each step is one call of a function in C, so that no signal's handler comes between having and owning one.
    """

    __slots__ = ("_numbers", "count", "given")

    def __init__(self) -> None:
        self.given: list[Fd] = []
        """What was made of those that were taken, and is to be closed with the call that they came with."""
        self._numbers: dict[int, int] = {}  # by their places among those that came
        self.count = 0
        """How many they were at first."""

    @classmethod
    def copies_of(cls, owners: Sequence[Fd]) -> DescriptorBatch:
        """Return copies of descriptors, which stay their owners'. Raises OSError, ClosedByUs for one that is closed."""
        copies = cls()
        copies.own(map(os.dup, [owner.fileno() for owner in owners]))
        return copies

    @classmethod
    def taken_from(cls, owners: Sequence[Fd]) -> DescriptorBatch:
        """Return descriptors that are given away: their owners have none any more.

        Raises ClosedByUs for one that is closed, ValueError for one that is there twice.
        """
        taken, given = cls(), {id(owner): owner for owner in owners}
        if len(given) < len(owners):
            raise ValueError("the same descriptor twice: give away a copy that duplicate() makes")
        for owner in given.values():
            owner.fileno()
        taken.own(map(OwnedDescriptor.release, [owner._owned for owner in given.values()]))
        return taken

    def own(self, numbers: Iterable[int]) -> None:
        """Take over what an iterator in C gives; owning the same again changes nothing."""
        self._numbers.update(enumerate(numbers))
        self.count = len(self._numbers)

    @property
    def numbers(self) -> list[int]:
        """Those that are here, in their order; they stay this object's."""
        return list(self._numbers.values())

    def take(self, place: int, *, is_quiet: bool = False) -> Fd:
        """Return the one at `place`, which now belongs to the caller. Raises ValueError where there is none."""
        if place not in self._numbers:
            raise ValueError(f"Expected a descriptor, but none came in place {place}, or it was already taken")
        return Fd._made_by(partial(self._numbers.pop, place), is_quiet=is_quiet)

    def close_given(self) -> None:
        """Close those that a method was given, unless it has kept them."""
        for fd in self.given:
            fd.close()

    def close(self) -> None:
        """Close those that nobody has taken. Closing again is fine."""
        while self._numbers:
            with contextlib.suppress(OSError):  # whatever it says, the descriptor is gone
                list(map(os.close, map(operator.itemgetter(1), map(dict.popitem, [self._numbers]))))

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __del__(self) -> None:
        if hasattr(self, "_numbers"):
            self.close()


def numbers_in(rights: Iterable[bytes]) -> Iterator[int]:
    """Return an iterator in C over the numbers that stand in what the kernel has put beside the bytes."""
    return chain.from_iterable(map(operator.methodcaller("cast", "i"), map(memoryview, rights)))  # type: ignore[arg-type]
