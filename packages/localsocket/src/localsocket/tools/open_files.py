"""How many files this process may have open, raised as far as it is allowed to."""

from __future__ import annotations

import contextlib
import resource


def raise_open_file_limit() -> int:
    """Raise the soft limit to the hard one and return what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some of what it says it allows
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft
