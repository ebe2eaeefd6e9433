"""A sentence as clauses: what is said of what, with its negations, hedges and suggestions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from localsocket_review.claims.mentions import Mention

_VERB = (
    r"(?:is|are|was|were|has|have|does|do|lacks?|leaks?|should|never|it|they|there|this|these|also|could|may|might|"
    r"will|can|its|no|not)"
)
_BOUNDARY = re.compile(
    r"\s*;\s+|\s+\u2014\s+|,?\s+but\s+|,?\s+(?:although|though|whereas|while|however|yet|because|since)\s+|"
    rf",\s+(?:so|which|hence|thus|therefore)\s+|,?\s+and\s+(?={_VERB}\b)|,\s+(?={_VERB}\b)|"
    r",?\s+and\s+(?=(?:the\s+)?<\w+>\s+(?:is|are|was|has|have|does|do|should|can|will|never|[a-z]+s)\b)",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|do|did|should|can|will|must|might|may|could|never|"
    r"(?:leak|lack|miss|need|ignore|inherit|derive|call|use|block|read|write|violate|drop|handle|"
    r"contain|remove)(?:s|es))\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:might|may|could|can lead|possib(?:le|ly)|potential(?:ly)?|perhaps|maybe|seems?|appears?|likely|probably|"
    r"consider|suspect|presumably|unclear|not clear|risk of|I think|I believe|in theory|arguably)\b",
    re.IGNORECASE,
)
_SUGGESTION = re.compile(
    r"^\W*(?:please\s+|instead,?\s+|therefore,?\s+|"
    r"(?:suggested )?(?:fix|repair|suggestion|recommendation|solution|remedy):\s*)*"
    r"(?:use(?! of\b)|consider|add|replace|prefer|introduce|make|ensure|switch|avoid|remove|delete|"
    r"rename|call|protect|wrap|"
    r"declare|guard|check|apply|set)\b|"
    r"\b(?:should|ought to|must|needs? to|recommend(?:ed)?|suggest(?:ed)?|would be better|"
    r"it(?:'s| is) (?:better|advisable|best)|"
    r"can be fixed|consider|better to)\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:no(?! doubt)|not(?! only| just| surprising| clear)|never|nor|neither|none|nothing|cannot|without|free of|"
    r"hardly|nowhere|absence of|rules? out)\b|n't\b",
    re.IGNORECASE,
)
_LACKING = re.compile(
    r"\b(?:lack(?:s|ing|ed)?|miss(?:es|ing)|omit(?:s|ted|ting)?|forg[eo]t(?:s|ten)?|fail(?:s|ed|ing)? to|"
    r"neglect(?:s|ed)? to|absent|ignor(?:es|ed|ing)|skip(?:s|ped)?|insufficient|instead of)\b",
    re.IGNORECASE,
)
_LACKED_AFTERWARDS = re.compile(
    r"\W+(?:\w+\W+){0,2}?(?:is|are|was)\W+(?:\w+ly\W+)?(?:missing|absent|lacking|omitted|ignored|skipped|forgotten|"
    r"not\W+(?:\w+\W+){0,2}?(?:implemented|done|used|handled|considered|checked|detected|set|provided|enabled|"
    r"applied|tested|verified|there))\b",
    re.IGNORECASE,
)
_CONTRACTIONS = (
    (re.compile(r"\b(ca)n't\b", re.IGNORECASE), r"\1nnot"),
    (re.compile(r"\b(w)on't\b", re.IGNORECASE), r"\1ill not"),
    (re.compile(r"\b(\w+)n't\b", re.IGNORECASE), r"\1 not"),
)
_TURNS = re.compile(r":\s|\s[\u2013\u2014-]\s|\((?![^()]*\))|;\s")  # what stands before says nothing of what follows
_DENIED_AFTERWARDS = re.compile(
    r"[^.;]{0,40}?(?:\bnot|n't|\bnever|\bnowhere)\s+(?:be\s+|been\s+)?(?:found|present|detected|seen|exist|observed|"
    r"identified|occur|a problem|an issue|true|the case|correct|violated|triggered|broken|"
    r"reported|applicable|possible)\b|[^.;]{0,30}?\b(?:is|are) (?:false|wrong|absent)\b",
    re.IGNORECASE,
)
_WOULD_BE = re.compile(
    r"\W*(?:without (?:it|this|that|them|these|such|the macro)|otherwise|if (?:this|it|that|so)|in that case|"
    r"as a result|(?:this|that|which) (?:might|may|could|can|would|will)(?: \w+)? (?:lead|cause|result|break|make|mean|"
    r"allow|let|produce|be a problem|be an issue)\w*)\b",
    re.IGNORECASE,
)
_REACH = 6  # words: how far ahead of a word its negation stands
_NUMBERS = {
    "one": 1,
    "two": 2,
    "both": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
NUMBER = rf"(?:\d{{1,4}}|{'|'.join(_NUMBERS)})"
_PROPOSED = re.compile(
    r"\b(?:without|like|such as|instead of|add|adding|prefer|via|any|introduce|wrap|switch to|change to|move to)\s+"
    r"(?:an?\s+|the\s+|some\s+)?`?$|"
    r"\b(?:without|no|missing|lack(?:s|ing)?|absence of|instead of)\b[^.;:,]{0,50}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence that says one thing. In `prose` each mention is a mark: <0>, or
    <0s> with a signature, and its name where that is a topic.

    `mentions` are those in it, `proposed` those of what it wants instead of what is there.
    """

    text: str
    prose: str
    mentions: tuple[Mention, ...]
    is_suggestion: bool
    is_hedged: bool

    def is_negated(self, match: re.Match[str], *, may_be_lacked: bool = False) -> bool:
        """Say whether what was matched is denied, by a word ahead of it or by what follows.

        What is good `may_be_lacked`: "missing", "fails to" deny it as well.
        """
        said_before = _TURNS.split(self.prose[: match.start()])[-1]
        ahead = " ".join(said_before.split()[-_REACH:])
        negations = len(_NEGATION.findall(ahead)) + bool(_DENIED_AFTERWARDS.match(self.prose[match.end() :]))
        if may_be_lacked and not negations:
            negations = bool(_LACKING.search(ahead) or _LACKED_AFTERWARDS.match(self.prose[match.end() :]))
        return negations % 2 == 1

    def count_before(self, match: re.Match[str]) -> int | None:
        """Return the number that the match counts: three unused functions, two leaks."""
        found = re.findall(
            rf"(?<![\w.])({NUMBER})\b(?!\s*(?:[.:)]|ms|seconds|bytes|KB|MB|%))", self.prose[: match.end()], re.I
        )
        if not found:
            return None
        last = found[-1].lower()
        return int(last) if last.isdigit() else _NUMBERS[last]


def clauses_of(sentence: str, mentions: Sequence[Mention], topics: Collection[str]) -> list[Clause]:
    """Take a sentence apart; its mentions go to the clause in which they stand."""
    is_suggestion = bool(_SUGGESTION.search(sentence))
    prose, shifts = _with_marks(sentence, mentions, topics)
    found = []
    for start, end in _spans(prose):
        inside = tuple(mention for mention, at in zip(mentions, shifts, strict=True) if start <= at < end)
        part = prose[start:end]
        found.append(
            Clause(sentence, part, inside, is_suggestion, bool(_HEDGE.search(part)) or bool(_HEDGE.match(sentence)))
        )
    return found


def _with_marks(sentence: str, mentions: Sequence[Mention], topics: Collection[str]) -> tuple[str, list[int]]:
    pieces: list[str] = []
    shifts: list[int] = []
    position = length = 0
    for number, mention in enumerate(mentions):
        before = _plain(sentence[position : mention.start])
        mark = f"<{_mark(mention, number, topics)}>"
        length += len(before)
        shifts.append(length)
        pieces.extend((before, mark))
        length += len(mark)
        position = mention.end
    pieces.append(_plain(sentence[position:]))
    return "".join(pieces), shifts


def _plain(prose: str) -> str:
    """Return the words with "isn't" as "is not", and without what could be taken for a mark."""
    for pattern, long in _CONTRACTIONS:
        prose = pattern.sub(long, prose)
    return prose.replace("<", " ").replace(">", " ")


def _mark(mention: Mention, number: int, topics: Collection[str]) -> str:
    if mention.is_rule:
        return mention.name
    if topic := mention.topic(topics):
        return topic
    return f"{number}s" if mention.arguments else str(number)  # with a signature


def _says_something(part: str) -> bool:
    return _SAID.search(part) is not None


def _spans(prose: str) -> Iterator[tuple[int, int]]:
    start = 0
    hidden = re.sub(r"\([^()]*\)", lambda part: "(" + "x" * (len(part[0]) - 2) + ")", prose)
    for boundary in _BOUNDARY.finditer(hidden):
        opens_with_name = hidden[boundary.end() :].startswith(("<", "the <"))
        if boundary.start() > start and (not opens_with_name or _says_something(hidden[start : boundary.start()])):
            yield start, boundary.start()
            start = boundary.end()
    yield start, len(prose)


def is_no_claim(sentence: str) -> bool:
    """Say whether a sentence asks, or tells what would be."""
    return is_question(sentence) or _WOULD_BE.match(sentence) is not None


_DENIED = re.compile(
    r"^\W*(?:(?:it|this|that) (?:is|would be|isn't|is simply|is just) (?:not )?(?:true|the case|"
    r"correct|right|so|false|wrong|untrue|incorrect)"
    r"(?: to (?:say|claim|state))?|i (?:do not|don't) (?:think|believe|agree)|there is no reason to "
    r"(?:think|believe)) that\s+",
    re.IGNORECASE,
)
_FALSE = re.compile(r"\b(?:false|wrong|untrue|incorrect)\b", re.IGNORECASE)
_NOT = re.compile(r"\bnot\b|n't\b|\bno reason\b", re.IGNORECASE)


def what_is_denied(sentence: str) -> str:
    """Return what a sentence says not to be true, if that is all it says: "it is not true that it leaks"."""
    match = _DENIED.match(sentence)
    if match is None or bool(_FALSE.search(match[0])) is bool(_NOT.search(match[0])):
        return ""
    return sentence[match.end() :]


def is_hedged(sentence: str) -> bool:
    return _HEDGE.search(sentence) is not None


def is_question(sentence: str) -> bool:
    return sentence.rstrip("\"')* ").endswith("?")


def is_proposed(sentence: str, mention: Mention) -> bool:
    """Say whether the name is one of something that is wanted, or missed: `use std::unique_ptr`, `without a QMutex`."""
    return bool(_PROPOSED.search(sentence[: mention.start]))
