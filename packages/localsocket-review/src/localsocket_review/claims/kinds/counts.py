"""How many classes, functions, members, tests there are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.clauses import NUMBER
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.claims.uses import Uses
from localsocket_review.model.declarations import FunctionInfo, FunctionKind

_THINGS = (
    r"(?:class(?:es)?|functions?|methods?|slots?|signals?|members?|member variables?|tests?|test functions?|files?|"
    r"macros?|constructors?)\b"
)
_COUNTED = re.compile(rf"{NUMBER}\s+(?:\w+\s+){{0,2}}?({_THINGS})", re.IGNORECASE)
_SHOWN = 12


def check(claim: Claim, code: Code) -> Answer:
    match = _COUNTED.search(claim.clause)
    if match is None or claim.count is None:
        return undecided("It is not clear what is counted.")
    word = match[1].lower()
    found = _counted(word, claim, code)
    places: list[Shown] = [(entity.place, str(entity)) for entity in found[:_SHOWN]]
    exact = len(found) == claim.count
    reason = f"There {'is' if len(found) == 1 else 'are'} {len(found)}, in {code.extent}."
    if exact is claim.is_complaint and places:
        return supported(reason, *places)
    return refuted(reason, *places) if places or claim.is_complaint else undecided(reason)


def _where(claim: Claim) -> Iterator[Mention]:
    """Yield the names inside which is counted, and not those of what is counted: "two classes, `A` and `B`"."""
    match = _COUNTED.search(claim.text)
    for one in (*claim.subjects, *claim.scopes):
        if match is None or one.is_scope or one.is_file or one.start < match.start():
            yield one


def _counted(word: str, claim: Claim, code: Code) -> list[Entity]:
    names = {one.name for one in _where(claim)}
    if word.startswith("file"):
        found = [
            Entity(Sort.FILE, unit.path, unit.body.place, unit) for unit in code.program.units if unit.body is not None
        ]
    elif word.startswith("class"):
        found = [one for one in code.of_sort(Sort.CLASS) if one.owner is not None and one.owner.body is not None]
    elif word.startswith("member"):
        found = code.of_sort(Sort.MEMBER)
    elif word.startswith("macro"):
        found = code.of_sort(Sort.MACRO)
    else:
        found = [one for one in code.of_sort(Sort.FUNCTION) if _is_a(word, one.found, code)]
    inside = [one for one in found if any(code.is_inside(one, name) for name in names)]
    return sorted(inside if names else found, key=lambda one: one.place)


def _is_a(word: str, function: object, code: Code) -> bool:
    if not isinstance(function, FunctionInfo):
        return False
    if word.startswith("test"):
        return is_test(function, code)
    if word.startswith("constructor"):
        return function.is_constructor
    if word.startswith("slot"):
        return function.section.endswith("slots")
    if word.startswith("signal"):
        return function.section == "signals"
    if word.startswith("method"):
        return function.owner is not None and function.kind is FunctionKind.METHOD
    return function.kind in (FunctionKind.FUNCTION, FunctionKind.METHOD)


def is_test(function: FunctionInfo, code: Code) -> bool:
    """Say whether a test runner runs the function as a test."""
    owner = function.owner
    if function.section == "private slots" and owner is not None and Uses(code).is_test_class(owner):
        is_frame = function.name in ("initTestCase", "cleanupTestCase", "init", "cleanup", "initMain")
        return not is_frame and not function.name.endswith("_data")
    return function.name.startswith("test") and function.unit.assigning_declares


KIND = ClaimKind(
    name="counts",
    title="how many there are",
    complaint=words(
        r"(?:there (?:is|are)|has|have|defines?|contains?|declares?|consists? of|comprises?|with)\W+"
        rf"(?:exactly |only )?{NUMBER}\s+(?:\w+\s+){{0,2}}?{_THINGS}"
    ),
    denial=None,
    check=check,
    is_premise=True,
    rank=6,
    examples=("The code has 3 classes.", "There are two test functions.", "`ServerThread` defines 2 methods."),
)
