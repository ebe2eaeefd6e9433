"""The report as GitLab's code quality artifact, which a merge request shows beside the code and compares by itself."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from localsocket_review.findings import Category, Finding, Severity
from localsocket_review.report.places import Identities, path_below
from localsocket_review.report.report import Report

_SEVERITIES = {Severity.HIGH: "critical", Severity.MEDIUM: "major", Severity.LOW: "minor", Severity.NOTE: "info"}
_CATEGORIES = {
    Category.SECURITY: "Security",
    Category.RELIABILITY: "Bug Risk",
    Category.PERFORMANCE: "Performance",
    Category.MAINTAINABILITY: "Clarity",
}


def gitlab_report(report: Report, root: Path) -> str:
    """Return a list of issues; a file that could not be reviewed is a blocker, so that its absence is seen."""
    return json.dumps([*_issues(report, root)], indent=2, ensure_ascii=False) + "\n"


def _issues(report: Report, root: Path) -> Iterator[dict[str, object]]:
    identities = Identities()
    for finding in report.findings:
        path = path_below(finding.place.file, root)
        yield {
            "description": f"{finding.message} Repair: {finding.repair}.",
            "check_name": finding.rule,
            "fingerprint": identities.of(finding, path),
            "severity": _severity(finding),
            "categories": [_CATEGORIES[finding.category]],
            "location": {"path": path, "lines": {"begin": finding.place.line}},
        }
    for unread in report.not_reviewed:
        path = path_below(unread.file, root)
        yield {
            "description": f"Not reviewed: {unread.reason}",
            "check_name": "not-reviewed",
            "fingerprint": hashlib.sha256(os.fsencode(f"not-reviewed {path}")).hexdigest()[:32],
            "severity": "blocker",
            "categories": ["Bug Risk"],
            "location": {"path": path, "lines": {"begin": 1}},
        }


def _severity(finding: Finding) -> str:
    return "info" if finding.is_suspicion else _SEVERITIES[finding.severity]
