"""`localsocket-review --test-rules`: what became of each program that a user's own rules are tested with."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from localsocket_review.rule_testing import Outcome


def print_outcomes(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print a table on a terminal, or else a line for each program, and at the end how many there were."""
    failed = [one for one in outcomes if one.fault]
    if console.is_terminal:
        table = Table("rule", "programs", "failed", box=None)
        for rule in dict.fromkeys(one.rule for one in outcomes):
            own = [one for one in outcomes if one.rule == rule]
            table.add_row(rule, str(len(own)), str(sum(bool(one.fault) for one in own)))
        console.print(table)
    for one in failed if console.is_terminal else outcomes:
        console.out(str(one), highlight=False)
    rules = len({one.rule for one in outcomes})
    console.out(f"{_counted(rules, 'rule')}, {_counted(len(outcomes), 'program')}, {len(failed)} failed.")


def outcomes_as_json(outcomes: Sequence[Outcome]) -> str:
    parts = [
        {"rule": one.rule, "kind": one.kind.lower(), "number": one.number, "fault": one.fault or None}
        for one in outcomes
    ]
    failed = sum(bool(one.fault) for one in outcomes)
    return json.dumps({"failed": failed, "programs": parts}, indent=2, ensure_ascii=False) + "\n"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
