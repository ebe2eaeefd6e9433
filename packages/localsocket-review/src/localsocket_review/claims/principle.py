"""What an answer to a defect must not decide: what is said besides, under which condition, of which other object."""

from __future__ import annotations

import re

from localsocket_review.claims.claim import Answer, Claim, Verdict, undecided
from localsocket_review.claims.statements.judging import parts_of, stem
from localsocket_review.claims.word_sets import word_set

_CONDITION = re.compile(
    r"\b(?:if|when|whenever|while|unless|until|once|as soon as|during|"
    r"only|after|in case|except|provided)\b",
    re.IGNORECASE,
)
_SAYS_UNUSED = re.compile(
    r"\b(?:no|not|never|nowhere|nobody|nothing|none|cannot|could not|without|unused|unreferenced|"
    r"uncalled|dead|unreachable|"
    r"remove|delete|drop)\b|n't\b",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(
    r"\b(?:must|may|can|should|shall|cannot|mustn't|shouldn't|can't)(?: not|n't| never)?\b.{0,20}?\bbe "
    r"(?:used|called|shared)\b"
    r"(?!.*\b(?:than|its own|own thread)\b)|\bnot (?:meant|intended|designed|allowed|supported)\b",
    re.IGNORECASE,
)
_NEGATIVE = (
    r"(?:no|not|never|nothing|none|nobody|neither|nor|hardly|cannot|isn't|aren't|doesn't|don't|won't|can't|"
    r"wasn't|hasn't)"
)
_TWICE = re.compile(
    rf"\b{_NEGATIVE}\b(?P<between>[^,;:]{{0,50}}?)\b(?:{_NEGATIVE}|missing|lacks?|lacking|without|"
    r"absent|forgets?|fails?|"
    r"unused|unchecked|un(?:handled|noticed|tested|protected|used)|ignored|dropped|leaks?)\b",
    re.IGNORECASE,
)
_PARTED = re.compile(r"\b(?:and|or|but|as|because|since|so|hence|that|which|with)\b", re.IGNORECASE)
_OF_TIME = frozenset({"late permissions", "check and use", "use after deletion", "endpoint removed"})
_OF_ALL = frozenset({"unused", "include guard"})
_NONE_OF = re.compile(r"\W*(?:there is |there are )?no \w+", re.IGNORECASE)
_WHOLE = frozenset({"security defects", "naming", "rule named", "counts", "overload", "inherits", "missing Q_OBJECT"})
_CLIENT = re.compile(r"\b(?:connections?|clients?(?:'s)?|accepted|peers?)\b", re.IGNORECASE)
_SERVER = re.compile(r"\b(?:server|listener|listening|bound)\b", re.IGNORECASE)
_OF_CLIENT = re.compile(r"accept|conn|client|pending|peer|reader|writer|connect", re.IGNORECASE)
_SMALL = word_set(
    "the a an of in on at to by for from with and or is are was were be been being as it its their this "
    "that these those there which who where into onto out up also then so thus here very which could "
    "would should may might must can will have has had do does did code program file class function "
    "method member variable call calls called value object objects data server socket sockets connection "
    "client clients because since never not no without any some all when if while please consider add use "
    "using make therefore potential potentially possible possibly one two only other own each every them "
    "they"
)
_MOST = 4  # words that may stand besides what was recognised, before it is another matter


def kept_to_what_is_said(answer: Answer, claim: Claim, text: str) -> Answer:
    """Take back a decision that does not reach as far as what was said."""
    text = re.sub(r"`[^`]*`", "`x`", text)  # what is quoted is no condition
    is_twice = _is_denied_twice(text) and not (claim.kind in _OF_ALL and _NONE_OF.match(text))
    if answer.verdict is Verdict.UNDECIDED or (claim.kind in _WHOLE and not is_twice):
        return answer
    if claim.kind == "other thread" and _FORBIDDEN.search(text):
        return _open(answer, "What the library allows, the code does not say.")
    if claim.kind == "unused" and re.search(r"\b(?:directly|explicitly|by name)\b", text):
        return _open(answer, "Whether it is called directly, is not decided here.")
    if claim.kind == "unused" and claim.is_complaint and not _SAYS_UNUSED.search(text):
        return _open(answer, "Who uses it, is what is said.")
    if _is_conditional(claim, text):
        return _open(answer, "Whether under the condition that is named, is not decided here.")
    if is_twice:
        return _open(answer, "What the negations come to, is not decided here.")
    if claim.kind == "calls":
        return _open(answer, "Who else calls it, is not decided here.")
    if answer.verdict is Verdict.SUPPORTED and _is_of_other_end(answer, text):
        return _open(answer, "That is the server's socket, and not a connection's.")
    if len(_besides(answer, claim, text)) > _MOST:
        return _open(answer, "What is said besides, is not decided here.")
    return answer


def _is_denied_twice(text: str) -> bool:
    """Say whether one negation denies another: "is not missing", "does not go unchecked"."""
    return any(not _PARTED.search(match["between"]) for match in _TWICE.finditer(text))


def _open(answer: Answer, why: str) -> Answer:
    return undecided(f"{answer.reason} {why}", *((one.place, one.note) for one in answer.places))


def _is_conditional(claim: Claim, text: str) -> bool:
    if claim.kind == "late permissions":
        return False
    if claim.kind in _OF_TIME:
        return re.search(r"\bonly after\b|\bunless\b", text, re.IGNORECASE) is not None
    return _CONDITION.search(text) is not None and not _CONDITION.search(claim.matched)


def _is_of_other_end(answer: Answer, text: str) -> bool:
    """Say whether a connection is spoken of, and all that is shown is the server's own socket."""
    if not _CLIENT.search(text) or _SERVER.search(text):
        return False
    shown = " ".join(f"{one.note}" for one in answer.places)
    return "server" in shown.lower() and not _OF_CLIENT.search(shown)


def _besides(answer: Answer, claim: Claim, text: str) -> list[str]:
    """Return the words that neither the kind took, nor the code shows."""
    taken = f"{claim.matched} {' '.join(claim.names)} {' '.join(one.text for one in claim.scopes)} {answer.reason}"
    taken += " ".join(one.note for one in answer.places)
    known = {stem(word) for word in parts_of(taken)}
    plain = re.sub(r"`[^`]*`", " ", text)
    return [word for word in parts_of(plain) if word not in _SMALL and stem(word) not in known and len(word) > 2]
