"""Clients that ask at the same instant for a server that has to be started, as processes; several times.

The arguments: how many, how many times, and 1 to have one of them killed meanwhile, wherever it is. Prints each time
{"served_by": [pid...], "started": [pid...]}; the server is killed after it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from common import tell

from localsocket import Client

ADDRESS = "started.together"
PROGRAM = str(Path(__file__).with_name("daemon.py"))


def ask(start: int, starts: str, answers: int) -> None:
    os.read(start, 1)  # until all are there
    command = [sys.executable, "-W", "error", PROGRAM, ADDRESS, starts]
    with Client(ADDRESS, start=command, timeout=120) as client:
        os.write(answers, f"{client.call('pid')}\n".encode())


def start_together(count: int, starts: str, *, kills: bool) -> tuple[list[int], list[int]]:
    waiting, start = os.pipe()
    answering, answers = os.pipe()
    children = []
    for _ in range(count):
        child = os.fork()
        if not child:
            os.close(start)
            ask(waiting, starts, answers)
            os._exit(0)
        children.append(child)
    os.close(waiting)
    os.close(answers)
    os.close(start)
    if kills:
        time.sleep(random.uniform(0, 0.05))
        os.kill(random.choice(children), signal.SIGKILL)
    with os.fdopen(answering) as lines:
        served_by = {int(line) for line in lines}
    for child in children:
        os.waitpid(child, 0)
    return sorted(served_by), [int(pid) for pid in Path(starts).read_text().split()]


def end(pid: int) -> None:
    """Kill the server, and wait until it is gone, whoever's child it has become."""
    os.kill(pid, signal.SIGKILL)
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.001)


def main() -> None:
    count, rounds, kills = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as directory:
        for number in range(rounds):
            served_by, started = start_together(count, f"{directory}/{number}", kills=bool(kills))
            tell({"served_by": served_by, "started": started})
            for pid in started:
                end(pid)


if __name__ == "__main__":
    main()
