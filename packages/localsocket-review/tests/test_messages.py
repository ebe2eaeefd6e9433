"""What findings say: short, and known word by word. Both are held against every finding of the corpus.

The words stand in `messages.txt`. After a change that was meant, write it anew with `UPDATE_MESSAGES=1 pytest …`, and
read what has changed there: a repair must be safe as it is written, for each case in which it is given.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localsocket_review.rules import all_rules
from localsocket_review.rules.rule import Rule
from planted_defects import review_of_corpus

HERE = Path(__file__).parent
KNOWN = HERE / "messages.txt"
MOST_WORDS = 25


def words() -> str:
    """Return each message and each repair once, under its rule."""
    lines = []
    for rule in all_rules():
        of_rule = [finding for finding in review_of_corpus().findings if finding.rule == rule.id]
        lines.append(f"{rule.id} {rule.title}")
        lines.extend(sorted({f"  says: {finding.message}" for finding in of_rule}))
        lines.extend(sorted({f"  repair: {repair}" for repair in (rule.repair, *(one.repair for one in of_rule))}))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_message_is_one_short_sentence(rule: Rule) -> None:
    for message in {finding.message for finding in review_of_corpus().findings if finding.rule == rule.id}:
        assert len(message.split()) <= MOST_WORDS, message
        assert message.endswith((".", "…"))


def test_messages_and_repairs_are_the_known_ones() -> None:
    found = words()
    if os.environ.get("UPDATE_MESSAGES"):
        KNOWN.write_text(found, encoding="utf-8")
    assert found == KNOWN.read_text(encoding="utf-8"), "read the difference; UPDATE_MESSAGES=1 writes the file anew"
