"""Log records on the standard error, in which nothing that a peer said can pass for another line."""

from __future__ import annotations

import copy
import logging
from typing import Any

from localsocket.cli.plain_text import lines, one_line

_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_to_standard_error(level: int = logging.INFO) -> None:
    """Have everything logged from `level` on, unless the program has set up its logging already."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(_FORM))
    logging.basicConfig(level=level, handlers=[handler])


class LineFormatter(logging.Formatter):
    """A record is one line, and each line of its traceback is indented; no character of it commands a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.exc_text = None  # what another formatter made of it, or what is there for formatters in general
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(f"    {line}" for line in lines(super().formatException(ei)))
