"""The numbers of a service in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_COUNTERS = ("connections", "calls", "errors", "bytes_received", "bytes_sent", "items_dropped", "dropped_peers")
_GAUGES = ("open_connections", "active_calls", "bytes_unsent", "subscribers", "items_queued")
_QUANTILES = {"0.5": "latency_p50", "0.9": "latency_p90", "0.99": "latency_p99"}


def prometheus_text(report: dict[str, Any]) -> str:
    """Return what localsocket.stats tells, with the service, and the worker of several, as labels."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: dict[str, Any]) -> Iterator[str]:
    labels = {"service": report["service"], "worker": str(report["worker"])}
    yield "# TYPE localsocket_uptime_seconds gauge"
    yield _sample("localsocket_uptime_seconds", labels, report["uptime"])
    for names, kind, ending in ((_COUNTERS, "counter", "_total"), (_GAUGES, "gauge", "")):
        for name in names:
            yield f"# TYPE localsocket_{name}{ending} {kind}"
            yield _sample(f"localsocket_{name}{ending}", labels, report["stats"][name])
    yield "# TYPE localsocket_method_errors_total counter"
    for method in report["methods"]:
        yield _sample("localsocket_method_errors_total", {**labels, "method": method["name"]}, method["errors"])
    yield "# TYPE localsocket_method_seconds summary"
    for method in report["methods"]:
        of_method = {**labels, "method": method["name"]}
        for quantile, name in _QUANTILES.items():
            yield _sample("localsocket_method_seconds", {**of_method, "quantile": quantile}, method[name])
        yield _sample("localsocket_method_seconds_sum", of_method, method["seconds"])
        yield _sample("localsocket_method_seconds_count", of_method, method["calls"])


def _sample(name: str, labels: dict[str, str], value: float) -> str:
    shown = ",".join(f'{label}="{_escaped(str(text))}"' for label, text in labels.items())
    return f"{name}{{{shown}}} {float(value):g}" if isinstance(value, float) else f"{name}{{{shown}}} {int(value)}"


def _escaped(text: str) -> str:
    """Return a label's value: a service says how it is called, and must not end the line with that."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return "".join(letter if letter.isprintable() else "?" for letter in escaped)
