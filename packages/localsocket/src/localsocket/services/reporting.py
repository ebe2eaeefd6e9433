"""What a service tells of itself in numbers: its totals, and those of each method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, Protocol

from localsocket.payload.shared_memories import SharedMemories
from localsocket.services.histogram import LatencyHistogram
from localsocket.services.method import Method
from localsocket.services.stats import MethodStats, ServiceStats
from localsocket.services.tally import Tally
from localsocket.services.topic import Topic


class Counted(Protocol):
    """What a service asks its sessions."""

    @property
    def active_calls(self) -> int: ...
    @property
    def bytes_to_write(self) -> int: ...
    @property
    def calls_begun(self) -> int: ...


def totals(
    tally: Tally,
    memories: SharedMemories | None,
    sessions: Collection[Counted],
    topics: Collection[Topic[Any]],
    methods: Iterable[Method],
) -> ServiceStats:
    """Return the numbers over all open connections, topics and methods."""
    latencies = LatencyHistogram.of_all(method.latencies for method in methods)
    return ServiceStats(
        connections=tally.connections,
        open_connections=len(sessions),
        calls=tally.calls,
        active_calls=sum(session.active_calls for session in sessions),
        errors=tally.errors,
        bytes_received=tally.bytes_received,
        bytes_sent=tally.bytes_sent,
        bytes_received_by_memory=0 if memories is None else memories.bytes_received,
        bytes_sent_by_memory=0 if memories is None else memories.bytes_sent,
        bytes_unsent=sum(session.bytes_to_write for session in sessions),
        subscribers=sum(topic.subscribers for topic in topics),
        items_queued=sum(topic.items_queued for topic in topics),
        items_dropped=sum(topic.items_dropped for topic in topics),
        dropped_peers=tally.dropped_peers,
        latency_p50=latencies.percentile(50),
        latency_p90=latencies.percentile(90),
        latency_p99=latencies.percentile(99),
    )


def numbers_by_method(methods: Iterable[Method]) -> list[MethodStats]:
    """Return the numbers of each method that was called, the slowest first."""
    by_name = defaultdict[str, list[Method]](list)  # another protocol may have one of the same name
    for method in methods:
        if method.latencies.total:
            by_name[method.name].append(method)
    numbers = [_numbers_of(name, each) for name, each in by_name.items()]
    return sorted(numbers, key=lambda method: method.latency_p99, reverse=True)


def _numbers_of(name: str, methods: list[Method]) -> MethodStats:
    latencies = LatencyHistogram.of_all(method.latencies for method in methods)
    return MethodStats(
        name=name,
        calls=latencies.total,
        errors=sum(method.errors for method in methods),
        seconds=latencies.seconds,
        latency_p50=latencies.percentile(50),
        latency_p90=latencies.percentile(90),
        latency_p99=latencies.percentile(99),
        latencies=latencies.counted(),
    )
