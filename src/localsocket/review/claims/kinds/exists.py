"""Whether something is in the code."""

from __future__ import annotations

from localsocket.review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket.review.claims.kinds.kind import ClaimKind, words
from localsocket.review.claims.mentions import Mention
from localsocket.review.claims.reviewed_code import Code, Sort

_SHOWN = 3
_SORTS = "function|method|class|member|variable|macro|slot|signal|destructor|test"
_WORD = rf"(?:\W+(?:{_SORTS}))?"
_THING = rf"(?:an?\W+|the\W+|any\W+)?(?:(?:{_SORTS}|call to)s?\W+)?(?:called\W+|named\W+)?"


def check(claim: Claim, code: Code) -> Answer:
    subject = claim.subjects[0]
    found = code.resolve(subject, claim.scopes)
    scopes = [entity for scope in claim.scopes for entity in code.resolve(scope)]
    outside = (
        scopes and found and not any(code.is_inside(entity, scope.name) for entity in found for scope in claim.scopes)
    )
    places: list[Shown] = [(entity.place, f"{entity} is here") for entity in found[:_SHOWN]]
    if found and not outside:
        is_defined = any(entity.sort is not Sort.OUTSIDE for entity in found)
        what = f"{subject.text} is in the code" if is_defined else f"{subject.text} is used, and comes from outside"
        return refuted(f"{what}.", *places) if claim.is_complaint else supported(f"{what}.", *places)
    if not claim.is_complaint:
        return code.not_there(subject)
    return _absent(subject, [(entity.place, f"searched: {entity}") for entity in scopes], code)


def _absent(subject: Mention, searched: list[Shown], code: Code) -> Answer:
    owner = code.program.class_named(subject.qualifier) if subject.qualifier else None
    if owner is not None:
        searched.append((owner.place, f"{owner.name} has none"))
    near = code.nearest(subject.name)
    nearest = f" The nearest names are {', '.join(near)}." if near else ""
    reason = f"Nothing in the code is called {subject.text}; searched: {code.extent}.{nearest}"
    if searched:
        return supported(reason, *searched)
    return undecided(f"{reason} Where it is missed is not said.")


KIND = ClaimKind(
    name="exists",
    title="something is in the code, or is not",
    complaint=words(
        rf"<\d+s?>{_WORD}\W+(?:(?:does|do|did) not|doesn't|don't)\W+(?:actually\W+)?exist",
        rf"<\d+s?>{_WORD}\W+(?:is|are|was) (?:nowhere |not |never )"
        r"(?:defined|declared|implemented|present|provided|found|to be found)",
        rf"<\d+s?>{_WORD}\W+(?:is|are) (?:undefined|undeclared|unimplemented|missing|absent)",
        rf"there (?:is|are) no\W+{_THING}(?=<\d+s?>)",
        r"(?:does not|doesn't) (?:have|define|declare|implement|provide|contain|override|call|use)\W+"
        rf"{_THING}(?=<\d+s?>)",
        rf"(?:lacks|has no|is missing|misses|missing)\W+{_THING}(?=<\d+s?>)",
    ),
    denial=words(
        rf"<\d+s?>{_WORD}\W+(?:\w+ly )?exists?\b",
        rf"there (?:is|are)\W+{_THING}(?=<\d+s?>)",
        rf"<\d+s?>{_WORD}\W+(?:is|are) (?:defined|declared|implemented)\b",
    ),
    check=check,
    for_each_name=True,
    knows_missing=True,
    needs_name=True,
    is_premise=True,
    names_follow=True,
    rank=6,
    examples=(
        "The method `stop()` does not exist in `ServerThread`.",
        "There is no function called `shutdown_server()`.",
        "`ServerThread` has no `QMutex`.",
        "There is a class named `SocketFactory`.",
    ),
)
