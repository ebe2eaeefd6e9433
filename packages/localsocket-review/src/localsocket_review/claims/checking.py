"""Checking a review: every claim of it, and what the code answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from localsocket_review.analysis.facts import Facts
from localsocket_review.claims.answering import answer_sentence, contrary, told_kind
from localsocket_review.claims.claim import CheckedClaim, Claim, NotAClaim, Verdict
from localsocket_review.claims.clauses import is_hedged, what_is_denied
from localsocket_review.claims.mentions import Mention, mentions_in
from localsocket_review.claims.recognising import ReadSentence, no_claim_because, read_point
from localsocket_review.claims.review_text import Point, Sentence, read_review
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.structured import Remark, remarks_in
from localsocket_review.claims.tied import answer_to_ours, kept_to_its_line, misplaced, spoken_of
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Unit
from localsocket_review.reading.collecting import collect, read_file


@dataclass(frozen=True, slots=True)
class CheckedReview:
    """The claims of a review in its order, each with its answer, and what could not be read of the code."""

    claims: tuple[CheckedClaim, ...]
    searched: str
    not_read: tuple[str, ...] = ()
    not_claims: tuple[NotAClaim, ...] = ()

    def of(self, verdict: Verdict) -> list[CheckedClaim]:
        return [one for one in self.claims if one.answer.verdict is verdict]

    @property
    def summary(self) -> str:
        """The first line: how many claims got which answer, and how many sentences are no claim."""
        rest = len(self.not_claims)
        others = f" {rest} sentence{'' if rest == 1 else 's'} not understood as a claim." if rest else ""
        if not self.claims:
            return f"No claim about the code was recognised.{others}"
        counts = Counter(one.answer.verdict for one in self.claims)
        parts = [f"{counts[verdict]} {verdict}" for verdict in (Verdict.REFUTED, Verdict.SUPPORTED) if counts[verdict]]
        if counts[Verdict.UNDECIDED]:
            parts.append(f"{counts[Verdict.UNDECIDED]} cannot be decided here")
        number = len(self.claims)
        return f"{number} claim{'' if number == 1 else 's'}: {', '.join(parts)}.{others}"


def check_review(text: str, paths: Iterable[Path]) -> CheckedReview:
    """Hold a written review against files and trees. Raises NothingToRead for a path that does not exist."""
    return check_review_of_units(text, [read_file(path) for path in collect(paths)])


def check_review_of_units(text: str, units: Sequence[Unit]) -> CheckedReview:
    """Hold a written review against files that were read already."""
    code = Code(Facts(Program([unit for unit in units if not unit.unread])))
    return replace(check_review_of_code(text, code), not_read=tuple(_not_read(units)))


def check_review_of_code(text: str, code: Code) -> CheckedReview:
    """Hold a review of any kind that is read against the code. Raises NotAReview for any other structure."""
    remarks = remarks_in(text)
    if remarks is None:
        answered = list(_of_prose(text, code))
    else:
        answered = [one for remark in remarks for one in _of_remark(remark, code)]
    return CheckedReview(
        tuple(one for one in answered if isinstance(one, CheckedClaim)),
        code.extent,
        not_claims=tuple(one for one in answered if isinstance(one, NotAClaim)),
    )


def _of_prose(text: str, code: Code, about: tuple[Mention, ...] = ()) -> Iterator[CheckedClaim | NotAClaim]:
    for point in read_review(text):
        for read in read_point(point, code.names, about):
            yield _answered(read, point, code)


def _of_remark(remark: Remark, code: Code) -> Iterator[CheckedClaim | NotAClaim]:
    """Yield the answers to what a comment or a result says, each tied to its line."""
    place = misplaced(remark, code)
    if place is not None or remark.is_ours:
        read = ReadSentence(Sentence(remark.text, 1), [])
        claim = _claim_of(read, Point(""), remark.rule or "place")
        yield CheckedClaim(claim, place or answer_to_ours(remark, code), remark)
        return
    for one in _of_prose(remark.text, code, spoken_of(remark, code)):
        if isinstance(one, CheckedClaim):
            names_something = bool(mentions_in(one.claim.text, code.names))
            yield replace(one, answer=kept_to_its_line(one.answer, remark, names_something, code), remark=remark)
        else:
            yield replace(one, remark=remark)


def _answered(read: ReadSentence, point: Point, code: Code) -> CheckedClaim | NotAClaim:
    """Return the sentence with its one answer, or why it has none: every sentence is one or the other."""
    sentence = read.sentence
    if denied := what_is_denied(sentence.text):
        return _denied(denied, read, point, code)
    why = no_claim_because(read)
    found = None if why else answer_sentence(read, code)
    if found is None:
        return NotAClaim(sentence.text, sentence.line, why or "not understood as a claim about the code")
    parts, answer = found
    kind, claim = told_kind(parts, answer.verdict)
    if claim is None:
        claim = _claim_of(read, point, kind)
    return CheckedClaim(replace(claim, text=sentence.text, line=sentence.line), answer)


def _denied(text: str, read: ReadSentence, point: Point, code: Code) -> CheckedClaim | NotAClaim:
    """Answer "it is not true that …": the contrary of what is answered to the rest."""
    inner = Point(point.label, [replace(read.sentence, text=text)])
    (again,) = read_point(inner, code.names, read.before)
    answered = _answered(again, inner, code)
    if isinstance(answered, NotAClaim):
        return replace(answered, text=read.sentence.text)
    claim = replace(answered.claim, text=read.sentence.text, is_complaint=not answered.claim.is_complaint)
    return CheckedClaim(claim, contrary(answered.answer, code))


def _claim_of(read: ReadSentence, point: Point, kind: str) -> Claim:
    subjects = tuple(one for one in read.mentions if not one.is_file)
    sentence = read.sentence
    return Claim(
        kind or "name",
        sentence.text,
        sentence.line,
        point.label,
        subjects,
        (),
        is_complaint=True,
        is_hedged=is_hedged(sentence.text),
        is_suggestion=False,
        is_title=sentence.is_heading,
        count=None,
        clause=sentence.text,
    )


def _not_read(units: Sequence[Unit]) -> Iterator[str]:
    for unit in units:
        if unit.unread:
            yield f"{unit.path}: {unit.unread}"
    count = sum(unit.parse_errors for unit in units if not unit.unread)
    if count:
        yield f"{count} place{'' if count == 1 else 's'} of the code could not be understood"
