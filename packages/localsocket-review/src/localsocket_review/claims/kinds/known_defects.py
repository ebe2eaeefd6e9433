"""The defects that a rule knows: a claim of one is held against what the rule finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from localsocket_review.claims.claim import Answer, Claim, Shown, by_findings, refuted, supported, undecided
from localsocket_review.claims.defect import Defect
from localsocket_review.claims.defects import DEFECTS
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import HOMES, Code, Entity
from localsocket_review.model.declarations import FunctionInfo

_SHOWN = 4


def check(defect: Defect, claim: Claim, code: Code) -> Answer:
    entities = [entity for one in (*claim.subjects, *claim.scopes) for entity in code.resolve(one, claim.scopes)]
    about = [one for one in code.findings(*defect.rules) if re.search(defect.message, one.message)]
    found = [finding for finding in about if code.concerns(finding, entities)]
    if found:
        return by_findings(found, claim.is_complaint)
    is_mentioned = any(code.occurrences(word) or code.is_in_a_text(word) for word in defect.code)
    is_of_another = any(one.arguments is not None and code.calls_of(one.name) for one in claim.subjects)
    if defect.code and not is_mentioned and claim.is_complaint and not is_of_another:
        return refuted(f"None of {', '.join(defect.code)} occurs in the code; searched: {code.extent}.")
    prevented = list(_given(defect, claim, entities, code))
    if prevented:
        reason = f"{prevented[0][1][:1].upper()}{prevented[0][1][1:]}."
        return refuted(reason, *prevented) if claim.is_complaint else supported(reason, *prevented)
    seen_to = list(_preventions(defect, entities, code))
    if seen_to:
        return undecided(
            "Something takes care of it; whether it does so everywhere is not decided here.", *seen_to[:_SHOWN]
        )
    places: list[Shown] = [(entity.place, f"{entity} is here") for entity in entities[:_SHOWN]]
    where = " there" if places else ""
    return undecided(
        f"{' and '.join(defect.rules)} {_find(defect)} nothing{where}, which does not prove that "
        "there is nothing to find.",
        *places,
    )


def _find(defect: Defect) -> str:
    return "finds" if len(defect.rules) == 1 else "find"


def _preventions(defect: Defect, entities: list[Entity], code: Code) -> Iterator[Shown]:
    """Yield what sees to it that the defect is not there, in what the claim speaks of."""
    homes = [entity for entity in entities if entity.sort in HOMES]
    for word in defect.prevented_by if homes or defect.is_once_for_all else ():
        for place in code.occurrences(word):
            if not homes or any(code.holds(home, place) for home in homes):
                yield place, f"{word} is here"


def _given(defect: Defect, claim: Claim, entities: list[Entity], code: Code) -> Iterator[Shown]:
    """Yield the calls that the claim names, or those in what it names, if each is as the defect would not have it."""
    functions = [entity.found for entity in entities if isinstance(entity.found, FunctionInfo)]
    if defect.is_prevented_in is not None and functions and all(map(defect.is_prevented_in, functions)):
        yield from ((one.declared_at or one.place, "it is here") for one in functions)
    if defect.is_prevented_at is None:
        return
    homes = [entity for entity in entities if entity.sort in HOMES]
    named = [one.name for one in claim.subjects if code.calls_of(one.name)]
    if len(named) < sum(one.arguments is not None for one in claim.subjects):
        return
    calls = [
        (call, function)
        for name in named or defect.code
        for call, function in code.calls_of(name)
        if not homes or any(code.holds(home, call.place) for home in homes) or name in {home.name for home in homes}
    ]
    shown = [defect.is_prevented_at(call, function, code.facts) for call, function in calls]
    if shown and all(shown):
        yield from (one for one in shown if one is not None)


KINDS = tuple(
    ClaimKind(
        name=defect.name,
        title=defect.title,
        complaint=words(*(defect.said or (r"(?!)",))),
        denial=words(*defect.remedies) if defect.remedies else None,
        check=partial(check, defect),
        topics=defect.topics,
        covers=frozenset({"security defects"}),
        rank=2,
        examples=defect.examples,
    )
    for defect in DEFECTS
)
