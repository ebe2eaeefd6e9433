"""The numbers of many services, asked again and again, while servers come and go."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from localsocket.blocking.client import Client
from localsocket.errors import LocalSocketError, NotAllowed
from localsocket.tools.endpoints import EndpointState, named_endpoints

_AT_ONCE = 16
MOST = 200
"""Services that are asked; each keeps a connection open."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One service at one moment: its report, or why there is none. `calls_per_second` is since the moment before."""

    address: str
    report: dict[str, Any] | None = None
    calls_per_second: float | None = None
    problem: str = ""


class ServiceWatch:
    """Asks the services at these addresses, or at every name that is served, of which there may be others each time."""

    def __init__(self, addresses: Sequence[str], *, timeout: float) -> None:
        self._addresses = list(addresses)
        self._timeout = timeout
        self._clients: dict[str, Client] = {}
        self._before: dict[str, tuple[int, float, int]] = {}
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
            return Watched(address, report, self._rate(address, report))
        except NotAllowed:
            return Watched(address, problem="another user's")
        except (LocalSocketError, OSError) as error:
            self._forget(address)
            return Watched(address, problem=type(error).__name__)

    def _rate(self, address: str, report: dict[str, Any]) -> float | None:
        now = (report["pid"], report["uptime"], report["stats"]["calls"])
        before, self._before[address] = self._before.get(address), now
        if before is None or before[0] != now[0] or now[1] <= before[1]:
            return None
        asked = 1  # by this
        return float(max(0, now[2] - before[2] - asked) / (now[1] - before[1]))

    def _forget(self, address: str) -> None:
        self._before.pop(address, None)
        if (client := self._clients.pop(address, None)) is not None:
            with contextlib.suppress(LocalSocketError, OSError):
                client.close()
