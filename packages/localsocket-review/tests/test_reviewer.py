"""From paths to a report, and the forms in which it is given."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from command_line import run
from localsocket_review.findings import Confidence
from localsocket_review.reading.collecting import MAX_FILE_BYTES, NothingToRead, collect
from localsocket_review.report.as_json import json_report
from localsocket_review.report.as_text import print_report
from localsocket_review.report.explaining import explain
from localsocket_review.report.report import CLEAN_VERDICT, Report
from localsocket_review.reviewer import review
from localsocket_review.rules import all_rules
from localsocket_review.rules.rule import Rule

BAD = """\
import os
import socket


def serve(path):
    os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    connection, _ = server.accept()
    os.system(connection.recv(100).decode())
"""
KEYS = [
    "rule",
    "category",
    "severity",
    "cwe",
    "certain",
    "file",
    "line",
    "fingerprint",
    "message",
    "repair",
    "evidence",
]


def write(tmp_path: Path, text: str, name: str = "server.py") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def only(*ids: str) -> list[Rule]:
    return [rule for rule in all_rules() if rule.id in ids]


def as_text(report: Report) -> str:
    output = io.StringIO()
    print_report(report, Console(file=output, width=80))
    return output.getvalue()


def test_the_first_line_is_the_verdict(tmp_path: Path) -> None:
    assert as_text(review([write(tmp_path, "x = 1\n")])).splitlines()[0] == CLEAN_VERDICT
    report = review([write(tmp_path, BAD)])
    assert report.verdict == "Security defects: CWE-367 (1), CWE-78 (1)"
    assert as_text(report).splitlines()[0] == report.verdict


def test_findings_are_numbered_through_and_have_place_and_repair(tmp_path: Path) -> None:
    write(tmp_path, BAD)
    write(tmp_path, "void f(QLocalServer *s) { s->listen(n); }\n", "server.cpp")
    lines = as_text(review([tmp_path], only("LS106", "LS109", "LS201"))).splitlines()
    assert [line.split(".")[0] for line in lines if line[:1].isdigit() and ". LS" in line] == ["1", "2", "3"]
    assert "Reliability" in lines
    assert sum(line.startswith("   Repair: ") for line in lines) == 3
    assert any(f"{tmp_path}/server.py:6" in line for line in lines)


def test_findings_in_a_file_that_was_hardly_understood_are_suspicions(tmp_path: Path) -> None:
    source = "#include <sys/socket.h>\nint made(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }\n"
    old = "int sum(first, second) int first; int second; { return first + second; }\n"
    (tmp_path / "plain.c").write_text(source)
    (tmp_path / "old.c").write_text(source + 20 * old)
    [told] = review([tmp_path / "plain.c"]).findings
    assert told.is_security_defect
    found = [one for one in review([tmp_path / "old.c"]).findings if one.rule == told.rule]
    assert [one.is_security_defect for one in found] == [False]


def test_a_suspicion_is_told_from_a_defect(tmp_path: Path) -> None:
    report = review([write(tmp_path, BAD)])
    assert "Uncertain" not in as_text(report)
    doubted = replace(report, findings=tuple(replace(one, confidence=Confidence.LOW) for one in report.findings))
    assert [one["certain"] for one in json.loads(json_report(report))["findings"][:2]] == [True, True]
    assert [one["certain"] for one in json.loads(json_report(doubted))["findings"][:2]] == [False, False]
    assert doubted.verdict == CLEAN_VERDICT
    told = as_text(doubted)
    assert told.count("   Uncertain, and not counted in the verdict.") == len(report.security_defects)


def test_json_has_exactly_the_agreed_keys(tmp_path: Path) -> None:
    document = json.loads(json_report(review([write(tmp_path, BAD)])))
    assert list(document) == [
        "verdict",
        "reviewed",
        "findings",
        "not_shown",
        "gone",
        "silenced",
        "not_reviewed",
        "failed_rules",
        "left_out",
        "not_checked",
    ]
    first = document["findings"][0]
    assert list(first) == KEYS
    assert (first["rule"], first["category"], first["severity"], first["cwe"], first["line"]) == (
        "LS106",
        "security",
        "high",
        "CWE-367",
        6,
    )
    assert [place["line"] for place in first["evidence"]] == [6, 8]


def test_what_was_not_checked_is_said(tmp_path: Path) -> None:
    write(tmp_path, "def f(:\n", "broken.py")
    write(tmp_path, '#include "away.h"\nclass A : public QObject { Q_OBJECT };\n}}}\n', "a.cpp")
    (tmp_path / "binary.c").write_bytes(b"\x7fELF\0\0")
    with (tmp_path / "huge.cpp").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    report = review([tmp_path])
    told = "\n".join(report.not_checked)
    assert "broken.py: not valid Python" in told
    assert "binary.c: not text" in told
    assert "huge.cpp: larger than 4 MiB" in told
    assert "not understood" in told
    assert "away.h" in told
    assert "Q_OBJECT" in told


def test_a_tree_is_read_without_what_others_wrote(tmp_path: Path) -> None:
    for name in ("a.py", "b.HPP", "notes.txt", ".git/c.py", "site-packages/d.cpp", "node_modules/e.c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert [path.name for path in collect([tmp_path, tmp_path / "a.py"])] == ["a.py", "b.HPP"]
    with pytest.raises(NothingToRead, match="does not exist"):
        collect([tmp_path / "missing"])


def test_latin_1_and_marked_utf_8_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n")
    (tmp_path / "b.cpp").write_bytes(b"\xef\xbb\xbf// \xe9\nint x;\n")
    (tmp_path / "c.py").write_bytes(b"x = '\xe9'\n")
    assert not any(str(tmp_path) in sentence for sentence in review([tmp_path]).not_checked)


@pytest.mark.parametrize("mark", ["", "before"])
def test_a_suppression_with_its_reason_silences_its_rule_at_its_line(tmp_path: Path, mark: str) -> None:
    comment = "# localsocket: ignore[LS106] the only program here"
    line = "    os.unlink(path)"
    replaced = f"    {comment}\n{line}" if mark else f"{line}  {comment}"
    report = review([write(tmp_path, BAD.replace(line, replaced))], only("LS106", "LS109"))
    assert [finding.rule for finding in report.findings] == ["LS109"]
    assert [(one.finding.rule, one.reason) for one in report.silenced] == [("LS106", "the only program here")]
    assert "1 silenced by comments" in as_text(report)


@pytest.mark.parametrize("comment", ["localsocket: ignore[LS106]", "localsocket: ignore because"])
def test_a_suppression_without_rule_or_reason_silences_nothing_and_is_reported(tmp_path: Path, comment: str) -> None:
    text = BAD.replace("os.unlink(path)", f"os.unlink(path)  # {comment}")
    report = review([write(tmp_path, text)], only("LS106", "LS109", "LS400"))
    assert [finding.rule for finding in report.findings] == ["LS106", "LS109", "LS400"]


def test_a_suppression_of_another_rule_silences_nothing(tmp_path: Path) -> None:
    text = BAD.replace("os.unlink(path)", "os.unlink(path)  # localsocket: ignore[LS109] no")
    report = review([write(tmp_path, text)], only("LS106", "LS109"))
    assert [finding.rule for finding in report.findings] == ["LS106", "LS109"]


def test_cpp_comments_silence_as_well(tmp_path: Path) -> None:
    text = "void f(QLocalServer *s) {\n    // localsocket: ignore[LS201] the caller asks\n    s->listen(n);\n}\n"
    assert not review([write(tmp_path, text, "a.cpp")], only("LS201")).findings


@pytest.mark.parametrize(("fail_on", "status"), [("security", 1), ("any", 1), ("none", 0)])
def test_the_exit_status_is_as_asked(tmp_path: Path, fail_on: str, status: int) -> None:
    done = run(str(write(tmp_path, BAD)), "--fail-on", fail_on, "--format", "json")
    assert (done.status, done.complaints) == (status, "")
    assert json.loads(done.output)["findings"]


@pytest.mark.long
def test_the_module_is_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "localsocket_review", str(write(tmp_path, BAD)), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == run(*command[3:])


@pytest.mark.long
def test_a_note_fails_only_when_anything_may() -> None:
    source = Path(os.environ["TMPDIR"], "a.cpp")
    source.write_text("void f(QLocalServer *s) { s->listen(n); }\n")
    try:
        assert run(str(source)).status == 0
        assert run(str(source), "--fail-on", "any").status == 1
    finally:
        source.unlink()


def test_bad_command_lines_are_refused_with_their_reason(tmp_path: Path) -> None:
    for arguments, complaint in (
        ([], "name the files"),
        ([str(tmp_path / "missing")], "does not exist"),
        (["--explain", "LS999"], "no rule"),
    ):
        done = run(*arguments)
        assert done.status == 2
        assert complaint in done.complaints.replace("\n", " ")


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_is_explained_with_both_examples(rule: Rule) -> None:
    output = io.StringIO()
    explain(rule, Console(file=output, width=100))
    told = output.getvalue()
    assert "Bad (" in told
    assert "Good (" in told
    assert "Repair:" in told


def test_explaining_on_the_command_line() -> None:
    done = run("--explain", "ls106")
    assert done.status == 0
    assert done.output.startswith("LS106: ")
