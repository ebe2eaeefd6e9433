"""A sentence as parts that each say one thing, made whole again, and what each part is to the sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.review_text import hide_code
from localsocket_review.claims.statements import wording


class Role(StrEnum):
    SAID = "said"
    REASON = "reason"  # why something else would be so
    FOLLOWS = "follows"  # what may come of it: not said to be so
    LABEL = "label"  # what stands ahead of a colon and says nothing by itself


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is said, with its subject put back: "is declared, but never used" says two of one name."""

    text: str
    role: Role
    explains: bool = False  # it stands behind a colon
    is_completed: bool = False


_VERB = (
    r"(?:is|are|was|were|has|have|had|does|do|did|will|would|can|cannot|could|may|might|must|should|"
    r"never|not|no longer|"
    r"isn't|aren't|doesn't|don't|hasn't|didn't|[a-z]{2,}(?:es|s)|overrides?|inherits?|derives?)"
)
_SPLIT = re.compile(
    r"(?P<semicolon>;\s+|\s+\u2014\s+|\s+\u2013\s+|\s+--\s+)|(?P<colon>:\s+)|"
    r"(?:,\s+|\s+)(?P<contrast>but|yet|although|though|whereas|however,?)\s+(?=\S)|"
    r"(?:,\s+|\s+)(?P<reason>because|since)\s+|,\s+(?P<as>as)\s+(?!well\b|is\b|are\b|expected\b|it should\b|a\b|an\b)|"
    r",\s+(?:and\s+)?(?P<follows>so(?: that)?|hence|thus|therefore|which|thereby|meaning(?: that)?)\s+|"
    r",\s+(?P<doing>(?:allowing|leading|causing|making|resulting|risking|leaving|letting)\s+)|"
    rf",?\s+(?P<and>and)\s+(?={_VERB}\b)|,\s+(?P<comma>)(?={_VERB}\b\s)|"
    r",?\s+(?P<two>and)\s+(?=(?:the|its|their)\s+(?:\w+\s+){1,3}?(?:is|are|has)\b)|"
    rf",?\s+(?P<both>and)\s+(?=(?:the\s+)?`[^`]+`\s+(?:{_VERB})\b)",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"^.*?\b(?:could|can|may|might|would|will|cannot|won't|can't|(?:goes|go|is|are|be) (?:unnoticed|"
    r"lost|undetected))\b|^(?:leads?|results?|causes?|makes?|means?|allows?|"
    r"lets?|risks?|breaks?)\b|^(?:allowing|leading|causing|making|resulting|risking|leaving|letting)\b",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|do|did|will|would|can|cannot|could|may|might|must|should|never|not|"
    r"isn't|aren't|doesn't|don't|lacks?|misses|uses?|calls?|leaks?|goes|[a-z]{3,}(?:es|s|ed))\b",
    re.IGNORECASE,
)
_SAYS_FOR_SURE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|do|did|will|would|can|cannot|could|may|might|must|should|never|"
    r"isn't|aren't|doesn't|don't|hasn't|lacks?|misses|leaks?|goes|leaves|inherits|derives)\b|"
    r"(?:`|\bit|\b(?:server|client|function|method|class|code|program|constructor|destructor|loop|thread|file|module|"
    r"script|hub|daemon|listener|worker|handler|caller))\s+(?:also |then |only )?[a-z]+(?:es|s)\b|"
    r"^[\w:.]*(?:(?-i:[a-z][A-Z])|_|::|\w\.\w|\()[\w:.]*(?:\(?[^)\s]*\))?\s+(?:also |then |only )?[a-z]+(?:es|s)\b",
    re.IGNORECASE,
)
_ONE_PHRASE = re.compile(r"\b(?:imported|included)\W*$|\b(?:includes|imports) `[^`]+`\W*$", re.IGNORECASE)
_LABEL = re.compile(
    r"^(?:the )?(?:use|usage|calls?|handling|lack|absence|possible \w+|potential \w+) (?:of|to) "
    r"`?[\w.:()<>, ]+`?$",
    re.IGNORECASE,
)
_SAID_AGAIN = re.compile(
    r"^(?:which )?(?:it|they) (?:is|are|does|do)(?: not|n't)?(?: declared so| yet| so| marked so)*\W*$", re.IGNORECASE
)
_REASON_FIRST = re.compile(r"^(?P<how>because|since)\s+(?P<reason>[^,]+),\s+(?P<rest>.+)$", re.IGNORECASE | re.DOTALL)
_USE_OF = re.compile(r"^(?:the )?use of (?P<name>`[^`]+`)$", re.IGNORECASE)
_ITS_VALUE = re.compile(
    r"^its value (?:is|was) never (?:reported|printed|shown|used|read|logged|returned|sent)\b", re.IGNORECASE
)
_NEVER_SHOWN = re.compile(r"^(?:is )?never (?:reported|printed|shown|logged|returned)(?: or \w+)*\W*$", re.IGNORECASE)
_NOT_NAME = re.compile(r"^not (?=(?:the )?`)")
_PRONOUN = re.compile(r"^(?:it|they|this|that|these|those|he|she)\b(?=\s+(?!is no\b))", re.IGNORECASE)
_BEGINS_WITH_VERB = re.compile(rf"^(?:also |only |then |therefore |thus |even |just |hence )?{_VERB}\b", re.IGNORECASE)
_NOT_VERBS = re.compile(
    r"^(?:this|its|his|there|sockets|clients|users|threads|others|class|process|access|errors|names|files|lines)\b",
    re.IGNORECASE,
)
_SUBJECT_END = re.compile(
    r"\s+(?:both |all |also |only |then |just |never |always |correctly )?(?:is|are|was|were|has|have|"
    r"had|does|do|did|will|would|can|"
    r"cannot|could|may|might|must|should|never|isn't|aren't|doesn't|don't|lacks?|derives?|inherits?|[a-z]{2,}s)\b",
    re.IGNORECASE,
)


def parts_of(sentence: str, mentions: Sequence[Mention]) -> list[Part]:
    """Take a sentence apart; what has lost its subject gets it back."""
    found: list[Part] = []
    pieces = list(_pieces(sentence))
    for text, how in pieces:
        role = _role(text, how, is_title=not found and len(pieces) > 1 and not re.search(r"\w", pieces[1][1]))
        if found and how.strip() == ":" and (label := _USE_OF.match(found[-1].text)):
            text = f"{text.rstrip('.')} ({label['name']})"
        whole = _completed(text, how, found, mentions) if found and role is not Role.LABEL else text
        found.append(Part(whole, role, explains=how.strip() == ":", is_completed=whole != text))
    return found


def _pieces(sentence: str) -> Iterator[tuple[str, str]]:
    if first := _REASON_FIRST.match(sentence):
        yield from _pieces(first["rest"])
        yield first["reason"], first["how"].lower()
        return
    hidden = _without_parentheses(hide_code(sentence))
    start, how = 0, ""
    for boundary in _SPLIT.finditer(hidden):
        kind = next(key for key, text in boundary.groupdict().items() if text is not None)
        before = sentence[start : boundary.start()]
        if not before.strip() or not _is_boundary(kind, hidden[start : boundary.start()], hidden[boundary.end() :]):
            continue
        yield before.strip(), how
        start, how = boundary.start("doing") if kind == "doing" else boundary.end(), boundary[kind].lower() or kind
    yield sentence[start:].strip(), how


def _is_boundary(kind: str, before: str, after: str) -> bool:
    if kind in ("and", "comma", "both", "two"):
        return _SAYS_FOR_SURE.search(before) is not None and _NOT_VERBS.match(after) is None
    if kind == "contrast":
        return _ONE_PHRASE.search(before) is None
    if kind == "colon":
        return bool(after.strip())
    if kind == "reason":
        return not re.match(r"\d", after)
    return True


def _without_parentheses(text: str) -> str:
    return re.sub(r"\([^()]*\)", lambda part: "(" + "x" * (len(part[0]) - 2) + ")", text)


def _role(text: str, how: str, *, is_title: bool) -> Role:
    if how in ("so", "so that", "hence", "thus", "therefore", "thereby") or (how == "which" and _MODAL.match(text)):
        return Role.FOLLOWS
    if re.match(r"(?:allowing|leading|causing|making|resulting|risking|leaving|letting)\b", how):
        return Role.FOLLOWS
    if _SAID_AGAIN.match(text):
        return Role.FOLLOWS
    if how in ("because", "since", "as"):
        return Role.REASON
    if _LABEL.match(text):
        return Role.LABEL
    if wording.is_wish(text):
        return Role.SAID
    is_parted_by_mark = not re.search(r"\w", how)  # behind "but" and "and", the verb is only left out
    if (
        is_parted_by_mark
        and not _SAYS_FOR_SURE.search(hide_code(text))
        and (is_title or not _SAYS.search(hide_code(text)))
    ):
        return Role.LABEL
    return Role.SAID


def _completed(text: str, how: str, before: list[Part], mentions: Sequence[Mention]) -> str:
    said = [one for one in before if one.role is not Role.LABEL] or before
    subject = _last_name(said[-1].text, mentions) if how == "which" else _subject(said[0].text)
    if not subject:
        return text
    if how in ("but", "and", "yet") and re.match(r"no [`a-z]", text):
        return f"{subject} has {text}"
    order = re.search(r"\b(?:only |right )?(?:before|after)\b", said[-1].text)
    if order is not None and re.match(r"(?:before|after)\b", text):
        return said[-1].text[: order.start()] + text
    if _ITS_VALUE.match(text) or _NEVER_SHOWN.match(text):
        return f"{subject} is never read"
    if (bare := _NOT_NAME.match(text)) and "`" in said[-1].text.rstrip("`"):
        verb = said[-1].text[: said[-1].text.rstrip("`").rfind("`")]
        return f"{verb}not {text[bare.end() :]}"
    if pronoun := _PRONOUN.match(text):
        return subject + text[pronoun.end() :]
    if how == "which" or (_BEGINS_WITH_VERB.match(text) and not _NOT_VERBS.match(text)):
        return f"{subject} {text}"
    return text


def _subject(text: str) -> str:
    """Return what a part is about: the words ahead of its verb."""
    hidden = hide_code(text)
    end = _SUBJECT_END.search(hidden)
    words = text[: end.start()].strip() if end is not None else ""
    return words if 0 < len(words.split()) <= 12 else ""


def _last_name(text: str, mentions: Sequence[Mention]) -> str:
    spans = list(re.finditer(r"`[^`]+`", text))
    if spans:
        return spans[-1][0]
    named = [one for one in mentions if one.text in text]
    return named[-1].text if named else ""
