"""What NATS' own tools ask every service, `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, and its answers."""

from __future__ import annotations

import datetime
import re
import time
from dataclasses import dataclass

import msgspec

from localsocket.bridges.bus_messages import Subjects
from localsocket.services.description import ServiceDescription

_TYPE = "io.nats.micro.v1."
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(slots=True)
class _Endpoint:
    requests: int = 0
    errors: int = 0
    nanoseconds: int = 0
    last_error: str = ""  # what kind it was: what it says is for its caller alone


class MicroService:
    """Answers for one instance, and counts for it; `metadata` tell what these tools cannot hold."""

    def __init__(self, description: ServiceDescription, names: Subjects, queue: str) -> None:
        self._names = names
        self._queue = queue
        self.instance = "unknown"
        self.name = _NO_NAME.sub("-", names.service)
        self._description = description
        self._started = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self._endpoints = {method.name: _Endpoint() for method in description.methods}

    @property
    def subjects(self) -> list[str]:
        """Where it is asked: together with all services, with all instances of this one, and alone."""
        asked = [f"$SRV.{verb}" for verb in ("PING", "INFO", "STATS")]
        return [f"{each}{whom}" for each in asked for whom in ("", f".{self.name}", f".{self.name}.{self.instance}")]

    def begin(self, method: str) -> None:
        """Count a request."""
        if (endpoint := self._endpoints.get(method)) is not None:
            endpoint.requests += 1

    def end(self, ended: list[tuple[str, float, str]]) -> None:
        """Count calls that end now: which method, when they began, and which failure it was, if it was one."""
        now = time.monotonic()
        for method, began, failure in ended:
            if (endpoint := self._endpoints.get(method)) is not None:
                if failure:
                    endpoint.errors += 1
                    endpoint.last_error = failure
                endpoint.nanoseconds += int((now - began) * 1e9)

    def answer(self, subject: str) -> bytes:
        """Return the answer to a question, as JSON."""
        verb = subject.split(".")[1].lower()
        version = self._description.version
        told: dict[str, object] = {
            "type": f"{_TYPE}{verb}_response",
            "name": self.name,
            "id": self.instance,
            "version": version if _VERSION.fullmatch(version) else "0.0.0",
            "metadata": {"localsocket": "1", "service": self._names.service, "version": version},
        }
        if verb == "info":
            told["description"] = self._description.documentation
            told["endpoints"] = [
                {
                    **self._endpoint(method.name),
                    "metadata": {"signature": method.signature, "idempotent": str(method.idempotent).lower()},
                }
                for method in self._description.methods
            ]
        elif verb == "stats":
            told["started"] = self._started
            told["endpoints"] = [
                {**self._endpoint(name), **_figures(endpoint)} for name, endpoint in self._endpoints.items()
            ]
        return msgspec.json.encode(told)

    def _endpoint(self, method: str) -> dict[str, object]:
        return {
            "name": _NO_NAME.sub("-", method),
            "subject": self._names.call(method),
            "queue_group": self._queue,
        }


def _figures(endpoint: _Endpoint) -> dict[str, object]:
    return {
        "num_requests": endpoint.requests,
        "num_errors": endpoint.errors,
        "last_error": endpoint.last_error,
        "processing_time": endpoint.nanoseconds,
        "average_processing_time": endpoint.nanoseconds // max(1, endpoint.requests),
        "data": None,  # which readers expect to be there
    }
