"""How many processors this process may use: those it may run on, and of these no more than its control groups grant."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_GROUPS: Final = Path("/sys/fs/cgroup")
_OWN_GROUPS: Final = Path("/proc/self/cgroup")


def usable_processors(groups: Path = _GROUPS, own_groups: Path = _OWN_GROUPS) -> int:
    """Return how many, of which one that is granted for a part of the time counts as none beside others."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([count, *(max(1, int(share)) for share in _shares(groups, own_groups))])


def _shares(groups: Path, own_groups: Path) -> Iterator[float]:
    """Give how many processors' time each control group may use that this process is in."""
    try:
        lines = own_groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        for group in _up_from(groups / controllers if controllers else groups, path):
            with contextlib.suppress(OSError, ValueError):
                yield _share(group)


def _up_from(root: Path, path: str) -> Iterator[Path]:
    group = root / path.lstrip("/")
    yield group
    while group != root and root in group.parents:
        group = group.parent
        yield group


def _share(group: Path) -> float:
    """Return the processors' time of a group. Raises OSError or ValueError where it may use all that there is."""
    if (version_2 := group / "cpu.max").exists():
        quota, _, period = version_2.read_text().partition(" ")
    else:
        quota, period = ((group / f"cpu.cfs_{part}_us").read_text() for part in ("quota", "period"))
    if int(quota) <= 0:
        raise ValueError("there is no limit")
    return int(quota) / int(period)
