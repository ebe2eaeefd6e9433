"""Everything at once, with processes that are killed, stopped and interrupted: nothing is lost, doubled or left.

`make soak SECONDS=600` goes on for longer; SEED=number repeats the choices of a run, as far as the machine lets it.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from localsocket import Client
from localsocket.interfaces import MIB
from localsocket.testing import wait_until
from programs import Program
from security.battery import Taken

SECONDS = float(os.environ.get("SECONDS") or 60)
SEED = int(os.environ.get("SEED") or time.time_ns() % 1_000_000)
SHORT = 0.4

KINDS = pytest.mark.parametrize("kind", ["plain", "async"])

_CLIENTS = ("blocking", "aio", "blocking", "aio")
_PAUSE = 0.05
_STOPPED = 0.1
_PATIENCE = 60.0
_MOST_GROWTH = 16 * MIB
_AT_ONCE = 5.0  # seconds, which is less than any timer of a session
_KEPT = 8  # threads and descriptors that a service keeps for the next calls


@dataclass
class Count:
    """What was done, over all clients."""

    begun: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    marked: int = 0

    def __str__(self) -> str:
        return (
            f"{self.begun.total()} steps begun and {self.ended.total()} ended, {self.delivered} notes delivered,"
            f" {self.marked} marks; {dict(self.killed)}; {dict(sorted(self.ended.items()))}"
        )


class Soak:
    """A server and its clients, in processes, and what is done to them."""

    def __init__(self, kind: str, directory: Path, seed: int) -> None:
        self.count = Count()
        self._kind = kind
        self._address = str(directory / "soak.sock")
        self._directory = directory
        self._random = random.Random(seed)
        self._names = 0
        self._clients: list[Program] = []
        self.server = self._start_server()

    def go_on(self, seconds: float, *, kills_server: bool) -> None:
        """Do what befalls processes for so long; its clients are begun here, and ended."""
        self._clients = [self._start_client(api) for api in _CLIENTS]
        end = time.monotonic() + seconds
        faults = [*[self._interrupt] * 8, self._stop_client, self._kill_client, self._end_client]
        faults += [self._stop_server] + [self._kill_server] * kills_server
        while time.monotonic() < end:
            time.sleep(self._random.random() * _PAUSE)
            fault = self._random.choice(faults)
            self.count.killed[fault.__name__.removeprefix("_")] += 1
            fault()
        for client in self._clients:
            self._end(client)
        self._clients = []

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.server.close()

    def read(self, ending: str) -> list[str]:
        """Return the lines of the files of all clients, or of the server's journal."""
        return [line for path in self._directory.glob(f"*{ending}") for line in path.read_text().splitlines()]

    # --- what befalls them --------------------------------------------------------------------------------------------

    def _interrupt(self) -> None:
        for client in self._clients:
            os.kill(client.pid, signal.SIGUSR1)

    def _stop_client(self) -> None:
        self._stop(self._random.choice(self._clients))

    def _stop_server(self) -> None:
        self._stop(self.server)

    def _stop(self, program: Program) -> None:
        os.kill(program.pid, signal.SIGSTOP)
        time.sleep(self._random.random() * _STOPPED)
        os.kill(program.pid, signal.SIGCONT)

    def _kill_client(self) -> None:
        number = self._random.randrange(len(self._clients))
        self._clients[number].close()
        self._clients[number] = self._start_client(_CLIENTS[number])

    def _end_client(self) -> None:
        number = self._random.randrange(len(self._clients))
        self._end(self._clients[number])
        self._clients[number] = self._start_client(_CLIENTS[number])

    def _kill_server(self) -> None:
        self.server.close()
        self.server = self._start_server()

    def _end(self, client: Program) -> None:
        [told] = client.end()
        client.close()
        self.count.begun.update(told["begun"])
        self.count.ended.update(told["ended"])
        assert told["faults"] == []
        assert sum(told["begun"].values()) == sum(told["ended"].values())

    def _start_server(self) -> Program:
        self._names += 1
        program = Program("soak_server.py", self._kind, self._address, self._directory / f"{self._names}.journal")
        assert program.read() == {"serving": self._address}
        return program

    def _start_client(self, api: str) -> Program:
        self._names += 1
        name = f"{api}{self._names}"
        program = Program("soak_client.py", api, self._address, self._random.randrange(1 << 30), name, self._directory)
        assert program.read() == {"calling": self._address}
        return program


def soak(kind: str, directory: Path, seconds: float) -> None:
    print(f"\n{kind}: SEED={SEED}")
    running = Soak(kind, directory, SEED)
    try:
        running.go_on(seconds / 4, kills_server=False)
        before = what_is_kept(running)
        running.go_on(seconds / 4, kills_server=False)
        after = what_is_kept(running)
        check_nothing_is_lost(running)
        check_nothing_is_left(before, after)
        running.go_on(seconds / 2, kills_server=True)
        check_nothing_is_doubled(running)
        print(running.count)
    finally:
        running.close()


def what_is_kept(running: Soak) -> Taken:
    """Return what the server holds once nobody is there but who asks, and it knows of nobody else."""
    with Client(running._address, timeout=_PATIENCE, call_timeout=_PATIENCE) as client:
        quiet = {"connections": 1, "active": 1, "subscribers": 0}
        wait_until(lambda: quiet.items() <= client.call("state").items(), "all to be gone", timeout=_PATIENCE)
        wait_until(lambda: client.call("state")["sessions"] == 1, "their sessions to be gone", timeout=_AT_ONCE)
        return Taken.by(running.server.pid)


def check_nothing_is_lost(running: Soak) -> None:
    """The server has not been killed: all that was delivered has run, and what has run has run once."""
    delivered, marked = running.read(".delivered"), running.read(".marked")
    notes = {f"note {each}" for each in delivered}
    wait_until(lambda: notes <= set(running.read(".journal")), "every note to have run", timeout=_PATIENCE)
    assert len(delivered) == len(set(delivered))
    running.count.delivered, running.count.marked = len(delivered), len(marked)
    check_nothing_is_doubled(running)


def check_nothing_is_doubled(running: Soak) -> None:
    marked = running.read(".marked")
    journal = Counter(running.read(".journal"))
    assert [each for each, times in journal.items() if times > 1] == []
    assert {f"mark {each}" for each in marked} <= journal.keys()


def check_nothing_is_left(before: Taken, after: Taken) -> None:
    assert after.descriptors <= before.descriptors + _KEPT
    assert after.threads <= before.threads + _KEPT
    assert after.memory <= before.memory + _MOST_GROWTH


@pytest.mark.long
@KINDS
def test_a_little_of_everything_loses_and_doubles_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    soak(kind, tmp_path, SHORT)


@pytest.mark.soak
@pytest.mark.timeout(0)
@KINDS
def test_much_of_everything_loses_and_doubles_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    soak(kind, tmp_path, SECONDS / 2)
