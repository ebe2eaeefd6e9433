"""Places that are in no Python."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A place that could not be parsed, and why."""

    line: int
    why: str


class NoPython(Exception):
    """Nothing can be made of a file, because of this fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault
