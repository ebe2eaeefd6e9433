"""The report as JUnit's XML, which almost every build server shows as tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from localsocket_review.findings import Finding, Severity
from localsocket_review.report.places import path_below
from localsocket_review.report.report import Report
from localsocket_review.report.visible import visible

_NAME = "localsocket review"


def junit_report(report: Report, root: Path) -> str:
    """Return a failing test for each finding, and an error for each file or rule that fell short.

    A note and a suspicion are tests that pass, with what is to be said as their output: neither is a defect.
    """
    suite = ElementTree.Element("testsuite", name=_NAME)
    suite.extend(_cases(report, root))
    counts = {
        "tests": len(suite),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
    }
    for name, number in counts.items():
        suite.set(name, str(number))
    ElementTree.SubElement(suite, "system-out").text = _text(report.verdict)
    suites = ElementTree.Element(
        "testsuites", {"name": _NAME, **{name: str(number) for name, number in counts.items()}}
    )
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _cases(report: Report, root: Path) -> Iterator[ElementTree.Element]:
    for finding in report.findings:
        yield _case_of(finding, root)
    for unread in report.not_reviewed:
        yield _error(path_below(unread.file, root), "is read", unread.reason)
    for failed in report.failed_rules:
        yield _error(_NAME, failed.what, failed.why)
    if report.reviewed_files == 0 and not report.not_reviewed:
        yield _error(_NAME, "something is read", report.verdict)
    elif not report.findings and report.is_complete:
        yield ElementTree.Element("testcase", classname=_NAME, name="nothing is found")


def _case_of(finding: Finding, root: Path) -> ElementTree.Element:
    path = path_below(finding.place.file, root)
    case = ElementTree.Element("testcase", classname=_text(path), name=f"{finding.rule} line {finding.place.line}")
    places = (f"{one.place}: {one.note}" for one in finding.evidence)
    text = "\n".join(map(_text, (f"{path}:{finding.place.line}", f"Repair: {finding.repair}.", *places)))
    if finding.severity is Severity.NOTE or finding.is_suspicion:
        ElementTree.SubElement(case, "system-out").text = f"{_text(finding.message)}\n{text}"
    else:
        kind = finding.cwe or finding.category.value
        ElementTree.SubElement(case, "failure", message=_text(finding.message), type=kind).text = text
    return case


def _error(classname: str, name: str, message: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_text(classname), name=name)
    ElementTree.SubElement(case, "error", message=_text(message), type="not reviewed")
    return case


def _text(text: str) -> str:
    """Return text that XML can hold: no control characters, no halves of pairs, and neither of two others."""
    return visible(text).translate({0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"})
