"""`localsocket review`: reading other people's code, and saying what is so."""

from __future__ import annotations

import importlib.util
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from localsocket.review.report.report import Report

_NEEDED = {"tree_sitter": "tree-sitter", "tree_sitter_cpp": "tree-sitter-cpp"}


class ReportFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class FailOn(StrEnum):
    SECURITY = "security"
    ANY = "any"
    NONE = "none"


def review(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and trees, reviewed as one program.")] = None,
    output_format: Annotated[ReportFormat, typer.Option("--format", help="For a person, or for a program.")] = (
        ReportFormat.TEXT
    ),
    fail_on: Annotated[FailOn, typer.Option(help="Which findings make the exit status 1.")] = FailOn.SECURITY,
    explain: Annotated[str, typer.Option(metavar="RULE", help="Teach a rule, such as LS106, and review nothing.")] = "",
) -> None:
    """Review code that uses local sockets: Python, C and C++, with or without Qt.

    The first line is the verdict on security; numbered findings follow, each with its place and its repair.
    """
    missing = [package for module, package in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        sys.exit(f"localsocket: reviewing needs {' and '.join(missing)}: pip install 'localsocket[review]'")
    if explain:
        _explain(explain)
    elif paths:
        raise typer.Exit(_review(paths, output_format, fail_on))
    else:
        raise typer.BadParameter("name the files or trees to review, or a rule with --explain")


def _explain(rule_id: str) -> None:
    from localsocket.review.report.explaining import explain
    from localsocket.review.rules import all_rules

    rules = {rule.id: rule for rule in all_rules()}
    rule = rules.get(rule_id.upper())
    if rule is None:
        raise typer.BadParameter(f"there is no rule {rule_id!r}; there are {', '.join(rules)}")
    explain(rule, Console())


def _review(paths: list[Path], output_format: ReportFormat, fail_on: FailOn) -> int:
    from localsocket.review.reading.collecting import NothingToRead
    from localsocket.review.report.as_json import json_report
    from localsocket.review.report.as_text import print_report
    from localsocket.review.reviewer import review as review_paths

    try:
        report = review_paths(paths)
    except NothingToRead as error:
        raise typer.BadParameter(str(error)) from None
    if output_format is ReportFormat.JSON:
        sys.stdout.write(json_report(report))
    else:
        print_report(report, Console())
    return int(_fails(report, fail_on))


def _fails(report: Report, fail_on: FailOn) -> bool:
    return {
        FailOn.SECURITY: bool(report.security_defects),
        FailOn.ANY: bool(report.findings),
        FailOn.NONE: False,
    }[fail_on]
