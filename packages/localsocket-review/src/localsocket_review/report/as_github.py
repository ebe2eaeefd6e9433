"""The report as commands of a GitHub workflow, which show each finding at its line of a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from localsocket_review.findings import Finding, Severity
from localsocket_review.report.places import path_below, stretch_of
from localsocket_review.report.report import Report
from localsocket_review.report.visible import visible

_COMMANDS = {Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "notice", Severity.NOTE: "notice"}


def github_report(report: Report, root: Path) -> str:
    """Return a command for each finding, for what could not be reviewed, and the verdict as the last line."""
    return "".join(f"{line}\n" for line in _lines(report, root))


def _lines(report: Report, root: Path) -> Iterator[str]:
    for finding in report.findings:
        yield _command(finding, report, root)
    for unread in report.not_reviewed:
        yield f"::error file={_property(path_below(unread.file, root))}::{_data(f'Not reviewed: {unread.reason}')}"
    for failed in report.failed_rules:
        yield f"::error::{_data(f'{failed.what}, {failed.why}')}"
    # The runner reads a command at the beginning of a line only, and a verdict begins with none.
    yield visible(report.verdict)


def _command(finding: Finding, report: Report, root: Path) -> str:
    at = stretch_of(finding.place, report)
    properties = {
        "file": path_below(finding.place.file, root),
        "line": str(at.line),
        "endLine": str(at.end_line),
        "title": " ".join(filter(None, (finding.rule, finding.cwe))),
    }
    if at.end_line == at.line:  # it refuses columns across lines
        properties |= {"col": str(at.column), "endColumn": str(at.end_column)}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = [finding.message, f"Repair: {finding.repair}.", *(f"{one.place}: {one.note}" for one in finding.evidence)]
    return f"::{_level(finding)} {told}::{_data(*text)}"


def _level(finding: Finding) -> str:
    return "notice" if finding.is_suspicion else _COMMANDS[finding.severity]


def _data(*lines: str) -> str:
    return "%0A".join(visible(line).replace("%", "%25") for line in lines)


def _property(value: str) -> str:
    return visible(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
