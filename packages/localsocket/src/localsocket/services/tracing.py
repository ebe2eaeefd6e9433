"""Where a tracer hooks in: around each call, on both sides, with what goes along in the call."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Tracing(Protocol):
    """Told of every call; localsocket.otel has one for OpenTelemetry. Any thread may call it."""

    def calling(self, service: str, method: str) -> AbstractContextManager[dict[str, str]]:
        """Surround a call on its caller's side; what it gives travels with the call."""

    def serving(self, service: str, method: str, carrier: dict[str, str]) -> AbstractContextManager[object]:
        """Surround a call where it is served, with what came along."""
