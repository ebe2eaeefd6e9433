"""Rules of a user's own: loaded from a path or an installed package, asked as ours are, and tested with their cases."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from command_line import run
from localsocket_review.cli.settings import Wishes, settings_of
from localsocket_review.reviewer import review

RULE = """\
from localsocket_review.findings import Severity
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule


def check(facts):
    for call, function in facts.program.calls_named("setdefaulttimeout"):
        yield RULE.finding(call.place, "Every socket of this process gets a time-out.")


RULE = Rule(
    id="ACME201",
    title="time-out of the process",
    severity=Severity.LOW,
    cwe="CWE-1188",
    why="Libraries make sockets too.",
    repair="set the time-out of one socket",
    unless=(),
    examples=(Example(Language.PYTHON, bad="socket.setdefaulttimeout(5)", good="one.settimeout(5)"),),
    check=check,
)
VALID = ["one.settimeout(5)\\n"]
INVALID = ["import socket\\nsocket.setdefaulttimeout(5)  # expect: ACME201\\n"]
"""
PROGRAM = "import socket\n\nsocket.setdefaulttimeout(3)\n"


@pytest.fixture(autouse=True)
def _directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(PROGRAM)


def written(tmp_path: Path, text: str = RULE, name: str = "rule.py") -> str:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return str(path)


@pytest.mark.long
def test_a_rule_at_a_path_is_asked_as_ours_are(tmp_path: Path) -> None:
    rule = written(tmp_path)
    assert "ACME201" not in run("program.py").output
    assert "1. ACME201 CWE-1188 program.py:3: Every socket" in run("program.py", "--rules", rule).output
    assert run("program.py", "--rules", rule, "--fail-on", "any").status == 1


@pytest.mark.long
def test_the_rule_is_listed_explained_and_in_sarif(tmp_path: Path) -> None:
    rule = written(tmp_path)
    listed = run("--list-rules", "--rules", rule).output.splitlines()
    assert "ACME201\treliability\tlow\ttime-out of the process" in listed
    assert any(line.startswith("LS101\tsecurity") for line in listed)
    assert run("--explain", "acme201", "--rules", rule).output.startswith("ACME201: time-out of the process")
    sarif = json.loads(run("program.py", "--rules", rule, "--format", "sarif").output)["runs"][0]
    assert "ACME201" in {one["id"] for one in sarif["tool"]["driver"]["rules"]}
    assert [one["ruleId"] for one in sarif["results"]] == ["ACME201"]
    as_json = json.loads(run("--list-rules", "--rules", rule, "--format", "json").output)["rules"]
    assert next(one for one in as_json if one["rule"] == "ACME201")["origin"] == rule


def test_rules_are_selected_and_ignored_by_what_their_ids_begin_with(tmp_path: Path) -> None:
    rule = written(tmp_path)
    assert "1. ACME201" not in run("program.py", "--rules", rule, "--ignore", "ACME").output
    assert run("--list-rules", "--rules", rule, "--select", "acme,LS106").output.count("\n") == 2
    done = run("program.py", "--rules", rule, "--select", "ACME")
    assert done.output.startswith("No security defects are detected by the rules that were selected.\n")
    assert "left out on purpose would report: LS101" in done.output


def test_no_rule_left_is_told(tmp_path: Path) -> None:
    done = run("program.py", "--select", "LS101", "--ignore", "LS1")
    assert (done.status, "no rules are left" in done.complaints) == (2, True)


def test_a_comment_silences_the_rule(tmp_path: Path) -> None:
    rule = written(tmp_path)
    silenced = PROGRAM.rstrip() + "  # localsocket: ignore[ACME201] a test needs it\n"
    (tmp_path / "program.py").write_text(silenced)
    done = run("program.py", "--rules", rule)
    assert "1. ACME201" not in done.output
    assert "LS400" not in done.output


def test_a_changed_rule_is_asked_anew(tmp_path: Path) -> None:
    rule = written(tmp_path)
    assert "gets a time-out" in run("program.py", "--rules", rule).output
    written(tmp_path, RULE.replace("gets a time-out.", "is limited by this."))
    assert "is limited by this" in run("program.py", "--rules", rule).output


@pytest.mark.long
def test_what_stands_beside_a_rule_belongs_to_it(tmp_path: Path) -> None:
    text = RULE.replace("def check", "from . import _names\n\n\ndef check").replace(
        '"setdefaulttimeout"', "*_names.NAMES"
    )
    written(tmp_path, text, "rules/timeout.py")
    written(tmp_path, 'NAMES = ["setdefaulttimeout"]\n', "rules/_names.py")
    assert "1. ACME201" in run("program.py", "--rules", "rules").output
    written(tmp_path, 'NAMES = ["nothing"]\n', "rules/_names.py")
    assert "1. ACME201" not in run("program.py", "--rules", "rules").output


def test_copies_of_the_process_ask_the_rule(tmp_path: Path) -> None:
    settings = settings_of(Wishes(rules=(Path(written(tmp_path)),)), [tmp_path])
    report = review([tmp_path / "program.py"], settings.rules, processes=2, additions=settings.additions)
    assert [one.rule for one in report.findings] == ["ACME201"]


@pytest.mark.parametrize("fault", ["raise LookupError('gone')", "import sys; sys.exit(3)", "yield 1"])
def test_a_rule_that_fails_is_one_line_and_costs_its_own_findings(tmp_path: Path, fault: str) -> None:
    source = tmp_path / "program.py"
    source.write_text(
        PROGRAM + "import os\nserver = socket.socket(socket.AF_UNIX)\nos.unlink('/run/a')\nserver.bind('/run/a')\n"
    )
    rule = written(tmp_path, RULE.replace("    for call", f"    {fault}\n    for call"))
    done = run("program.py", "--rules", rule)
    assert done.status == 2
    (line,) = [line for line in done.output.splitlines() if "ACME201" in line]
    assert line.startswith("Not checked: ACME201, which failed")
    assert f"fix the rule, in {rule}" in line
    assert "LS106" in done.output


def test_a_finding_under_another_rule_s_name_is_a_failure(tmp_path: Path) -> None:
    text = RULE.replace("RULE.finding(", "replace(RULE, id='LS101').finding(").replace(
        "from localsocket", "from dataclasses import replace\n\nfrom localsocket", 1
    )
    assert "a finding of LS101, by ACME201" in run("program.py", "--rules", written(tmp_path, text)).output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (RULE.replace('"ACME201"', '"LS201"'), "LS201 begins like the reviewer's ids"),
        (RULE.replace('"ACME201"', '"acme-1"'), "'acme-1' is not a valid id for a rule of yours"),
        (RULE.replace('"ACME201"', '"ACME901"'), "'ACME901' is not a valid id"),
        (RULE.replace('"CWE-1188"', '"1188"'), "has the weakness '1188'"),
        ("RULE = 3\n", "a RULE that is not a Rule but int"),
        ("def check(facts):\n    pass\n", "has no RULE"),
        ("import nothing_of_this_name\n", "could not be loaded (ModuleNotFoundError"),
        ("def check(:\n", "could not be loaded (SyntaxError"),
        (RULE + "VALID = 'one'\n", "VALID must be a list of programs"),
    ],
)
def test_what_is_no_rule_is_told_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    rule = written(tmp_path, text)
    done = run("program.py", "--rules", rule)
    assert (done.status, done.output) == (2, "")
    assert told in done.complaints
    assert "rule.py" in done.complaints


def test_two_rules_of_one_id_are_refused(tmp_path: Path) -> None:
    first, second = written(tmp_path, name="one.py"), written(tmp_path, name="other.py")
    done = run("program.py", "--rules", first, "--rules", second)
    assert (done.status, "ACME201 is the id of another rule" in done.complaints) == (2, True)


@pytest.mark.parametrize("name", ["none.py", "program.txt", "empty"])
def test_a_path_without_rules_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "program.txt").touch()
    done = run("program.py", "--rules", name)
    assert done.status == 2
    assert name in done.complaints


# --- an installed package -------------------------------------------------------------------------------------------


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    site = tmp_path / "site"
    (site / name).mkdir(parents=True)
    (site / name / "__init__.py").touch()
    (site / name / "timeout.py").write_text(text)
    (site / f"{name}-1.dist-info").mkdir()
    (site / f"{name}-1.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (site / f"{name}-1.dist-info" / "entry_points.txt").write_text(f"[localsocket_review.rules]\nacme = {name}\n")
    monkeypatch.syspath_prepend(str(site))
    for module in (name, f"{name}.timeout"):
        monkeypatch.delitem(sys.modules, module, raising=False)


def test_rules_of_an_installed_package_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "acme_rules_whole", RULE)
    assert "1. ACME201" in run("program.py").output
    assert run("--test-rules").status == 0


def test_a_package_that_cannot_be_loaded_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "acme_rules_broken", "import nothing_of_this_name\n")
    done = run("program.py")
    assert done.status == 2
    (line,) = [line for line in done.output.splitlines() if "nothing_of_this_name" in line]
    assert line.startswith("Not checked: the entry point 'acme' of acme_rules_broken")
    assert run("--test-rules").status == 2


# --- testing them -----------------------------------------------------------------------------------------------------


def test_rules_are_tested_with_their_programs(tmp_path: Path) -> None:
    done = run("--test-rules", "--rules", written(tmp_path))
    assert done.status == 0
    assert done.output.splitlines() == [
        "ACME201 VALID[0]: as expected",
        "ACME201 INVALID[0]: as expected",
        "1 rule, 2 programs, 0 failed.",
    ]


@pytest.mark.parametrize(
    ("cases", "told"),
    [
        ("INVALID = ['pass\\n']", "ACME201 INVALID[0]: it finds nothing"),
        ("VALID = [INVALID[0]]", "ACME201 VALID[0]: it finds something at line 2, but should not"),
        ("INVALID = ['f()  # expect: ACME201\\n']", "INVALID[0]: it does not find line 1"),
        (
            "INVALID = ['f()  # expect: ACME201\\nsetdefaulttimeout(1)\\n']",
            "INVALID[0]: it does not find line 1 and it finds something at line 2 too",
        ),
        ("VALID = []", "ACME201 VALID[0]: there is no program"),
        ("INVALID = []", "ACME201 INVALID[0]: there is no program"),
        ("VALID = ['def f(:\\n']", "ACME201 VALID[0]: the program cannot be read"),
        (
            "from localsocket_review.rules.own import RuleCase\nVALID = [RuleCase('int f(;', 'a.c')]",
            "VALID[0]: 1 places of the program are not understood",
        ),
        (
            "from localsocket_review.rules.own import RuleCase\nVALID = [RuleCase('', 'a.rb')]",
            "'a.rb', which is in no language",
        ),
    ],
)
def test_what_is_not_as_expected_is_told_and_fails(tmp_path: Path, cases: str, told: str) -> None:
    done = run("--test-rules", "--rules", written(tmp_path, f"{RULE}{cases}\n"))
    assert done.status == 1
    assert told in done.output


def test_a_rule_that_fails_in_its_test_is_told(tmp_path: Path) -> None:
    rule = written(tmp_path, RULE.replace("    for call", "    raise LookupError('gone')\n    for call"))
    done = run("--test-rules", "--rules", rule)
    assert (done.status, done.output.count("the rule failed, which failed")) == (1, 2)


def test_the_result_of_testing_is_told_to_programs(tmp_path: Path) -> None:
    done = run("--test-rules", "--rules", written(tmp_path, f"{RULE}VALID = []\n"), "--format", "json")
    told = json.loads(done.output)
    assert told["failed"] == 1
    assert [(one["kind"], bool(one["fault"])) for one in told["programs"]] == [("valid", True), ("invalid", False)]


def test_without_rules_of_one_s_own_there_is_nothing_to_test() -> None:
    done = run("--test-rules")
    assert (done.status, "you have no rules of your own" in done.complaints) == (2, True)


def test_a_rule_is_tested_with_the_frameworks_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "bus.toml").write_text('languages = ["python"]\n[calls]\n"bus.limit" = { does = ["umask"] }\n')
    text = RULE.replace(
        'facts.program.calls_named("setdefaulttimeout")',
        "((one.call, one.function) for one in facts.calls.sites(Act.UMASK))",
    ).replace("from localsocket", "from localsocket_review.apis.meaning import Act\nfrom localsocket", 1)
    rule = written(tmp_path, f"{text}INVALID = ['import bus\\nbus.limit(3)\\n']\n")
    assert run("--test-rules", "--rules", rule).status == 1
    assert run("--test-rules", "--rules", rule, "--frameworks", "bus.toml").status == 0
