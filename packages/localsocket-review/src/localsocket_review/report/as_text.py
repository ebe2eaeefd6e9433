"""The report as text: for a person at a terminal with colours, for a pipe plain."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from localsocket_review.findings import Category, Finding
from localsocket_review.report.colours import COLOURS
from localsocket_review.report.overview import overview
from localsocket_review.report.report import Report, counted
from localsocket_review.report.visible import visible

_MOST_FILES = 20  # that could not be read, each with a line


def print_report(report: Report, console: Console) -> None:
    """Print the verdict first, then the security findings, then the notes, numbered through."""
    style = "bold red" if report.security_defects else "bold green" if report.is_complete else "bold yellow"
    _line(console, Text(report.verdict, style))
    security = report.in_category(Category.SECURITY)
    if security:
        _line(console)
    for number, finding in security:
        _print_finding(console, number, finding)
    for category in (Category.RELIABILITY, Category.PERFORMANCE, Category.MAINTAINABILITY):
        notes = report.in_category(category)
        if notes:
            _line(console)
            _line(console, Text(category.value.capitalize(), "bold"))
        for number, finding in notes:
            _print_finding(console, number, finding)
    _line(console)
    for gone in report.gone:
        words = f"Gone since {gone.since}: {gone.rule} {gone.file}: {gone.message}"
        _line(console, Text(visible(words), "green"))
    for untold in report.untold:
        _line(console, Text(visible(f"Not shown: {untold}."), "dim"))
    for sentence in _shortened(report):
        _line(console, Text(visible(f"Not checked: {sentence}"), "dim"))
    size = [
        counted(report.reviewed_files, "file"),
        counted(report.lines, "line"),
        counted(len(report.findings), "finding"),
    ]
    size.extend(report.silences)
    _line(console, Text(f"{', '.join(size)}.", "dim"))
    for sentence in overview(report):
        _line(console, Text(visible(sentence)))


def _shortened(report: Report) -> Iterator[str]:
    """Yield what was not checked; of very many files that could not be read the first ones."""
    more = {str(one) for one in report.not_reviewed[_MOST_FILES:]}
    yield from (sentence for sentence in report.not_checked if sentence not in more)
    if more:
        yield f"{counted(len(more), 'more file')} that could not be read, which the JSON and HTML reports name"


def _print_finding(console: Console, number: int, finding: Finding) -> None:
    identity = " ".join(filter(None, (finding.rule, finding.cwe)))
    head = Text.assemble(
        f"{number}. ",
        (identity, COLOURS[finding.severity]),
        visible(f" {finding.place}: {finding.message}"),
    )
    _line(console, head)
    if finding.is_suspicion:
        _line(console, Text("   Uncertain, and not counted in the verdict.", "dim"))
    _line(console, Text(visible(f"   Repair: {finding.repair}."), "green"))
    for evidence in finding.evidence:
        if evidence.place.line != finding.place.line or evidence.place.file != finding.place.file:
            _line(console, Text(visible(f"   {evidence.place}: {evidence.note}"), "dim"))


def _line(console: Console, text: Text | str = "") -> None:
    console.print(text, soft_wrap=True, highlight=False)
