"""The report as JSON, for programs."""

from __future__ import annotations

import json

from localsocket_review.findings import Finding
from localsocket_review.report.report import Report


def json_report(report: Report) -> str:
    document = {
        "verdict": report.verdict,
        "reviewed": {"files": report.reviewed_files, "lines": report.lines},
        "findings": [finding_to_dict(finding) for finding in report.findings],
        "not_shown": [{"reason": one.why, "count": one.findings, "defects": one.defects} for one in report.untold],
        "gone": [
            {"rule": one.rule, "file": one.file, "message": one.message, "since": one.since} for one in report.gone
        ],
        "silenced": [
            {"rule": found.rule, "file": found.place.file, "line": found.place.line, "reason": reason}
            for found, reason in ((one.finding, one.reason) for one in report.silenced)
        ],
        "not_reviewed": [{"file": one.file, "reason": one.reason} for one in report.not_reviewed],
        "failed_rules": [{"rule": one.what, "reason": one.why} for one in report.failed_rules],
        "left_out": [{"reason": reason, "count": count} for reason, count in report.left_out],
        "not_checked": list(report.not_checked),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def finding_to_dict(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "category": finding.category.value,
        "severity": finding.severity.name.lower(),
        "cwe": finding.cwe,
        "certain": not finding.is_suspicion,
        "file": finding.place.file,
        "line": finding.place.line,
        "fingerprint": finding.fingerprint,
        "message": finding.message,
        "repair": finding.repair,
        "evidence": [
            {"file": one.place.file, "line": one.place.line, "column": one.place.column, "note": one.note}
            for one in finding.evidence
        ],
    }
