"""Who holds a flock(2) on a file, read from the kernel's own table: no lock is taken, not for an instant.

Taking a shared lock to see whether it can be had is no way to look: a server that starts in that instant finds its
name taken. F_GETLK and F_OFD_GETLK do not see these locks on Linux.
"""

from __future__ import annotations

import os
import re

from localsocket.tools.kernel_tables import read_whole

# "1: FLOCK  ADVISORY  WRITE 4121 00:2e:1234 0 EOF", see proc(5): the pid, and the device and inode of the file. A lock
# that is waited for stands after "->".
_HELD = re.compile(r"^\d+: FLOCK +\S+ +WRITE (\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) ", re.MULTILINE)

_PROC_LOCKS = "/proc/locks"


def held_locks() -> dict[tuple[int, int], int]:
    """Return the process of each exclusive lock by the device and inode of its file; empty where there is no table.

    The table shows what this process's pid namespace can see, so a lock that is missing may be held all the same. On a
    file system that gives its parts devices of their own (btrfs) the device is another than stat() says.
    """
    return read_whole(_read_once)


def _read_once() -> dict[tuple[int, int], int]:
    try:
        with open(_PROC_LOCKS, encoding="ascii") as file:
            table = file.read()
    except OSError:
        return {}
    return {
        (os.makedev(int(major, 16), int(minor, 16)), int(inode)): int(pid)
        for pid, major, minor, inode in _HELD.findall(table)
    }
