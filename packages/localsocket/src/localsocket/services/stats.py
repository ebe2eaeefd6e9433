"""What a service, or a client, has done so far."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ServiceStats:
    """Numbers of one service since it was made, over all its connections. Latencies are in seconds.

    `calls` counts calls and notifications that were begun, `errors` those that gave no result; `active_calls` are
    under way. `bytes_received` and `bytes_sent` went by socket; what went by shared memory counts beside them, as
    `bytes_received_by_memory` and `bytes_sent_by_memory`. `bytes_unsent` waits for clients to read, `items_queued` in
    the topics' queues; `items_dropped` were dropped there, each for one subscriber that read too slowly.
    `dropped_peers` were disconnected for breaking the protocol or reading too slowly.
    """

    connections: int
    open_connections: int
    calls: int
    active_calls: int
    errors: int
    bytes_received: int
    bytes_sent: int
    bytes_received_by_memory: int
    bytes_sent_by_memory: int
    bytes_unsent: int
    subscribers: int
    items_queued: int
    items_dropped: int
    dropped_peers: int
    latency_p50: float
    latency_p90: float
    latency_p99: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class MethodStats:
    """Numbers of one method, for all who call it. Times are in seconds, from a call's arrival to its end.

    `calls` have ended, notifications and streams too, and `errors` of them gave no result; `seconds` is the sum of what
    they took, true to about a tenth. `latencies` are pairs, shortest first: so many calls took at most so long, and
    longer than the pair before.
    """

    name: str
    calls: int
    errors: int
    seconds: float
    latency_p50: float
    latency_p90: float
    latency_p99: float
    latencies: list[tuple[float, int]]


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """What localsocket.stats tells the owner of a service: `stats` of all, and `methods`, the slowest by p99 first.

    `pid` is the process that answers; one of several behind a name is number `worker`, from 1, of `workers`, and tells
    of itself alone; both are 0 where there is one process. `uptime` is in seconds, since the service was made.
    """

    service: str
    version: str
    pid: int
    worker: int
    workers: int
    uptime: float
    stats: ServiceStats
    methods: list[MethodStats]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ClientStats:
    """Numbers of one client since it was made. Latencies are in seconds, from the call to its result.

    `connections` counts the connections it has made: more than 1 where it has reconnected. `bytes_received` and
    `bytes_sent` went by socket; what went by shared memory counts beside them.
    """

    connections: int
    calls: int
    active_calls: int
    errors: int
    bytes_received: int
    bytes_sent: int
    bytes_received_by_memory: int
    bytes_sent_by_memory: int
    latency_p50: float
    latency_p90: float
    latency_p99: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)
