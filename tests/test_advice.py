"""What `localsocket audit` says by the reviewer's rules is said of rules that there are."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from localsocket.cli import audit_command
from localsocket_review.rules import all_rules, title_and_repair

REVIEWER = Path(__file__).parent.parent / "packages" / "localsocket-review"


@pytest.mark.parametrize("rule_id", sorted(audit_command._SHORT))
def test_the_reviewer_tells_of_each_rule_that_audit_names(rule_id: str) -> None:
    (rule,) = (rule for rule in all_rules() if rule.id == rule_id)
    assert title_and_repair(rule_id) == (rule.title, rule.repair)


def test_the_reviewer_is_found_by_its_entry_point() -> None:
    told = tomllib.loads((REVIEWER / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert told[audit_command.GROUP_OF_ADVICE] == {
        "review": f"{title_and_repair.__module__}:{title_and_repair.__name__}"
    }
