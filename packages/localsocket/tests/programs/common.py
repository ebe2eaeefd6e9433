"""What the programs share."""

from __future__ import annotations

import json
import os
import sys


def tell(value: object) -> None:
    """Print one value for the test to read, in one write, so that processes may share the pipe."""
    os.write(sys.stdout.fileno(), json.dumps(value).encode() + b"\n")


def wait_for_end() -> None:
    """Wait until the test ends the standard input."""
    while os.read(sys.stdin.fileno(), 4096):
        pass


def become(uid: int) -> None:
    """Act as another user from now on, in all respects; what is to be imported must have been imported before."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
