"""Copies of a program that are started at the same instant, as processes; several times.

The arguments: how many, how many times, and after how many starts the first copy dies (0: never). Prints
{"first": pid}, {"told": pid of a later copy}, {"handed_over": pid, "status": N} and {"failed": pid, "why": class}, and
when all have ended, the first by itself as the last one, {"killed": [pid...]}.
"""

from __future__ import annotations

import os
import signal
import sys

from common import tell

from localsocket import SingleInstance, Start
from localsocket.errors import LocalSocketError


def copy(started: int, ended: int, dies_after: int) -> None:
    told = 0

    def on_start(start: Start) -> int:
        nonlocal told
        told += 1
        tell({"told": int(start.arguments[0])})
        if 0 < dies_after <= told:  # more may have been told of since, by other threads
            os.kill(os.getpid(), signal.SIGKILL)
        return 7

    instance = SingleInstance("one.copy", on_start=on_start, arguments=[str(os.getpid())], timeout=60)
    os.read(started, 1)  # until all are there
    try:
        status = instance.claim()
    except LocalSocketError as error:
        tell({"failed": os.getpid(), "why": type(error).__name__})
    else:
        if status is None:
            tell({"first": os.getpid()})
            os.read(ended, 1)  # until all others have ended
            instance.close()
        else:
            tell({"handed_over": os.getpid(), "status": status})


def start_together(count: int, dies_after: int) -> None:
    started, start = os.pipe()
    ended, end = os.pipe()
    alive = set()
    for _ in range(count):
        child = os.fork()
        if not child:
            os.close(start)
            os.close(end)
            copy(started, ended, dies_after)
            os._exit(0)
        alive.add(child)
    os.close(start)
    killed = []
    while alive:
        child, status = os.wait()
        alive.remove(child)
        if os.WIFSIGNALED(status):
            killed.append(child)
        if len(alive) == 1:
            os.close(end)
    tell({"killed": killed})
    os.close(started)
    os.close(ended)


def main() -> None:
    count, rounds, dies_after = map(int, sys.argv[1:])
    for _ in range(rounds):
        signal.alarm(150)  # two that both believe to be the first would wait for ever
        start_together(count, dies_after)


if __name__ == "__main__":
    main()
