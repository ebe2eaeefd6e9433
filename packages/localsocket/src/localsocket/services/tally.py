"""The counters of a service, or of a client, as they go on. What is told of them is in stats.py."""

from __future__ import annotations

from localsocket.services.histogram import LatencyHistogram


class Tally:
    """The counters of a service, or a client. Not thread-safe: a count may be lost when two threads add at once."""

    __slots__ = ("bytes_received", "bytes_sent", "calls", "connections", "dropped_peers", "errors")

    def __init__(self) -> None:
        self.connections = 0
        self.calls = 0
        self.errors = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self.dropped_peers = 0


class ClientTally(Tally):
    """A client knows no methods, which have the latencies of a service."""

    __slots__ = ("latencies",)

    def __init__(self) -> None:
        super().__init__()
        self.latencies = LatencyHistogram()
