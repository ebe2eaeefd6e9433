"""Traces calls with OpenTelemetry: one span on each side, joined in one trace.

    tracing = OpenTelemetryTracing()
    service = localsocket.Service("demo.calc", tracing=tracing)
    client = localsocket.Client("demo.calc", tracing=tracing)

Needs the extra `otel`. Without a configured SDK it costs little and does nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from opentelemetry import propagate, trace


class OpenTelemetryTracing:
    """A client span around each call, and a server span around the method.

    The client's span ends with the result; for start(), stream() and notify() it ends once the call is sent. The
    service's span ends with the method, for a stream with its last item. `provider` is the tracer provider, by default
    the global one; the global propagator carries the trace.
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("localsocket", tracer_provider=provider)

    @contextlib.contextmanager
    def calling(self, service: str, method: str) -> Iterator[dict[str, str]]:
        """Trace a call in the client; what this yields travels with the call."""
        with self._tracer.start_as_current_span(
            f"{service}/{method}", kind=trace.SpanKind.CLIENT, attributes=_attributes(service, method)
        ):
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
            yield carrier

    @contextlib.contextmanager
    def serving(self, service: str, method: str, carrier: dict[str, str]) -> Iterator[None]:
        """Trace a call in the service, as part of the caller's trace."""
        with self._tracer.start_as_current_span(
            f"{service}/{method}",
            context=propagate.extract(carrier),
            kind=trace.SpanKind.SERVER,
            attributes=_attributes(service, method),
        ):
            yield


def _attributes(service: str, method: str) -> dict[str, str]:
    # The names of OpenTelemetry's conventions for remote calls.
    return {"rpc.system": "localsocket", "rpc.service": service, "rpc.method": method}
