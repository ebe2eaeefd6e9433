"""What a service, or a client, has done so far."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ServiceStats:
    """Numbers of one service since it was made, over all its connections. Latencies are in seconds.

    `calls` counts the calls and notifications that have begun, `errors` those of them that returned no result;
    `active_calls` are still running. `bytes_received` and `bytes_sent` went by the socket; `bytes_received_by_memory`
    and `bytes_sent_by_memory` went by shared memory and are counted separately. `bytes_unsent` are waiting for clients
    to read them, `items_queued` are waiting in the topics' queues; `items_dropped` were dropped there, counted for each
    subscriber that read too slowly. `dropped_peers` were disconnected for breaking the protocol or reading too slowly.
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
    """Numbers of one method, for all its callers. Times are in seconds, from a call's arrival to its end.

    `calls` have ended, including notifications and streams, and `errors` of them returned no result; `seconds` is how
    long they took in total, accurate to about a tenth. `latencies` are pairs of seconds and a number of calls, shortest
    first: that many calls took at most so long, and longer than the pair before.
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
    """What localsocket.stats reports to a service's owner: `stats` in total, and `methods`, the slowest by p99 first.

    `pid` is the process that answers. If several processes serve the name, it is number `worker`, from 1, of `workers`,
    and reports on itself alone; both are 0 for a single process. `uptime` is the seconds since the service was made.
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

    `connections` counts the connections it has made: more than 1 if it has reconnected. `bytes_received` and
    `bytes_sent` went by the socket; what went by shared memory is counted separately.
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
