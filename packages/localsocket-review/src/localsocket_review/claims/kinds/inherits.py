"""Which class derives from which."""

from __future__ import annotations

from localsocket_review.claims.claim import Answer, Claim, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code, Sort


def check(claim: Claim, code: Code) -> Answer:
    if len(claim.subjects) + len(claim.scopes) < 2:
        return undecided("The review does not say which class is derived from which.")
    derived, base = sorted((*claim.subjects, *claim.scopes), key=lambda one: one.start)[:2]
    found = [entity for entity in code.resolve(derived) if entity.sort is Sort.CLASS and entity.owner is not None]
    if not found:
        return code.not_there(derived)
    owner = found[0].owner
    assert owner is not None
    lineage = code.facts.inference.class_lineage(owner)[1:]
    holds = any(one.rpartition(".")[2] == base.name for one in lineage)
    bases = ", ".join(owner.bases) or "nothing"
    place = (owner.place, f"{owner.name} derives from {bases}")
    if holds is claim.is_complaint:
        return supported(f"{owner.name} derives from {bases}.", place)
    return refuted(f"{owner.name} derives from {bases}.", place)


KIND = ClaimKind(
    name="inherits",
    title="a class derives from another",
    complaint=words(
        r"(?:inherit(?:s|ing|ed)?|deriv(?:es|ed|ing)|extends?|extending|sub-?class(?:es|ing)?)\b"
        r"(?:\W+(?:of|from|is|the|class|publicly))*\W*(?=<)",
        r"(?:(?<=\bis )|(?<=\bis not ))an?\W+(?:sub-?class of\W+|child of\W+)?"
        r"(?=<\d+s?>\W*(?:class|object|subclass)?\W*$)",
    ),
    denial=None,
    check=check,
    needs_name=True,
    knows_missing=True,
    is_premise=True,
    rank=6,
    examples=("`ServerThread` inherits from `QThread`.", "`Echo` is a subclass of `localsocket.Handler`."),
)
