"""What the reviewer says of a flow, and the table of what it finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flows.flow import Flow, Twin
from localsocket_review.analysis.facts import Facts
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Unit
from localsocket_review.reading.cpp_reader import read_cpp
from localsocket_review.reading.python_reader import read_python
from localsocket_review.rules import all_rules
from localsocket_review.rules.rule import Rule


def _unit(name: str, text: str) -> Unit:
    return read_python(name, text) if name.endswith(".py") else read_cpp(name, text.encode())


def rules_of(flows: Iterable[Flow]) -> tuple[Rule, ...]:
    """Return the rules that these flows are about."""
    wanted = frozenset().union(*(flow.sink.rules for flow in flows))
    return tuple(rule for rule in all_rules() if rule.id in wanted)


def is_found(flow: Flow, rules: Iterable[Rule]) -> bool:
    """Say whether one of the rules that the flow is for reports it."""
    facts = Facts(Program([_unit(name, text) for name, text in flow.files.items()]))
    return any(next(iter(rule.check(facts)), None) is not None for rule in rules if rule.id in flow.sink.rules)


@dataclass(slots=True)
class Tally:
    """How many of the bad programs were found, and of how many good ones something was said."""

    bad: int = 0
    found: int = 0
    good: int = 0
    accused: int = 0

    def count(self, flow: Flow, *, is_told: bool) -> None:
        if flow.twin is Twin.BAD:
            self.bad += 1
            self.found += is_told
        else:
            self.good += 1
            self.accused += is_told
