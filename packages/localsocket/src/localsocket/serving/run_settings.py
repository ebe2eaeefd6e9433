"""How a program serves, whether in one process or in several."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from localsocket.deadlines import Deadline
from localsocket.services.protocols import ProtocolName
from localsocket.serving.connection_threads import MAX_THREADS
from localsocket.serving.log_lines import log_to_standard_error

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

DRAIN = 5.0


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What run() is told beside where it serves; see there."""

    drain: float = DRAIN
    log_level: LogLevel = "info"
    log_json: bool = False
    max_threads: int = MAX_THREADS
    protocols: Iterable[ProtocolName] | None = None
    idle_timeout: float | None = None

    def __post_init__(self) -> None:
        Deadline(self.drain)  # refuses what is no time before anything is served

    def set_up_log(self, *, worker: int = 0) -> None:
        log_to_standard_error(getattr(logging, self.log_level.upper()), as_json=self.log_json, worker=worker)
