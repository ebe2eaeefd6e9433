"""The colours of severities, on a terminal."""

from __future__ import annotations

from localsocket_review.findings import Severity

COLOURS = {Severity.HIGH: "bold red", Severity.MEDIUM: "yellow", Severity.LOW: "cyan", Severity.NOTE: "dim"}
