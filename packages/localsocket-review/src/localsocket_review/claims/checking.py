"""Checking a review: every claim of it, and what the code answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from localsocket_review.analysis.facts import Facts
from localsocket_review.claims.claim import Answer, CheckedClaim, Claim, Verdict, undecided
from localsocket_review.claims.kinds import all_kinds
from localsocket_review.claims.kinds.kind import ClaimKind
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.recognising import claims_of, proposals
from localsocket_review.claims.review_text import read_review
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Unit
from localsocket_review.reading.collecting import collect, read_file


@dataclass(frozen=True, slots=True)
class CheckedReview:
    """The claims of a review in its order, each with its answer, and what could not be read of the code."""

    claims: tuple[CheckedClaim, ...]
    searched: str
    not_read: tuple[str, ...] = ()

    def of(self, verdict: Verdict) -> list[CheckedClaim]:
        return [one for one in self.claims if one.answer.verdict is verdict]

    @property
    def summary(self) -> str:
        """The first line: how many claims got which answer."""
        if not self.claims:
            return "No claim about the code was recognised."
        counts = Counter(one.answer.verdict for one in self.claims)
        parts = [f"{counts[verdict]} {verdict}" for verdict in (Verdict.REFUTED, Verdict.SUPPORTED) if counts[verdict]]
        if counts[Verdict.UNDECIDED]:
            parts.append(f"{counts[Verdict.UNDECIDED]} cannot be decided here")
        number = len(self.claims)
        return f"{number} claim{'' if number == 1 else 's'}: {', '.join(parts)}."


def check_review(text: str, paths: Iterable[Path]) -> CheckedReview:
    """Hold a written review against files and trees. Raises NothingToRead for a path that does not exist."""
    return check_review_of_units(text, [read_file(path) for path in collect(paths)])


def check_review_of_units(text: str, units: Sequence[Unit]) -> CheckedReview:
    """Hold a written review against files that were read already."""
    code = Code(Facts(Program([unit for unit in units if not unit.unread])))
    return replace(check_review_of_code(text, code), not_read=tuple(_not_read(units)))


def check_review_of_code(text: str, code: Code) -> CheckedReview:
    checked = tuple(one for point in read_review(text) for one in _of_point(claims_of(point, code.names), code))
    return CheckedReview(checked, code.extent)


def _of_point(claims: Sequence[Claim], code: Code) -> Iterator[CheckedClaim]:
    """Yield the answers; what a sentence says by the way is told only where it is false."""
    kinds = {kind.name: kind for kind in all_kinds()}
    judging = {claim.text for claim in claims if not kinds[claim.kind].is_premise}
    told: dict[tuple[str, tuple[str, ...], str], CheckedClaim] = {}
    for claim in claims:
        kind = kinds[claim.kind]
        answer = _answer(claim, kind, code)
        is_aside = (kind.is_premise and claim.text in judging) or _is_conceded(claim, claims)
        if is_aside and answer.verdict is not Verdict.REFUTED:
            continue
        key = (claim.kind, claim.names, claim.text)
        if key not in told or told[key].answer.verdict is Verdict.UNDECIDED:
            told[key] = CheckedClaim(claim, answer)
    yield from told.values()


def _is_conceded(claim: Claim, claims: Sequence[Claim]) -> bool:
    """Say whether it is granted on the way to a complaint about the same: "is defined, but never called"."""
    return not claim.is_complaint and any(
        other.is_complaint and other.text == claim.text and other.names == claim.names for other in claims
    )


def _answer(claim: Claim, kind: ClaimKind, code: Code) -> Answer:
    if kind.knows_missing:
        return _checked(claim, kind, code)
    wanted = proposals(claim)
    missing = [one for one in claim.subjects if one not in wanted and not code.resolve(one, claim.scopes)]
    missing += [one for one in claim.scopes if one not in wanted and not code.resolve(one)]
    if missing and not _is_one_of_several_calls(claim, missing):
        return code.not_there(missing[0])
    return _checked(_without(claim, [*wanted, *missing], code), kind, code)


def _is_one_of_several_calls(claim: Claim, missing: Sequence[Mention]) -> bool:
    """Say whether other functions of a list are there: `read()` and `write()` are called, where only write() is."""
    are_calls = all(one.arguments is not None for one in claim.subjects)
    return are_calls and not claim.scopes and 0 < len(missing) < len(claim.subjects)


def _without(claim: Claim, wanted: Sequence[Mention], code: Code) -> Claim:
    """Leave out what the claim would like to see and the code does not have."""
    subjects = tuple(one for one in claim.subjects if one not in wanted or code.resolve(one))
    return replace(claim, subjects=subjects, scopes=tuple(one for one in claim.scopes if code.resolve(one)))


def _checked(claim: Claim, kind: ClaimKind, code: Code) -> Answer:
    try:
        return kind.check(claim, code)
    except RecursionError:
        return undecided("The code is nested too deeply to follow.")


def _not_read(units: Sequence[Unit]) -> Iterator[str]:
    for unit in units:
        if unit.unread:
            yield f"{unit.path}: {unit.unread}"
    count = sum(unit.parse_errors for unit in units if not unit.unread)
    if count:
        yield f"{count} place{'' if count == 1 else 's'} of the code could not be understood"
