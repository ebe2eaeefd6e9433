"""LS400: a comment that is meant to silence a rule, and silences nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from localsocket_review.analysis.facts import Facts
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule
from localsocket_review.suppressions import suppressions_in


def check(facts: Facts) -> Iterator[Finding]:
    for unit in facts.program.units:
        for suppression in suppressions_in(unit):
            if not suppression.is_valid:
                missing = "does not say why" if suppression.rules else "does not say which rule"
                yield RULE.finding(suppression.place, f"This comment silences nothing: it {missing}.")


def unused_suppression(place: Place, rules: Sequence[str]) -> Finding:
    """Return the finding for a comment that silences rules which find nothing there. Told to who asks for it."""
    message = f"This comment silences nothing: {' and '.join(rules)} would be silent without it."
    return RULE.finding(place, message, severity=Severity.LOW, repair="remove the comment, or the rule from it")


RULE = Rule(
    id="LS400",
    title="suppression without rule or reason",
    severity=Severity.HIGH,  # a silence that nobody can check is an error, whatever else there is
    cwe=None,
    why=(
        "A comment that silences a rule is a promise that the code is right here all the same. Whoever reads it later "
        "has to know which rule is meant and why it does not apply; without either, nothing is silenced."
    ),
    repair="write `localsocket: ignore[LS103] and the reason`",
    unless=("another tool's comment stands on the same line",),
    examples=(
        Example(
            Language.PYTHON,
            bad="os.unlink(path)  # localsocket: ignore[LS106]\n",
            good="os.unlink(path)  # localsocket: ignore[LS106] the lock beside it is held\n",
        ),
        Example(
            Language.CPP,
            bad="unlink(path); // localsocket: ignore\n",
            good="unlink(path); // localsocket: ignore[LS106] the lock beside it is held\n",
        ),
    ),
    check=check,
)
