"""A descriptor with exactly one owner, who is warned when it is forgotten."""

from __future__ import annotations

import contextlib
import os
import warnings


class OwnedDescriptor:
    """Owns `number` until close() or release(); both may be called twice.

    Where `_is_owned` is set, what it belongs to closes it, also when that is forgotten.
    """

    __slots__ = ("_is_owned", "_numbers")

    def __init__(self, number: int) -> None:
        self._is_owned = False
        self._numbers = [number]  # so that it is taken and closed in one step, which no interrupt can cut in two

    @property
    def number(self) -> int:
        """The descriptor, -1 once it is closed or another's."""
        return self._numbers[-1] if self._numbers else -1

    @classmethod
    def open(cls, path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> OwnedDescriptor:
        """Open a file. It is owned at once, so that an interrupt cannot lose it."""
        owned = cls.__new__(cls)
        owned._is_owned = False
        owned._numbers = [os.open(path, flags, mode, dir_fd=dir_fd)]
        return owned

    def close(self) -> None:
        while self.number >= 0:
            with contextlib.suppress(OSError):  # whatever it says, the descriptor is gone
                os.close(self._numbers.pop())

    def release(self) -> int:
        """Return the descriptor, which now belongs to the caller."""
        return self._numbers.pop() if self._numbers else -1

    def __enter__(self) -> OwnedDescriptor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_numbers") and (number := self.number) >= 0 and not self._is_owned:
            self.close()  # first, since the warning may be an error
            warnings.warn(f"descriptor {number} was never closed", ResourceWarning, stacklevel=2)
