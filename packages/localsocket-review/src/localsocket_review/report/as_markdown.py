"""The report as Markdown, for the summary of a job or a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from localsocket_review.findings import Finding
from localsocket_review.report.report import Report, counted
from localsocket_review.report.visible import visible

_MOST = 50  # findings with a row each: a comment on GitHub ends at 65,536 characters, and a row has at most 1,000
_LONGEST = 240  # characters of a message: the corpus has none above 200
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~<>&@])")


def markdown_report(report: Report) -> str:
    """Return the verdict, what is gone, a table of findings, the most severe first, and what was not checked."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    sign = "❌" if report.security_defects else "✅" if report.is_complete else "⚠️"
    yield f"### {sign} {_text(report.verdict)}"
    yield ""
    if report.findings:
        yield "| | rule | where | what |"
        yield "|---|---|---|---|"
        yield from map(_row, report.findings[:_MOST])
        yield ""
    if len(report.findings) > _MOST:
        yield f"And {counted(len(report.findings) - _MOST, 'more finding')}.\n"
    if report.gone:
        yield f"**Gone since {_text(report.gone[0].since)}:** {counted(len(report.gone), 'finding')}\n"
        yield from (f"- {one.rule} {_code(one.file)}: {_text(one.message)}" for one in islice(report.gone, _MOST))
        yield ""
    yield from _details("Not checked", report.not_checked)
    shown = [str(one) for one in report.untold]
    size = [counted(report.reviewed_files, "file"), counted(report.lines, "line"), *report.silences]
    yield f"<sub>{_text(', '.join([*size, *(f'not shown: {one}' for one in shown)]))}</sub>"


def _row(finding: Finding) -> str:
    severity = "uncertain" if finding.is_suspicion else finding.severity.name.lower()
    rule = f"{finding.rule} {finding.cwe}" if finding.cwe else finding.rule
    what = f"{_text(finding.message)}<br>**Repair:** {_text(finding.repair)}."
    return f"| {severity} | {rule} | {_code(str(finding.place))} | {what} |"


def _details(title: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield f"<details><summary>{title}</summary>\n"
        yield from (f"- {_text(sentence)}" for sentence in islice(sentences, _MOST))
        yield "\n</details>\n"


def _text(text: str) -> str:
    """Return text that is nothing but text in a cell of a table: no mark, no mention, no line of its own."""
    shown = visible(text)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    return _SPECIAL.sub(lambda match: f"&#{ord(match[1])};", shown)


def _code(name: str) -> str:
    """Return a name as code; as an element, since a backquote or a bar in it would end the mark or the cell."""
    return f"<code>{_text(name)}</code>"
