"""The rows of the comparison with Qt, and the ratio to Qt that each of them should reach."""

from __future__ import annotations

from report import Pair
from rows import Row

SERVERS = ("process", "thread")

# Messages per second of localsocket over those of Qt: (server in a process, server in a thread),
# by (test, connections, chunk_bytes).
TARGETS: dict[tuple[str, int, int], tuple[float, float]] = {
    ("exchange", 1, 100): (1.0, 1.0),
    ("exchange", 1, 1000): (1.0, 1.0),
    ("exchange", 1, 10000): (1.0, 1.0),
    ("exchange", 1, 100000): (1.0, 1.0),
    ("exchange", 5, 100): (3.0, 1.1),
    ("exchange", 5, 1000): (3.0, 1.1),
    ("exchange", 5, 10000): (2.6, 1.1),
    ("exchange", 5, 100000): (2.8, 1.8),
    ("exchange", 10, 100): (1.8, 0.7),
    ("exchange", 10, 1000): (1.8, 0.7),
    ("exchange", 10, 10000): (1.7, 0.75),
    ("exchange", 10, 100000): (2.3, 1.6),
    ("pingpong", 10, 1): (1.6, 0.7),
    ("pingpong", 50, 1): (1.1, 0.5),
    ("pingpong", 100, 1): (1.3, 0.5),
    ("pingpong", 1000, 1): (3.0, 1.3),
    ("pingpong", 5000, 1): (18.0, 8.0),
}


def target_of(row: Row) -> float:
    by_server = TARGETS[row.test, row.connections, row.chunk_bytes]
    return by_server[SERVERS.index(row.server)]


PAIR = Pair("localsocket", "localsocket", "qt", "Qt", target_of)


def chosen_rows(only_test: str | None, only_server: str | None) -> list[Row]:
    return [
        Row(test, server, connections, chunk_bytes)
        for server in SERVERS
        for test, connections, chunk_bytes in TARGETS
        if only_server in (None, server) and only_test in (None, test)
    ]
