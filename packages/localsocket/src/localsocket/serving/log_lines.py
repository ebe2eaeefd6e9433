"""Log records on the standard error, in which nothing that a peer said can pass for another line, or as JSON."""

from __future__ import annotations

import copy
import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from localsocket.plain_lines import lines, one_line

_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_encode = msgspec.json.Encoder(enc_hook=ascii).encode


def log_to_standard_error(level: int = logging.INFO, *, as_json: bool = False) -> None:
    """Have everything logged from `level` on, unless the program has set up its logging already.

    A record that cannot be written, to a disk that is full for example, is lost, and the program goes on.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if as_json else LineFormatter(_FORM))
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


class JsonFormatter(logging.Formatter):
    """A record is one line of JSON: time in UTC, level, logger, message, and `call` or `exception` where it has one."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": one_line(record.getMessage()),
        }
        if (call := getattr(record, "call", None)) is not None:
            told["call"] = call
        if record.exc_info:
            told["exception"] = "\n".join(lines(self.formatException(record.exc_info)))
        return _encode(told).decode()
