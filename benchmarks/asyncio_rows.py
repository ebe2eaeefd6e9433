"""The rows of the comparison with asyncio, and the ratios that each of them should reach."""

from __future__ import annotations

from collections.abc import Collection

from report import Pair
from rows import Row

EXCHANGE_CONNECTIONS = (1, 5, 10)
EXCHANGE_CHUNKS = (100, 1000, 10000, 100000)
PING_PONG_CONNECTIONS = (10, 50, 100, 1000, 5000)


def target_to_streams(row: Row) -> float:
    return 2.5 if row.chunk_bytes >= 100000 else 1.5


def target_to_protocol(_row: Row) -> float:
    return 0.75


ON_STOCK_LOOP = Pair("aio", "aio", "streams", "streams", target_to_streams)
ON_UVLOOP = Pair("aio-uvloop", "aio", "streams-uvloop", "streams", target_to_streams)
SERVERS_ON_UVLOOP = Pair("server-aio", "aio.serve()", "server-protocol", "bare Protocol", target_to_protocol)


def pure(program: str) -> str:
    """Return the name of the same program in pure Python."""
    return f"{program}-pure"


def chosen_rows(connections: Collection[int], chunks: Collection[int]) -> list[Row]:
    """Return the rows with so many connections and, of the exchange, such chunks; all of them where none are given."""
    exchange = [Row("exchange", "process", count, chunk) for count in EXCHANGE_CONNECTIONS for chunk in EXCHANGE_CHUNKS]
    ping_pong = [Row("pingpong", "process", count, 1) for count in PING_PONG_CONNECTIONS]
    return [
        row
        for row in exchange + ping_pong
        if (not connections or row.connections in connections)
        and (not chunks or row.test == "pingpong" or row.chunk_bytes in chunks)
    ]
