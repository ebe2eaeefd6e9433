"""What a rule has found, and what is made of all findings together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from localsocket_review.model.place import Place


class Category(StrEnum):
    SECURITY = "security"
    RELIABILITY = "reliability"
    PERFORMANCE = "performance"
    MAINTAINABILITY = "maintainability"


class Severity(IntEnum):
    """How much a finding matters; a note states a fact and calls nothing a defect."""

    NOTE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Confidence(IntEnum):
    """How certain it is that the code does what the finding says."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place in the code that makes a finding true, with a short text about it. `is_guess`: it may not come to it."""

    place: Place
    note: str
    is_guess: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the sentence that explains it, the line of repair, and the places that make it true.

    `fingerprint` identifies it when its lines move, and is the same for equal defects in one function. A note that
    stands for several findings has none.
    """

    rule: str
    category: Category
    severity: Severity
    confidence: Confidence
    cwe: str | None
    place: Place
    message: str
    repair: str
    evidence: tuple[Evidence, ...] = ()
    fingerprint: str = ""

    @property
    def places(self) -> Iterator[Place]:
        """Yield every place that the finding mentions."""
        yield self.place
        yield from (evidence.place for evidence in self.evidence)

    @property
    def has_way(self) -> bool:
        """Whether its evidence is a sequence of events, rather than a list of similar places."""
        notes = {evidence.note for evidence in self.evidence}
        is_in_order = self.category is not Category.MAINTAINABILITY and len(notes) > 1
        return bool(self.fingerprint) and is_in_order

    @property
    def is_security_defect(self) -> bool:
        """Whether it counts for the verdict: notes and mere suspicions do not."""
        return (
            self.category is Category.SECURITY
            and self.severity > Severity.NOTE
            and self.confidence >= Confidence.MEDIUM
        )

    @property
    def is_suspicion(self) -> bool:
        """Whether it would be a security defect if it were more certain."""
        is_serious = self.category is Category.SECURITY and self.severity > Severity.NOTE
        return is_serious and not self.is_security_defect


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding that a comment in the code or a setting of the project silences, and the reason given there."""

    finding: Finding
    reason: str
    is_by_comment: bool = True
