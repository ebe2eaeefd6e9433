"""A descriptor with exactly one owner, who is warned when it is forgotten."""

from __future__ import annotations

import contextlib
import operator
import os
import warnings
from collections.abc import Callable
from functools import partial


class OwnedDescriptor:
    """Owns `number` until close() or release(); both may be called twice.

    Where `_is_owned` is set, what it belongs to closes it, also when that is forgotten.
    """

    __slots__ = ("_is_owned", "_numbers")

    def __init__(self, number: int) -> None:
        self._is_owned = False
        self._numbers = [-1] if number < 0 else [-1, number]

    @property
    def number(self) -> int:
        """The descriptor, -1 once it is closed or another's."""
        return self._numbers[-1]

    @classmethod
    def open(cls, path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> OwnedDescriptor:
        """Open a file. It is owned at once, so that an interrupt cannot lose it."""
        return cls.made_by(partial(os.open, path, flags, mode, dir_fd=dir_fd))

    @classmethod
    def made_by(cls, make: Callable[[], int]) -> OwnedDescriptor:
        """Own the descriptor that a function in C returns; at once, so that an interrupt cannot lose it."""
        owned = cls(-1)
        # A handler may run once the function has returned, but not within extend(). close() does likewise.
        owned._numbers.extend(map(operator.call, [make]))
        return owned

    def close(self) -> None:
        while self.number >= 0:
            with contextlib.suppress(OSError):  # whatever it says, the descriptor is gone
                list(map(os.close, map(list.pop, [self._numbers])))

    def release(self) -> int:
        """Return the descriptor, which now belongs to the caller."""
        return self._numbers.pop() if self.number >= 0 else -1

    def __enter__(self) -> OwnedDescriptor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_numbers") and (number := self.number) >= 0 and not self._is_owned:
            self.close()  # first, since the warning may be an error
            warnings.warn(f"descriptor {number} was never closed", ResourceWarning, stacklevel=2)
