"""Times as a person reads them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a short time: 85 µs, 1.25 ms, 2.5 s."""
    if seconds <= 0:
        return "-"
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"


def length_of_time(seconds: float) -> str:
    """Return a longer time in its largest units: 12 s, 5 min, 3 h, 9 d."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
