"""What names something of the code and says of it what no other kind understands."""

from __future__ import annotations

from localsocket_review.claims.claim import Answer, Claim, Shown, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code


def check(claim: Claim, code: Code) -> Answer:
    places: list[Shown] = [
        (entity.place, f"{entity} is here")
        for subject in claim.subjects
        for entity in code.resolve(subject, claim.scopes)[:1]
    ]
    return undecided("What is said about it cannot be checked.", *places)


KIND = ClaimKind(
    name="something else",
    title="something else is said of a name of the code",
    complaint=words(
        r"<\w+>(?:\W+(?:class|function|method|member|variable|macro|slot|signal|object|test))?\W+"
        r"(?:\w+ly\W+)?(?:is|are|was|has|have|does|do|can|cannot|could|may|might|will|would|should|must|"
        r"never|[a-z]{2,}s)\b",
    ),
    denial=None,
    check=check,
    needs_name=True,
    is_premise=True,
    is_last_resort=True,
    rank=9,
    examples=("`ServerThread` handles connections.",),
)
