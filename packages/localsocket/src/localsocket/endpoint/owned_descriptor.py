"""A descriptor with exactly one owner, who is warned when it is forgotten."""

from __future__ import annotations

import contextlib
import os
import warnings


class OwnedDescriptor:
    """Owns `number` until close() or release(); both may be called twice.

    Where `_is_owned` is set, what it belongs to closes it, also when that is forgotten.
    """

    __slots__ = ("_is_owned", "number")

    def __init__(self, number: int) -> None:
        self._is_owned = False
        self.number = number

    def close(self) -> None:
        number, self.number = self.number, -1
        if number >= 0:
            with contextlib.suppress(OSError):  # whatever it says, the descriptor is gone
                os.close(number)

    def release(self) -> int:
        """Return the descriptor, which now belongs to the caller."""
        number, self.number = self.number, -1
        return number

    def __enter__(self) -> OwnedDescriptor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "number", -1) >= 0 and not self._is_owned:
            warnings.warn(f"descriptor {self.number} was never closed", ResourceWarning, stacklevel=2)
            self.close()
