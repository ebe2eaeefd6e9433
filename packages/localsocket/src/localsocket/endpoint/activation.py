"""Listening descriptors that a service manager opened for us, as sd_listen_fds(3) describes them."""

from __future__ import annotations

import os

_FIRST = 3


def activation_descriptors() -> dict[str, int]:
    """Return the descriptors handed over in LISTEN_FDS, by name; empty if there are none for this process.

    Unnamed ones are called "unknown", as in systemd, and further ones "unknown.1" and so on; repeated names get the
    same suffixes. The environment is not changed: LISTEN_PID keeps child processes from using these descriptors.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    count = os.environ.get("LISTEN_FDS", "")
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    descriptors: dict[str, int] = {}
    for index in range(int(count) if count.isdecimal() else 0):
        name = base = (names[index] if index < len(names) else "") or "unknown"
        suffix = 0
        while name in descriptors:
            suffix += 1
            name = f"{base}.{suffix}"
        descriptors[name] = _FIRST + index
    return descriptors
