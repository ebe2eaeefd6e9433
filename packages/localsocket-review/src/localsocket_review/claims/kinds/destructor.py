"""Whether a class has a destructor, or constructor."""

from __future__ import annotations

import re

from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code, Sort
from localsocket_review.model.declarations import ClassInfo, FunctionKind
from localsocket_review.model.unit import Language


def check(claim: Claim, code: Code) -> Answer:
    named = [entity for one in (*claim.subjects, *claim.scopes) for entity in code.resolve(one)]
    classes = list(dict.fromkeys(one.owner for one in named if one.owner is not None and one.sort is Sort.CLASS))
    if not classes:
        return undecided("The review does not say which class is meant.")
    having: list[Shown] = []
    lacking: list[Shown] = []
    for found in classes:
        own = [one for one in found.all_methods() if _is_meant(one.kind, one.name, claim, found)]
        having += [(one.declared_at or one.place, f"{found.name} has it here") for one in own]
        lacking += [] if own else [(found.place, f"{found.name} has none of its own")]
    if lacking and _is_virtual_meant(claim) and any(one.bases for one in classes):
        return undecided("It has none of its own; one that its base declares virtual counts for it, too.", *lacking)
    if not lacking:
        return refuted("It is there.", *having) if claim.is_complaint else supported("It is there.", *having)
    return supported("There is none.", *lacking) if claim.is_complaint else refuted("There is none.", *lacking)


def _is_virtual_meant(claim: Claim) -> bool:
    return re.search(r"\bvirtual\W+destructor", claim.clause, re.IGNORECASE) is not None


def _is_meant(kind: FunctionKind, name: str, claim: Claim, owner: ClassInfo) -> bool:
    if re.search(r"\bdestructor", claim.clause, re.IGNORECASE):
        is_python = owner.unit.language is Language.PYTHON
        return name == "__del__" if is_python else kind is FunctionKind.DESTRUCTOR
    return kind is FunctionKind.CONSTRUCTOR


_KINDS = (
    r"(?:an?\W+|any\W+|the\W+|own\W+|its\W+|explicit\W+|virtual\W+|user-defined\W+|default\W+)*(?:de|con)structor\b"
    r"(?!\W+(?:which|that|to)\b)"  # "no destructor that deletes them" is about what is deleted
)

KIND = ClaimKind(
    name="destructor",
    title="a class has no destructor, or no constructor",
    complaint=words(
        rf"(?:has|have|with) no\W+{_KINDS}",
        rf"(?:lacks?|misses|missing|without)\W+{_KINDS}",
        rf"(?:does|do) not\W+(?:have|define|declare|provide|implement)\W+{_KINDS}",
        r"(?:destructor|constructor)\W+(?:is|are)\W+(?:missing|not\W+(?:defined|declared|implemented|there|present))",
    ),
    denial=words(rf"(?:has|have|defines|declares|provides|implements)\W+(?!no\b){_KINDS}"),
    check=check,
    needs_name=True,
    for_each_name=True,
    rank=2,
    examples=("`Dispatcher` has no destructor.", "`Monitor` lacks a virtual destructor."),
)
