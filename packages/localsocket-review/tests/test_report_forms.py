"""The forms for build servers: each says all that is found, as its reader expects it, whatever the code holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from localsocket_review.findings import Confidence
from localsocket_review.report.as_github import github_report
from localsocket_review.report.as_gitlab import gitlab_report
from localsocket_review.report.as_junit import junit_report
from localsocket_review.report.as_markdown import markdown_report
from localsocket_review.report.report import Gone, Report, RuleFailure, Untold
from localsocket_review.reviewer import review
from planted_defects import CORPUS, review_of_corpus

SERVER = """\
import os
import socket


def serve(path):
    os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    return server
"""
# As GitLab documents it: what has to be there, and which severities there are.
CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^[^/.]"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
COMMAND = re.compile(r"::(?P<level>error|warning|notice)(?: (?P<properties>[^:]+))?::(?P<text>.+)")


def report_of(folder: Path, source: str = SERVER, name: str = "server.py") -> Report:
    (folder / name).write_text(source, encoding="utf-8")
    return review([folder])


def commands(report: Report, root: Path) -> list[tuple[str, dict[str, str], str]]:
    *lines, verdict = github_report(report, root).splitlines()
    assert verdict == report.verdict
    found = []
    for line in lines:
        match = COMMAND.fullmatch(line)
        assert match, line
        properties = dict(one.split("=", 1) for one in (match["properties"] or "").split(",") if one)
        found.append((match["level"], properties, match["text"]))
    return found


@pytest.mark.long
def test_github_is_told_each_finding_of_the_corpus_at_its_line() -> None:
    report = review_of_corpus()
    told = commands(report, CORPUS)[: len(report.findings)]
    for finding, (_, properties, text) in zip(report.findings, told, strict=True):
        assert (CORPUS / properties["file"]).samefile(finding.place.file)
        assert int(properties["line"]) == finding.place.line
        assert "%0ARepair: " in text
    assert {level for level, _, _ in told} == {"error", "warning", "notice"}


def test_no_name_and_no_code_ends_a_command_of_github(tmp_path: Path) -> None:
    report = report_of(tmp_path, name="a,b:c%0A::error::\n.py")
    (command, *_) = commands(report, tmp_path)
    assert command[1]["file"] == "a%2Cb%3Ac%250A%3A%3Aerror%3A%3A\\n.py"


@pytest.mark.long
def test_gitlab_can_tell_every_finding_of_the_corpus_from_every_other() -> None:
    report = review_of_corpus()
    issues = json.loads(gitlab_report(report, CORPUS))
    jsonschema.validate(issues, CODE_QUALITY)
    assert len(issues) == len(report.findings) + len(report.not_reviewed)
    assert len({one["fingerprint"] for one in issues}) == len(issues)


def test_gitlab_knows_a_finding_again_when_lines_are_added_above(tmp_path: Path) -> None:
    before, after = (json.loads(gitlab_report(report_of(tmp_path, text + SERVER), tmp_path)) for text in ("", "#\n#\n"))
    assert [one["fingerprint"] for one in before] == [one["fingerprint"] for one in after]


def suite_of(report: Report, root: Path) -> ElementTree.Element:
    suites = ElementTree.fromstring(junit_report(report, root))
    (suite,) = suites
    assert (suites.tag, suite.tag) == ("testsuites", "testsuite")
    for name, path in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
        assert suite.get(name) == suites.get(name) == str(len(suite.findall(path)))
    assert all(case.get("name") and case.get("classname") for case in suite.iter("testcase"))
    return suite


def test_junit_has_a_test_for_each_finding_and_notes_do_not_fail() -> None:
    report = review_of_corpus()
    suite = suite_of(report, CORPUS)
    defects = [one for one in report.findings if one.severity > 0 and not one.is_suspicion]
    assert len(suite.findall("testcase/failure")) == len(defects) < len(report.findings)
    assert len(suite.findall("testcase")) == len(report.findings) + len(report.not_reviewed)


def test_junit_of_a_clean_program_has_one_test_that_passes(tmp_path: Path) -> None:
    suite = suite_of(report_of(tmp_path, "x = 1\n"), tmp_path)
    assert [(case.get("name"), len(case)) for case in suite.iter("testcase")] == [("nothing is found", 0)]


def test_markdown_holds_the_verdict_the_findings_and_what_is_gone(tmp_path: Path) -> None:
    report = replace(
        report_of(tmp_path),
        gone=(Gone("LS107", "a|b.py", "pickle.loads() is *gone*.", "main"),),
        untold=(Untold(3, 1, "known at main"),),
    )
    text = markdown_report(report)
    assert text.startswith("### ❌ Security defects: CWE-367 &#40;1&#41;; not shown: 1 known at main\n")
    assert "| high | LS106 CWE-367 | <code>" in text
    assert "**Gone since main:** 1 finding" in text
    assert "<code>a&#124;b.py</code>: pickle.loads&#40;&#41; is &#42;gone&#42;." in text
    assert "not shown: 3 findings known at main" in text


def test_a_markdown_comment_of_the_whole_corpus_fits_where_it_is_put() -> None:
    text = markdown_report(review_of_corpus())
    assert len(text) < 65_536
    assert "more findings." in text


def test_nothing_of_a_file_becomes_a_mark_or_a_mention_in_markdown(tmp_path: Path) -> None:
    report = report_of(tmp_path, name="`@team` |<b>[x](y)\n.py")
    (row,) = [line for line in markdown_report(report).splitlines() if "LS106" in line]
    assert row.count("|") == 5
    assert not {"`", "@", "<b>", "]("} & {part for part in ("`", "@", "<b>", "](") if part in row}


FORMS: dict[str, Callable[[Report, Path], str]] = {
    "github": github_report,
    "gitlab": gitlab_report,
    "junit": junit_report,
    "markdown": lambda report, _: markdown_report(report),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_could_not_be_reviewed_is_told_in_each_form(form: str, tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_bytes(b"\0")
    report = replace(report_of(tmp_path), failed_rules=(RuleFailure("LS999", "which failed \ufffe \x1b"),))
    text = FORMS[form](report, tmp_path)
    assert "odd.py" in text
    assert "\x1b" not in text
    if form != "gitlab":  # which has no place for what is in no file
        assert "LS999" in text or form == "markdown"
    if form == "junit":
        assert len(suite_of(report, tmp_path).findall("testcase/error")) == 2


@pytest.mark.parametrize("form", FORMS)
def test_a_suspicion_fails_nobody(form: str, tmp_path: Path) -> None:
    report = report_of(tmp_path)
    doubted = replace(report, findings=tuple(replace(one, confidence=Confidence.LOW) for one in report.findings))
    text = FORMS[form](doubted, tmp_path)
    bad: dict[str, Any] = {"github": "::error", "gitlab": "critical", "junit": "CWE-367", "markdown": "| high |"}
    assert bad[form] in FORMS[form](report, tmp_path)
    assert bad[form] not in text
