"""The hot path of bytes, twice: in Python, and in C where that was built. Everything above calls it by these names.

The one in use is chosen here and nowhere else: the compiled one where it is there, unless LOCALSOCKET_PURE=1 stands in
the environment, or it was built for other sources than these, which is warned of. `in_python.py` says what each name
does, and is what the other one is held against.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from localsocket._core import in_python as _chosen


def _is_of_these_sources(compiled: object) -> bool:
    """Return whether number and fields agree: the number is raised by hand, and whoever adds a field may forget it."""
    records = (_chosen.OpenCall, _chosen.AnsweredCall)
    return getattr(compiled, "VERSION", None) == _chosen.VERSION and all(
        hasattr(getattr(compiled, record.__name__, None), field) for record in records for field in record.__slots__
    )


if not TYPE_CHECKING and os.environ.get("LOCALSOCKET_PURE") != "1":
    with contextlib.suppress(ImportError):  # where it was not built, or not for this interpreter
        from localsocket._core import compiled

        if _is_of_these_sources(compiled):
            _chosen = compiled
        else:  # in place, where sources change and nobody builds
            import warnings

            warnings.warn(
                f"{getattr(compiled, '__file__', 'the compiled core')} was built from other sources, so localsocket "
                "runs in Python, which is slower; rebuild it: pip install -e packages/localsocket",
                RuntimeWarning,
                stacklevel=2,
            )

IN_USE: Final = "pure" if _chosen.__name__.endswith(".in_python") else "compiled"
"""Which of the two it is, for whoever wants to know."""

AnsweredCall = _chosen.AnsweredCall
Lookout = _chosen.Lookout
OpenCall = _chosen.OpenCall
receiver = _chosen.receiver
see_to = _chosen.see_to
sender = _chosen.sender
short_ways = _chosen.short_ways
