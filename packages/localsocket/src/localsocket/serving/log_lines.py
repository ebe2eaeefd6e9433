"""Log records on the standard error, in which nothing that a peer said can pass for another line, or as JSON."""

from __future__ import annotations

import copy
import logging
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from localsocket.plain_lines import lines, one_line

_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_FORM_OF_WORKER = "%(asctime)s %(levelname)s %(name)s [worker {}]: %(message)s"

_encode = msgspec.json.Encoder(enc_hook=ascii).encode


def log_to_standard_error(level: int = logging.INFO, *, as_json: bool = False, worker: int = 0) -> None:
    """Have everything logged from `level` on, unless the program has set up its logging already.

    A record that cannot be written, to a disk that is full for example, is lost, and the program goes on. With `worker`
    each tells which of several processes it is from.
    """
    handler = _OurHandler()
    form = _FORM_OF_WORKER.format(worker) if worker else _FORM
    handler.setFormatter(JsonFormatter(worker) if as_json else LineFormatter(form))
    logging.basicConfig(level=level, handlers=[handler])


def forget_our_log() -> None:
    """Undo that in a forked child, whose program may set up its own."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _OurHandler):
            root.removeHandler(handler)
            root.setLevel(logging.WARNING)


class _OurHandler(logging.StreamHandler[TextIO]):
    """Known among those of others."""


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
    """A record is one line of JSON: time in UTC, level, logger, message, and `call` or `exception` where it has one.

    With `worker` it has that too.
    """

    def __init__(self, worker: int = 0) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": one_line(record.getMessage()),
        }
        if self._worker:
            told["worker"] = self._worker
        if (call := getattr(record, "call", None)) is not None:
            told["call"] = call
        if record.exc_info:
            told["exception"] = "\n".join(lines(self.formatException(record.exc_info)))
        return _encode(told).decode()
