"""Calls in OpenTelemetry: a span on each side, and the trace goes along in the call.

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
    """A span of the client around each call, and one of the service around the method.

    The client's ends with the result, or with the sending where start(), stream() or notify() begin what is waited for
    later, or never; the service's, for a stream, with its last item. `provider` is the tracer provider, by default the
    global one; the trace is carried by the global propagator.
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("localsocket", tracer_provider=provider)

    @contextlib.contextmanager
    def calling(self, service: str, method: str) -> Iterator[dict[str, str]]:
        """Surround a call on its caller's side; what it gives travels with the call."""
        with self._tracer.start_as_current_span(
            f"{service}/{method}", kind=trace.SpanKind.CLIENT, attributes=_attributes(service, method)
        ):
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
            yield carrier

    @contextlib.contextmanager
    def serving(self, service: str, method: str, carrier: dict[str, str]) -> Iterator[None]:
        """Surround a call where it is served, as a part of the caller's trace."""
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
