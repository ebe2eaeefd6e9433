"""Whether something is in the code."""

from __future__ import annotations

from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Entity, Sort

_SHOWN = 3
_SORTS = "function|method|class|member|variable|macro|slot|signal|destructor|test"
_WORD = rf"(?:\W+(?:{_SORTS}))?"
_THING = rf"(?:an?\W+|the\W+|any\W+)?(?:(?:{_SORTS}|call to)s?\W+)?(?:called\W+|named\W+)?"


def check(claim: Claim, code: Code) -> Answer:
    subject = claim.subjects[0]
    found = code.resolve(subject, claim.scopes)
    scopes = [entity for scope in claim.scopes for entity in code.resolve(scope)]
    places: list[Shown] = [(entity.place, f"{entity} is here") for entity in found[:_SHOWN]]
    is_there = bool(found)
    if scopes:
        names = [scope.name for scope in claim.scopes]
        defined = [one for one in found if one.sort is not Sort.OUTSIDE]
        inside = [(one.place, f"{one} is here") for one in defined if any(code.is_inside(one, name) for name in names)]
        inside = inside or [
            (place, f"{subject.name} is here")
            for place in code.occurrences(subject.name)
            if any(code.holds(scope, place) and scope.name != subject.name for scope in scopes)
        ]
        is_there, places = bool(inside), inside[:_SHOWN]
    if is_there:
        is_defined = any(entity.sort is not Sort.OUTSIDE for entity in found)
        what = f"{subject.text} is in the code" if is_defined else f"{subject.text} is used, and comes from outside"
        return refuted(f"{what}.", *places) if claim.is_complaint else supported(f"{what}.", *places)
    if not claim.is_complaint:
        return code.not_there(subject)
    return _absent(subject, [(entity.place, f"searched: {entity}") for entity in scopes], found, code)


def _absent(subject: Mention, searched: list[Shown], elsewhere: list[Entity], code: Code) -> Answer:
    owner = code.program.class_named(subject.qualifier) if subject.qualifier else None
    if owner is not None:
        searched.append((owner.place, f"{owner.name} has none"))
    if elsewhere and searched:
        others: list[Shown] = [(one.place, f"{one} is here") for one in elsewhere[:_SHOWN]]
        return supported(f"{subject.text} is elsewhere, and not there.", *searched, *others)
    near = code.nearest(subject.name)
    nearest = f" The nearest names are {', '.join(near)}." if near else ""
    reason = f"Nothing in the code is called {subject.text}; searched: {code.extent}.{nearest}"
    if searched:
        return supported(reason, *searched)
    return undecided(f"{reason} The review does not say where it is missed.")


KIND = ClaimKind(
    name="exists",
    title="something is in the code, or is not",
    complaint=words(
        rf"<\d+s?>{_WORD}\W+(?:(?:does|do|did) not|doesn't|don't)\W+(?:actually\W+)?exist",
        rf"<\d+s?>{_WORD}\W+(?:is|are|was) (?:nowhere |not |never )"
        r"(?:defined|declared|implemented|present|provided|found|to be found)",
        rf"<\d+s?>{_WORD}\W+(?:is|are) (?:undefined|undeclared|unimplemented|missing|absent)",
        rf"there (?:is|are) no\W+{_THING}(?=<\d+s?>)",
        r"\bno (?:use|usage|call|calls|trace)\W+(?:of|to)\W+(?=<\d+s?>)",
        r"(?:(?:does|do|did) not (?:have|define|declare|implement|provide|contain|override|call|use|check|handle)|"
        r"never (?:calls|uses|defines|declares|overrides))\W+"
        rf"{_THING}(?=<\d+s?>)",
        rf"(?:lacks|has no|is missing|misses|missing|without)\W+{_THING}(?=<\d+s?>)",
    ),
    denial=words(
        rf"<\d+s?>{_WORD}\W+(?:\w+ly )?exists?\b",
        rf"there (?:is|are)\W+{_THING}(?=<\d+s?>)",
        rf"\b(?:has|defines|declares|implements|provides|contains|overrides|uses|makes use of|relies on|employs)\W+"
        rf"{_THING}(?=<\d+s?>)",
        rf"<\d+s?>{_WORD}\W+(?:is|are) (?:defined|declared|implemented)\b"
        r"(?!\W+(?:twice|again|several|multiple|more than|in both))",
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
