"""Attack a server beside a good client, and measure what that costs: the client's waits, and what the server keeps."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from localsocket import Client, connect
from localsocket.interfaces import MIB
from localsocket.testing import wait_until
from programs import Program
from security.attacks import ATTACKS, ON_BYTES

SERVICES = ("plain service", "asyncio service")
SERVERS_OF_BYTES = ("loop", "threads", "tasks")

MOST_GROWTH = 64 * MIB
MOST_LOG = 256 * 1024
"""Bytes of log that one attack may cost."""

# What a server may keep after an attack, beside what it had: threads, and what they are woken by, for the next calls.
_KEPT_THREADS = 8
_KEPT_DESCRIPTORS = 4
_PATIENCE = 120.0
_PAUSE = 0.002
_NO_END = 1 << 62
_SAID = bytes(100)


@dataclass(frozen=True)
class Taken:
    """What a process holds at a moment."""

    memory: int
    descriptors: int
    threads: int

    @classmethod
    def by(cls, pid: int) -> Taken:
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        memory, threads = int(fields["VmRSS"].split()[0]) * 1024, int(fields["Threads"])
        return cls(memory, len(os.listdir(f"/proc/{pid}/fd")), threads)


@dataclass(frozen=True)
class Outcome:
    """What one attack did to a server."""

    attack: str
    longest_wait: float
    most_work: float  # processor time of the server while the good client waited for one answer
    before: Taken
    most: Taken
    after: Taken
    log: bytes
    faults: list[str]

    def __str__(self) -> str:
        grown = (self.most.memory - self.before.memory) / MIB
        kept = (self.after.memory - self.before.memory) / MIB
        return (
            f"{self.attack:40} {self.longest_wait * 1000:8.0f} {self.most_work * 1000:8.0f} {grown:8.1f} {kept:8.1f}"
            f" {self.before.descriptors:4} {self.most.descriptors:5} {self.after.descriptors:4}"
            f" {self.before.threads:4} {self.most.threads:5} {self.after.threads:4} {len(self.log) / 1024:8.1f}"
            f"  {'; '.join(self.faults)}"
        )


def processor_time(pid: int) -> float:
    """Return how many seconds a process has run, which other work of the machine does not prolong."""
    return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid() makes it of a pid


_COUNTS = f"{'':4} {'most':>5} {'end':>4}"
HEAD = (
    f"{'':40} {'good client, ms':>17} {'memory, MB':>17} {'descriptors':>15} {'threads':>15} {'log':>8}\n"
    f"{'attack':40} {'waits':>8} {'work':>8} {'most':>8} {'kept':>8} {_COUNTS} {_COUNTS} {'kB':>8}"
)


def attacks_on(way: str) -> list[str]:
    return [name for name in ATTACKS if way in SERVICES or name in ON_BYTES]


class Target:
    """A server in a process, its good client in this one, and an attacker in another."""

    def __init__(self, way: str, directory: Path) -> None:
        self.way = way
        self._path = directory / "attacked.sock"
        self._log = directory / "log"
        self._programs = contextlib.ExitStack()
        self._server = self._programs.enter_context(Program("attacked.py", way, self._path, log=self._log))
        self._attacker = self._programs.enter_context(Program("attack.py"))
        assert self._server.read() == {"serving": str(self._path)}

    def __enter__(self) -> Target:
        return self

    def __exit__(self, *error: object) -> None:
        self._programs.__exit__(*error)  # type: ignore[arg-type]

    def attack(self, name: str, seconds: float, most_bytes: int = _NO_END) -> Outcome:
        """Attack for so long, with so many bytes at most; return what happened, and what was not as it should be."""
        with self._good_client() as good:
            call = good.call
            call()
            before = most = Taken.by(self._server.pid)
            logged = self._log.stat().st_size
            self._attacker.write(json.dumps([name, seconds, most_bytes, str(self._path)]) + "\n")
            longest = most_work = 0.0
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                began, worked = time.monotonic(), processor_time(self._server.pid)
                call()
                longest = max(longest, time.monotonic() - began)
                most_work = max(most_work, processor_time(self._server.pid) - worked)
                most = _larger(most, Taken.by(self._server.pid))
                time.sleep(_PAUSE)
            assert self._attacker.read() == {"over": name}
            most = _larger(most, Taken.by(self._server.pid))
            faults = [*self._what_stays(good, before), *_what_was_too_much(before, most)]
            call()
            after = Taken.by(self._server.pid)
        with self._log.open("rb") as log:
            log.seek(logged)
            written = log.read()
        if len(written) > MOST_LOG:
            faults.append(f"{len(written)} bytes of log")
        if b"\x1b" in written or b"\nERROR root" in written:
            faults.append("the peer wrote lines of the log")
        return Outcome(name, longest, most_work, before, most, after, written, faults)

    def _what_stays(self, good: _GoodClient, before: Taken) -> list[str]:
        """Wait until what the attacker took is given back; return what is not."""

        def is_back() -> bool:
            now = Taken.by(self._server.pid)
            return (
                now.descriptors <= before.descriptors + _KEPT_DESCRIPTORS
                and now.threads <= before.threads + _KEPT_THREADS
                and good.is_alone()
            )

        try:
            wait_until(is_back, timeout=_PATIENCE)
        except AssertionError:
            return [f"not given back: {before}, {Taken.by(self._server.pid)}"]
        return []

    def _good_client(self) -> _GoodClient:
        return _Calling(self._path) if self.way in SERVICES else _Writing(self._path)


class _Calling:
    """Calls a service, on one connection."""

    def __init__(self, path: Path) -> None:
        self._client = Client(path, timeout=_PATIENCE, call_timeout=_PATIENCE)

    def call(self) -> None:
        assert self._client.call("echo", _SAID) == _SAID

    def is_alone(self) -> bool:
        """Whether the service has no other connection, and does nothing but answer this."""
        return bool(self._client.call("state") == [1, 1])

    def __enter__(self) -> _Calling:
        self._client.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


class _Writing:
    """Exchanges bytes with a server, on one connection."""

    def __init__(self, path: Path) -> None:
        self._socket = connect(path, timeout=_PATIENCE)

    def call(self) -> None:
        self._socket.write(_SAID, timeout=_PATIENCE)
        assert self._socket.read_exactly(len(_SAID), timeout=_PATIENCE) == _SAID

    def is_alone(self) -> bool:
        return True

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


_GoodClient: TypeAlias = _Calling | _Writing


def _larger(one: Taken, other: Taken) -> Taken:
    return Taken(
        max(one.memory, other.memory), max(one.descriptors, other.descriptors), max(one.threads, other.threads)
    )


def _what_was_too_much(before: Taken, most: Taken) -> list[str]:
    grown = most.memory - before.memory
    return [f"it grew by {grown / MIB:.0f} MB"] if grown > MOST_GROWTH else []
