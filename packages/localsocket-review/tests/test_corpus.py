"""Every planted defect is found at its line, and the twin without it has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from localsocket_review.model.unit import Language
from localsocket_review.reviewer import review
from localsocket_review.rules import all_rules
from localsocket_review.rules.rule import Rule
from planted_defects import CASES, CORPUS, files_of, name_of, planted, review_of_corpus
from rule_examples import program_of

SUFFIXES = {Language.PYTHON: {".py"}, Language.CPP: {".c", ".cpp", ".h", ".hpp"}}


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_exactly_the_planted_defects_are_found(case: Path) -> None:
    report = review([case])
    found = {(finding.place.file, finding.place.line, finding.rule) for finding in report.findings}
    assert found == planted(case), [str(finding) for finding in report.findings]


def test_the_whole_corpus_at_once_shows_the_same() -> None:
    found = {(finding.place.file, finding.place.line, finding.rule) for finding in review_of_corpus().findings}
    assert found == frozenset().union(*map(planted, CASES))


def test_a_case_is_named_for_what_is_in_it() -> None:
    assert not [case for case in CASES if not case.name.startswith("bad_" if planted(case) else "good_")]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_has_two_positives_for_each_language_and_a_twin_of_each(rule: Rule) -> None:
    folder = CORPUS / rule.id.lower()
    bad = [case for case in folder.glob("bad_*") if rule.id in {expected for _, _, expected in planted(case)}]
    for language in rule.languages:
        here = [case for case in bad if any(path.suffix in SUFFIXES[language] for path in files_of(case))]
        assert len(here) >= 2, f"{rule.id} needs two positives in {language}"
    for case in bad:
        assert (folder / case.name.replace("bad_", "good_", 1)).exists(), f"{case.name} has no twin"


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_teaches(rule: Rule) -> None:
    assert rule.title
    assert rule.why.endswith(".")
    assert not rule.repair.endswith(".")
    assert rule.cwe is None or re.fullmatch(r"CWE-\d+", rule.cwe)
    assert rule.examples
    for example in rule.examples:
        assert example.bad != example.good


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_the_examples_of_a_rule_are_told_apart(rule: Rule, tmp_path: Path) -> None:
    for at, example in enumerate(rule.examples):
        suffix = ".py" if example.language is Language.PYTHON else ".cpp"
        for code, has_it in ((example.bad, True), (example.good, False)):
            program = tmp_path / f"{at}_{has_it}{suffix}"
            program.write_text(program_of(rule, example, code), encoding="utf-8")
            findings = review([program]).findings
            assert (rule.id in {finding.rule for finding in findings}) is has_it, [str(one) for one in findings]


def test_no_two_rules_have_one_id() -> None:
    ids = [rule.id for rule in all_rules()]
    assert len(ids) == len(set(ids))
