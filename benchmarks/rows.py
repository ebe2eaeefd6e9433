"""One row of a comparison: what every program that takes part is asked to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    test: str
    server: str
    connections: int
    chunk_bytes: int

    @property
    def label(self) -> str:
        if self.test == "pingpong":
            return f"ping-pong, {self.connections:,} connections"
        return f"exchange, {self.connections} × {self.chunk_bytes:,} B"

    def arguments(self, seconds: float, round_trips: int) -> list[str]:
        """Return the command line that measures this row, the same for every program."""
        if self.test == "pingpong":
            amount = ["--round-trips", str(round_trips)]
        else:
            amount = ["--chunk", str(self.chunk_bytes), "--seconds", str(seconds)]
        where = ["--connections", str(self.connections), "--server", self.server]
        return [self.test, *where, *amount]
