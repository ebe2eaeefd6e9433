"""The report as JSON, for programs."""

from __future__ import annotations

import json

from localsocket_review.findings import Finding
from localsocket_review.report.report import Report


def json_report(report: Report) -> str:
    document = {
        "verdict": report.verdict,
        "findings": [finding_to_dict(finding) for finding in report.findings],
        "not_checked": list(report.not_checked),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def finding_to_dict(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "category": finding.category.value,
        "severity": finding.severity.name.lower(),
        "cwe": finding.cwe,
        "file": finding.place.file,
        "line": finding.place.line,
        "message": finding.message,
        "repair": finding.repair,
        "evidence": [
            {"file": one.place.file, "line": one.place.line, "column": one.place.column, "note": one.note}
            for one in finding.evidence
        ],
    }
