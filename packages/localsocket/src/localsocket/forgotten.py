"""What its user forgot to close says so by its own name, and not by that of a part of it."""

from __future__ import annotations

import warnings


def warn_forgotten(thing: object) -> None:
    """Say that `thing` was forgotten open; for its __del__().

    Parts of it, which the garbage collector may come to first, say nothing: they have `_is_owned` set.
    """
    # The third frame is where the last reference went, which is as near as one can come to who forgot it.
    warnings.warn(f"unclosed {thing!r}", ResourceWarning, stacklevel=3, source=thing)
