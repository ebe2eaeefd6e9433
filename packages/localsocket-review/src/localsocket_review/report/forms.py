"""The forms in which a report is given, but for text, which a terminal has to be known for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localsocket_review.findings import Finding
    from localsocket_review.repairs.edits import Repair
    from localsocket_review.report.report import Report
    from localsocket_review.rules.rule import Rule


class ReportFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    HTML = "html"
    MARKDOWN = "markdown"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"


def written(
    report: Report,
    form: ReportFormat,
    rules: Sequence[Rule],
    root: Path,
    repairs: Mapping[Finding, Repair] | None = None,
) -> str:
    """Return a report in one form; only what that needs is loaded. Files below `root` are named relative to it."""
    match form:
        case ReportFormat.SARIF:
            from localsocket_review.report.as_sarif import sarif_report

            return sarif_report(report, rules, root, repairs)
        case ReportFormat.HTML:
            from localsocket_review.report.as_html import html_report

            return html_report(report, rules)
        case ReportFormat.MARKDOWN:
            from localsocket_review.report.as_markdown import markdown_report

            return markdown_report(report)
        case ReportFormat.GITHUB:
            from localsocket_review.report.as_github import github_report

            return github_report(report, root)
        case ReportFormat.GITLAB:
            from localsocket_review.report.as_gitlab import gitlab_report

            return gitlab_report(report, root)
        case ReportFormat.JUNIT:
            from localsocket_review.report.as_junit import junit_report

            return junit_report(report, root)
        case _:
            from localsocket_review.report.as_json import json_report

            return json_report(report)
