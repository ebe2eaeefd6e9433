"""The numbers of many services, asked again and again, while servers come and go."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from localsocket.blocking.client import Client
from localsocket.errors import (
    AccessDenied,
    DeadlinePassed,
    LocalSocketError,
    NotAllowed,
    PeerRefused,
    ServerNotFound,
    ServerRefused,
)
from localsocket.tools.endpoints import EndpointState, named_endpoints

_AT_ONCE = 64  # one that does not answer is waited for
MOST = 200
"""Services that are asked; each keeps a connection open."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What a service did between two looks at the same process of it; times are in seconds, 0 where nobody called.

    `slowest` are the methods that were called, by p99. What every service has by itself is left out of the times.
    """

    calls_per_second: float
    latency_p50: float
    latency_p99: float
    slowest: list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Watched:
    """One service at one moment: its report, or why there is none. `interval` is what it did since the look before."""

    address: str
    report: dict[str, Any] | None = None
    interval: Interval | None = None
    problem: str = ""


class ServiceWatch:
    """Asks the services at these addresses, or at every name that is served, of which there may be others each time."""

    def __init__(self, addresses: Sequence[str], *, timeout: float) -> None:
        self._addresses = list(addresses)
        self._timeout = timeout
        self._clients: dict[str, Client] = {}
        self._before: dict[str, dict[str, Any]] = {}
        self.left_out = 0

    def ask(self) -> list[Watched]:
        """Return what each service tells now; one that does not answer in time says so."""
        addresses = self._addresses or [each.address for each in named_endpoints() if each.state is EndpointState.LIVE]
        self.left_out = max(0, len(addresses) - MOST)
        addresses = addresses[:MOST]
        for gone in self._clients.keys() - set(addresses):
            self._forget(gone)
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(self._ask, addresses))

    def close(self) -> None:
        for address in list(self._clients):
            self._forget(address)

    def _ask(self, address: str) -> Watched:
        try:
            client = self._clients.get(address)
            if client is None:
                client = self._clients[address] = Client(address, timeout=self._timeout)
            report: dict[str, Any] = client.call("localsocket.stats", timeout=self._timeout)
            return Watched(address, report, self._interval(address, report))
        except NotAllowed:  # to ask; the connection is good
            return Watched(address, problem="another user's")
        except (LocalSocketError, OSError) as error:
            self._forget(address)
            return Watched(address, problem=_in_a_word(error))

    def _interval(self, address: str, now: dict[str, Any]) -> Interval | None:
        before, self._before[address] = self._before.get(address), now
        if before is None or before["pid"] != now["pid"] or now["uptime"] <= before["uptime"]:
            return None
        earlier = _took(before)
        since = {name: took - earlier.get(name, Counter()) for name, took in _took(now).items()}
        by_method = {name: took for name, took in since.items() if took}
        asked = 1  # by this
        calls = max(0, now["stats"]["calls"] - before["stats"]["calls"] - asked)
        whole = sum(by_method.values(), Counter[float]())
        slowest = [(name, _percentile(took, 99)) for name, took in by_method.items()]
        return Interval(
            calls_per_second=calls / (now["uptime"] - before["uptime"]),
            latency_p50=_percentile(whole, 50),
            latency_p99=_percentile(whole, 99),
            slowest=sorted(slowest, key=lambda each: each[1], reverse=True),
        )

    def _forget(self, address: str) -> None:
        self._before.pop(address, None)
        if (client := self._clients.pop(address, None)) is not None:
            with contextlib.suppress(LocalSocketError, OSError):
                client.close()


def _in_a_word(error: Exception) -> str:
    match error:
        case DeadlinePassed():
            return "no answer"
        case ServerNotFound() | ServerRefused():
            return "not there"
        case AccessDenied() | PeerRefused():
            return "another user's"
    return "no service"


def _took(report: dict[str, Any]) -> dict[str, Counter[float]]:
    """Return, by method, how many calls took at most so long; nothing from a service of an earlier version."""
    return {
        each["name"]: Counter(dict(each.get("latencies", ())))
        for each in report["methods"]
        if not each["name"].startswith("localsocket.")
    }


def _percentile(took: Counter[float], percent: float) -> float:
    wanted, seen = took.total() * percent / 100, 0
    for seconds in sorted(took):
        seen += took[seconds]
        if seen >= wanted:
            return seconds
    return 0.0
