"""Boxes of the page that hide findings by severity, rule and file. Style sheets do it: the page runs no script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape as escape_markup

from localsocket_review.findings import Finding, Severity
from localsocket_review.report.report import Report
from localsocket_review.report.visible import visible


@dataclass(frozen=True, slots=True)
class Filters:
    """A box for each severity, rule and file that findings have; `files` are numbered, since names are no classes."""

    severities: dict[str, int]
    rules: dict[str, int]
    files: dict[str, int]

    def classes(self, finding: Finding) -> str:
        """Return the words by which the boxes find an article."""
        number = [*self.files].index(finding.place.file) + 1
        return f"{finding.severity.name.lower()} of-{finding.rule} in-file-{number}"

    def style(self) -> str:
        boxes = (
            *((f"severity-{word}", f"article.{word}") for word in self.severities),
            *((f"rule-{rule}", f".of-{rule}") for rule in self.rules),
            *((f"file-{number}", f".in-file-{number}") for number in range(1, len(self.files) + 1)),
        )
        return "".join(f"body:has(#{box}:not(:checked)) {hidden} {{ display: none; }}\n" for box, hidden in boxes)

    def html(self) -> Iterator[str]:
        if sum(self.rules.values()) < 2:
            return
        yield '<details class="filters"><summary>Show by severity, rule and file</summary>'
        yield from _boxes("severity", ((f"severity-{word}", word, count) for word, count in self.severities.items()))
        yield from _boxes("rule", ((f"rule-{rule}", rule, count) for rule, count in self.rules.items()))
        files = enumerate(self.files.items(), 1)
        yield from _boxes("file", ((f"file-{number}", name, count) for number, (name, count) in files))
        yield "</details>"


def filters_of(report: Report) -> Filters:
    severities = Counter(finding.severity for finding in report.findings)
    return Filters(
        {severity.name.lower(): severities[severity] for severity in reversed(Severity) if severities[severity]},
        dict(sorted(Counter(finding.rule for finding in report.findings).items())),
        dict(Counter(finding.place.file for finding in report.findings).most_common()),
    )


def _boxes(title: str, boxes: Iterable[tuple[str, str, int]]) -> Iterator[str]:
    yield f"<fieldset><legend>{title}</legend>"
    for name, words, count in boxes:
        shown = f'{escape_markup(visible(words))} <span class="count">{count}</span>'
        box = f'<input type="checkbox" id="{name}" checked>'
        yield f'<span class="choice">{box}<label for="{name}">{shown}</label></span>'
    yield "</fieldset>"
