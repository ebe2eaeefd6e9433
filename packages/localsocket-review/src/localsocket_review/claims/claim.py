"""A claim of a review, and what the code answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.structured import Remark
from localsocket_review.findings import Evidence, Finding
from localsocket_review.model.place import Place


class Verdict(StrEnum):
    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNDECIDED = "cannot be decided here"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a clause says of the code, if it is of a kind that can be recognised.

    `is_complaint`: it says that something is wrong; else that it is in order. `subjects` are the names that it is
    about, `scopes` those inside which. A hedge ("might", "consider") does not change what has to be true.
    """

    kind: str
    text: str
    line: int
    point: str
    subjects: tuple[Mention, ...]
    scopes: tuple[Mention, ...]
    is_complaint: bool
    is_hedged: bool
    is_suggestion: bool
    is_title: bool
    count: int | None
    clause: str
    matched: str = ""  # the words by which its kind was recognised

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(subject.text for subject in self.subjects)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the code says to a claim, and the places that show it."""

    verdict: Verdict
    reason: str
    places: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        if self.verdict is Verdict.SUPPORTED and not self.places:
            raise ValueError("nothing is supported without a place")


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A sentence that claims something, chiefly what `claim` says, with its one answer."""

    claim: Claim
    answer: Answer
    remark: Remark | None = None  # the comment or result that says it, in a structured review


@dataclass(frozen=True, slots=True)
class NotAClaim:
    """A sentence that is not answered, and why: a question, a title, nothing that was understood."""

    text: str
    line: int
    why: str
    remark: Remark | None = None


Shown = tuple[Place, str]


def supported(reason: str, *places: Shown) -> Answer:
    return Answer(Verdict.SUPPORTED, reason, _evidence(places))


def refuted(reason: str, *places: Shown) -> Answer:
    return Answer(Verdict.REFUTED, reason, _evidence(places))


def undecided(reason: str, *places: Shown) -> Answer:
    return Answer(Verdict.UNDECIDED, reason, _evidence(places))


def by_findings(findings: list[Finding], is_complaint: bool) -> Answer:
    """A complaint is true where a rule finds it, and its denial is not."""
    places = tuple((finding.place, f"{finding.rule}: {finding.message}") for finding in findings)
    rules = " and ".join(dict.fromkeys(finding.rule for finding in findings))
    if is_complaint:
        return supported(f"{rules} finds it.", *places)
    return refuted(f"{rules} finds what is said not to be there.", *places)


def _evidence(places: tuple[Shown, ...]) -> tuple[Evidence, ...]:
    return tuple(Evidence(place, note) for place, note in dict.fromkeys(places))
