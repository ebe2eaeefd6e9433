"""A program of which one copy runs, until its input ends; it tells of each start, whose arguments say how it ends."""

from __future__ import annotations

import os
import signal
import sys

from common import tell, wait_for_end

from localsocket import SingleInstance, Start


def started(start: Start) -> int | None:
    tell({"arguments": start.arguments, "directory": start.directory, "environment": start.environment})
    match start.arguments:
        case ["return", status]:
            return int(status)
        case ["exit", status]:
            sys.exit(int(status))
        case ["die"]:
            os.kill(os.getpid(), signal.SIGKILL)
    return None


with SingleInstance("one.copy", on_start=started, environment=["SENT", "UNSET"]) as instance:
    tell({"first": os.getpid()})
    wait_for_end()
tell({"is_first": instance.is_first})
