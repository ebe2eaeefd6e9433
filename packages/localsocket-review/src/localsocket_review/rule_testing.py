"""Testing rules of a user's own: each is asked about the programs that stand beside it, `VALID` and `INVALID`.

In an invalid program a rule finds something. A comment `expect: ACME101` at the end of a line says where: then it must
be found at these lines and at no other. In a valid program the rule finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from localsocket_review.apis.tables import Tables
from localsocket_review.checking import Checker
from localsocket_review.model.unit import Language, Unit
from localsocket_review.reading.cpp_reader import read_cpp
from localsocket_review.reading.languages import language_by_suffix
from localsocket_review.reading.python_reader import read_python
from localsocket_review.rules.own import OwnRule, RuleCase
from localsocket_review.rules.rule import Rule

_EXPECTED = re.compile(r"(?:#|//|/\*)\s*expect:\s*([A-Z]+\d{3}(?:\s*,\s*[A-Z]+\d{3})*)")
_FILES = {Language.PYTHON: "case.py", Language.CPP: "case.cpp"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one program: nothing is wrong where `fault` is empty. `number` counts those of the list."""

    rule: str
    kind: str
    number: int
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.rule} {self.kind}[{self.number}]: {self.fault or 'as expected'}"


def outcomes_of(rules: Sequence[OwnRule], tables: Tables | None) -> list[Outcome]:
    """Return what became of each program of each rule, in their order. Nothing is raised for what a rule does."""
    return [outcome for rule in rules for outcome in _outcomes(rule, tables)]


def _outcomes(own: OwnRule, tables: Tables | None) -> Iterator[Outcome]:
    for kind, cases in (("VALID", own.valid), ("INVALID", own.invalid)):
        if not cases:
            what = "finds anything" if kind == "INVALID" else "leaves anything alone"
            yield Outcome(own.rule.id, kind, 0, f"there is no program, so nothing shows that the rule {what}")
        for number, case in enumerate(cases):
            yield Outcome(own.rule.id, kind, number, _fault(own.rule, case, kind == "INVALID", tables))


def _fault(rule: Rule, written: str | RuleCase, must_find: bool, tables: Tables | None) -> str:
    case = _named(rule, written)
    if case is None:
        return f"{rule.id} is for several languages: write RuleCase(code, file), whose name tells which"
    unit = _read(case)
    if isinstance(unit, str):
        return unit
    answer = Checker([unit], tables=tables).ask(rule)
    if answer.failure:
        return f"the rule failed, {answer.failure}"
    found = sorted({finding.place.line for finding in answer.findings})
    expected = _expected_lines(rule, case.code)
    if not must_find:
        return f"it finds something at {_lines(found)}, but should not" if found else ""
    if not expected:
        return "" if found else "it finds nothing"
    missed, accused = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    faults = [f"it does not find {_lines(missed)}"] if missed else []
    return " and ".join([*faults, *([f"it finds something at {_lines(accused)} too"] if accused else [])])


def _named(rule: Rule, written: str | RuleCase) -> RuleCase | None:
    if isinstance(written, RuleCase):
        return written
    languages = set(rule.languages)
    return RuleCase(written, _FILES[languages.pop()]) if len(languages) == 1 else None


def _read(case: RuleCase) -> Unit | str:
    """Return the program, or why it cannot be read whole: a rule that finds nothing there may only not have seen it."""
    language = language_by_suffix(PurePath(case.file))
    if language is None:
        return f"the file is called {case.file!r}, which is in no language that is reviewed"
    unit = read_python(case.file, case.code) if language is Language.PYTHON else read_cpp(case.file, case.code.encode())
    if unit.unread or unit.half_read:
        return f"the program cannot be read: {unit.unread or unit.half_read}"
    return f"{unit.parse_errors} places of the program are not understood" if unit.parse_errors else unit


def _expected_lines(rule: Rule, code: str) -> list[int]:
    return [
        number
        for number, line in enumerate(code.splitlines(), 1)
        for match in _EXPECTED.finditer(line)
        if rule.id in re.split(r"\s*,\s*", match[1])
    ]


def _lines(numbers: Sequence[int]) -> str:
    return f"line{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"
