"""From sentences to claims: which kind each clause is of, and what it is about."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from localsocket_review.claims.claim import Claim
from localsocket_review.claims.clauses import Clause, clauses_of, is_no_claim, is_proposed, is_question
from localsocket_review.claims.kinds import all_kinds
from localsocket_review.claims.kinds.kind import ClaimKind
from localsocket_review.claims.mentions import Mention, mentions_in
from localsocket_review.claims.review_text import Point, Sentence

_POINTS_BACK = re.compile(
    r"\b(?:it|its|this|these|they|them|their|both|that|those|the (?:class|function|method|macro|member|variable|slot|"
    r"sockets?|server|client|result|return value|call|objects?|pointer|thread|same|former|latter))\b",
    re.IGNORECASE,
)
_LISTING = re.compile(r"[\s,/&]*(?:and|or|as well as)?\s*(?:the\s+)?")
_LEADS_ON = re.compile(
    r":\s*$|\b(?:following|such as|e\.g\.|for example|for instance|including|examples?)\b", re.IGNORECASE
)
_EXAMPLE = re.compile(
    r"^\W*(?:for example|e\.g\.|for instance|examples?|namely|these (?:include|are)|such as|this includes)\b", re.I
)


@dataclass(slots=True)
class _Context:
    """What a point has said so far."""

    heading: tuple[Mention, ...] = ()
    before: tuple[Mention, ...] = ()
    leads: list[Claim] = field(default_factory=list)


@dataclass(slots=True)
class ReadSentence:
    """A sentence with what it claims; `is_lead`: it is said of each item of the list below it, and not by itself."""

    sentence: Sentence
    mentions: list[Mention]
    claims: list[Claim] = field(default_factory=list)
    before: tuple[Mention, ...] = ()
    is_lead: bool = False
    is_repeated_title: bool = False


def claims_of(point: Point, known: Collection[str]) -> list[Claim]:
    """Return every claim of a point that is of a known kind, and its sentences about code that are of none."""
    return [claim for one in read_point(point, known) for claim in one.claims]


def read_point(point: Point, known: Collection[str], about: tuple[Mention, ...] = ()) -> list[ReadSentence]:
    """Return every sentence of a point with its claims; none is left out. `about` is what "it" is from the start."""
    context = _Context(heading=about, before=about)
    found: list[ReadSentence] = []
    lead: ReadSentence | None = None
    for sentence in point.sentences:
        if sentence.begins_item or sentence.is_heading:
            context.before = context.heading
        mentions = [] if sentence.is_code else mentions_in(sentence.text, known)
        read = ReadSentence(sentence, mentions, before=context.before)
        is_silent = sentence.is_code or is_no_claim(sentence.text)
        claims = [] if is_silent else list(_claims(sentence, mentions, point, context))
        if not claims and context.leads and mentions and (sentence.begins_item or _EXAMPLE.match(sentence.text)):
            claims = [one for of_lead in context.leads for one in _led(of_lead, sentence, mentions)]
            if lead is not None:
                lead.claims = [claim for claim in lead.claims if claim not in context.leads]
                lead.is_lead = not lead.claims
        elif claims:
            is_lead = sentence.is_heading or bool(_LEADS_ON.search(sentence.text)) or len(point.sentences) > 1
            context.leads = [claim for claim in claims if not claim.subjects and is_lead]
            lead = read
        read.claims = claims
        found.append(read)
        subjects = tuple(mention for mention in mentions if not mention.is_file)
        if subjects and sentence.is_heading:
            context.heading = subjects
        context.before = subjects or context.before
    _drop_repeated_titles(found)
    return found


def _claims(sentence: Sentence, mentions: list[Mention], point: Point, context: _Context) -> Iterator[Claim]:
    topics = frozenset().union(*(kind.topics for kind in all_kinds()))
    clauses = clauses_of(sentence.text, mentions, topics)
    before = context.before
    covered: set[str] = set()
    for clause in clauses:
        taken: list[tuple[int, int]] = []
        for kind in all_kinds():
            match, is_complaint = _match(kind, clause, taken)
            is_idle = kind.name in covered or (kind.is_premise and sentence.is_heading)
            if match is None or is_idle or (kind.is_last_resort and taken):
                continue
            subjects, scopes = _subjects(kind, clause, clauses, before)
            if kind.names_follow:
                subjects, scopes = _parted(subjects, scopes, clause, match)
            if kind.needs_name and not subjects:
                continue
            taken.append(match.span())
            covered |= kind.covers
            claim = Claim(
                kind.name,
                sentence.text,
                sentence.line,
                point.label,
                subjects,
                scopes,
                is_complaint,
                clause.is_hedged,
                clause.is_suggestion,
                sentence.is_heading,
                clause.count_before(match),
                clause.prose,
                match[0],
            )
            yield from _for_each_name(claim, kind)


def _match(kind: ClaimKind, clause: Clause, taken: Sequence[tuple[int, int]]) -> tuple[re.Match[str] | None, bool]:
    """Return what the kind recognises in the clause, and whether that complains."""
    for pattern, complains in ((kind.complaint, True), (kind.denial, False)):
        for match in pattern.finditer(clause.prose) if pattern is not None else ():
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            is_complaint = complains is not clause.is_negated(match, may_be_lacked=not complains)
            return match, is_complaint or (clause.is_suggestion and not complains)
    return None, True


def _subjects(
    kind: ClaimKind, clause: Clause, clauses: Sequence[Clause], before: tuple[Mention, ...]
) -> tuple[tuple[Mention, ...], tuple[Mention, ...]]:
    """Return what the claim is about, and inside what."""
    every = _usable(kind, clause.mentions)
    if not any(not one.is_file for one in every):
        earlier = [one for other in clauses[: clauses.index(clause)] for one in _usable(kind, other.mentions)]
        named = [one for one in earlier if not one.is_scope and not one.is_file]
        leading = _listed(named, clause.text) if named else earlier[:1]
        every = [*leading, *(one for one in earlier if one.is_scope and one not in leading), *every]
    if not any(not one.is_file for one in every) and _POINTS_BACK.search(clause.prose):
        every = [*_usable(kind, before), *every]
    subjects = [one for one in every if not one.is_scope and not one.is_file]
    scopes = [one for one in every if one.is_scope or one.is_file]
    if not subjects:
        subjects = [one for one in scopes if not one.is_file]
        scopes = [one for one in scopes if one.is_file]
    return tuple(subjects), tuple(scopes)


def _listed(mentions: Sequence[Mention], sentence: str) -> list[Mention]:
    """Return the first name and those that are listed with it: `a`, `b` and `c`."""
    listed = list(mentions[:1])
    for mention in mentions[1:]:
        if not _LISTING.fullmatch(sentence[listed[-1].end : mention.start]):
            break
        listed.append(mention)
    return listed


def _parted(
    subjects: tuple[Mention, ...], scopes: tuple[Mention, ...], clause: Clause, match: re.Match[str]
) -> tuple[tuple[Mention, ...], tuple[Mention, ...]]:
    """`ServerThread has no QMutex`: part what is missed from where it is missed."""
    if not clause.prose[match.end() :].startswith("<"):
        return subjects, scopes
    ahead = clause.prose[: match.end()].count("<") + len(subjects) + len(scopes) - len(clause.mentions)
    ordered = sorted((*subjects, *scopes), key=lambda one: one.start)
    after = tuple(one for one in ordered[max(ahead, 0) :] if not one.is_scope and not one.is_file)
    return (after, tuple(one for one in ordered if one not in after)) if after else (subjects, scopes)


def _usable(kind: ClaimKind, mentions: Sequence[Mention]) -> list[Mention]:
    return [one for one in mentions if not one.topic(kind.topics) and (kind.takes_rules or not one.is_rule)]


def _for_each_name(claim: Claim, kind: ClaimKind) -> Iterator[Claim]:
    if not kind.for_each_name or len(claim.subjects) < 2:
        yield claim
        return
    for subject in claim.subjects:
        yield replace(claim, subjects=(subject,), count=None)


def _led(lead: Claim, sentence: Sentence, mentions: Sequence[Mention]) -> Iterator[Claim]:
    """What a list holds is said of it by the sentence that leads to the list."""
    for mention in mentions:
        if not mention.is_file:
            yield replace(lead, text=sentence.text, line=sentence.line, subjects=(mention,), scopes=(), count=None)


def no_claim_because(read: ReadSentence) -> str:
    """Say why a sentence claims nothing by itself, if so."""
    text = read.sentence.text
    if read.sentence.is_code:
        return "a block of code"
    if read.is_lead:
        return "leads to the list below it, of whose items it is said"
    if read.is_repeated_title:
        return "a title, whose point says it of something"
    if is_question(text):
        return "a question"
    if is_no_claim(text):
        return "tells what would be"
    return ""


def _drop_repeated_titles(sentences: list[ReadSentence]) -> None:
    """Leave out what a title says of nothing in particular, where its point then says it of something."""
    said = {claim.kind for one in sentences for claim in one.claims if not claim.is_title}
    for one in sentences:
        kept = [claim for claim in one.claims if not claim.is_title or claim.subjects or claim.kind not in said]
        one.is_repeated_title = bool(one.claims) and not kept
        one.claims = kept


def proposals(claim: Claim) -> list[Mention]:
    """Return the names that the claim would like to see, rather than says to be there."""
    named = (*claim.subjects, *claim.scopes)
    return [one for one in named if claim.is_suggestion or is_proposed(claim.text, one)]
