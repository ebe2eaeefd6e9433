"""What a first look at many findings needs: where they are, what to look at first, and how to begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from localsocket_review.findings import Confidence, Finding, Severity
from localsocket_review.report.report import Report, counted

_MANY = 20  # findings, from which on a list alone does not tell where to begin
_NAMED = 6  # rules and folders in one line
_FIRST = 3  # to look at: as many as are repaired in a sitting


def overview(report: Report) -> Iterator[str]:
    """Yield lines about the findings of a large tree, and none where there are few, or where only new ones are told."""
    if len(report.findings) < _MANY or report.untold or report.gone:
        return
    yield f"By rule: {_counts(finding.rule for finding in report.findings)}"
    yield f"By folder: {_counts(str(Path(finding.place.file).parent) for finding in report.findings)}"
    first = ", ".join(f"{number} ({one.rule} {one.place})" for number, one in _worst(report.findings))
    if first:
        yield f"Look first at {first}."
    yield (
        "To see only what is new from now on: add --write-baseline known.json to this command once, and "
        "--baseline known.json from then on."
    )


def _worst(findings: Sequence[Finding]) -> list[tuple[int, Finding]]:
    """Return one finding each of the rules that matter most and are surest, with their numbers."""
    numbered = [
        (number, one)
        for number, one in enumerate(findings, 1)
        if one.is_security_defect or (one.severity is Severity.HIGH and one.confidence is Confidence.HIGH)
    ]
    ranked = sorted(numbered, key=lambda pair: (-pair[1].severity, -pair[1].confidence, pair[0]))
    of_each_rule = {one.rule: (number, one) for number, one in reversed(ranked)}
    return sorted(of_each_rule.values(), key=ranked.index)[:_FIRST]


def _counts(words: Iterable[str]) -> str:
    counts = Counter(words).most_common()
    more = f", and {counted(len(counts) - _NAMED, 'other')}" if len(counts) > _NAMED else ""
    return ", ".join(f"{word} {count:,}" for word, count in counts[:_NAMED]) + more
