"""Whether what is made is given back: deleted, closed, or owned by somebody who does it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.made import Made, everything_made
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.model.expressions import Call, dotted, strip_casts
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word

_RULES = ("LS404", "LS209")
_ENDING = frozenset({"close", "delete", "deleteLater", "free", "qDeleteAll", "closesocket", "reset", "server_close"})
_ON_FAILURE = re.compile(r"\b(?:if|when|after|on)\b.*\b(?:fail\w*|errors?|early|returns?)\b", re.IGNORECASE)
_NEVER = re.compile(r"\b(?:never|not|no|nowhere|without|missing|lacks?)\b", re.IGNORECASE)


def check(claim: Claim, code: Code) -> Answer:
    made = list(everything_made(code))
    subjects = [subject for subject in claim.subjects if not _is_condition(subject, claim)]
    called = [one for one in made if one.is_called({subject.name for subject in subjects})]
    about = called or [one for one in made if _is_inside(one, subjects, code)]
    about = [one for one in about if _is_inside(one, claim.scopes, code)]
    if not about:
        return _nothing_made(claim, code, made)
    left_open = [one for one in about if one.left_open is not None]
    if left_open and (_ON_FAILURE.search(claim.text) or not _NEVER.search(claim.clause)):
        shown_open: list[Shown] = [
            place
            for one in left_open
            if one.left_open is not None
            for place in ((one.place, "made here"), (one.left_open, "the function ends here, and it stays open"))
        ]
        reason = "There is a path out of the function on which nobody closes it."
        return supported(reason, *shown_open) if claim.is_complaint else refuted(reason, *shown_open)
    found = {(finding.place.file, finding.place.line) for finding in code.findings(*_RULES)}
    if claim.is_complaint and not called and len(about) > 1 and any(one.ended for one in about):
        several: list[Shown] = [(one.place, f"{one.type} {one.ended or 'is not seen to end'}") for one in about]
        return undecided("Several objects are made there, and the review does not say which is meant.", *several)
    lost = [one for one in about if one.is_lost or (not one.ended and (one.place.file, one.place.line) in found)]
    unclear = [one for one in about if not one.ended and one not in lost]
    ending = [place for one in lost for place in _endings_near(one, code)]
    if lost and ending:
        near: list[Shown] = [(one.place, f"{one.type} is made here") for one in lost]
        near += [(place, "something is given back here") for place in ending]
        return undecided("Something is given back beside it; whether it is that one is not decided here.", *near)
    if lost:
        places: list[Shown] = [(one.place, f"{one.type} is made here, and nobody gives it back") for one in lost]
        return supported("Nobody gives it back.", *places) if claim.is_complaint else refuted("It is lost.", *places)
    if unclear:
        shown: list[Shown] = [(one.place, f"{one.type} is made here and handed on") for one in unclear]
        return undecided("It is handed on to code that decides when it ends.", *shown)
    if not claim.is_complaint and "destructor" in claim.clause:
        return undecided(
            "The code does not show that the destructor does it.", *((one.place, one.ended) for one in about)
        )
    held: list[Shown] = [(one.place, f"{one.type} {one.ended}") for one in about]
    reason = (
        f"Each of the {len(about)} objects made has an owner that ends it."
        if len(about) > 1
        else (f"The {about[0].type} {about[0].ended}.")
    )
    if not _NEVER.search(claim.clause) and not all(one.ended.startswith(_SURE) for one in about):
        return undecided(f"{reason} Whether that happens on every path is not decided here.", *held)
    return refuted(reason, *held) if claim.is_complaint else supported(reason, *held)


# What ends an object on every way; a call that closes it may be left out on some.
_SURE = (
    "has a parent",
    "is held by a smart",
    "is closed by its with",
    "ends with",
    "is deleted when it has disconnected",
)


def _endings_near(made: Made, code: Code) -> Iterator[Place]:
    """Yield what gives anything back in the function or class where it is made, or deletes anything at all."""
    function = made.function
    for other in code.program.functions:
        is_near = function is None or other is function or (other.owner is not None and other.owner is function.owner)
        for call in other.calls():
            if call.called_name in _DELETING or (
                is_near and call.called_name in _ENDING and not _is_of_another(call, made)
            ):
                yield call.place

    for place in code.occurrences("deleteLater") if code.program.class_named(made.type) is not None else ():
        unit = code.unit_of(place)
        if unit is not None and f"{made.type}::deleteLater" in unit.line(place.line):
            yield place


_DELETING = frozenset({"qDeleteAll"})


def _is_of_another(call: Call, made: Made) -> bool:
    """Say whether what is given back has a name, and another one than what is made."""
    ended = call.receiver if call.receiver is not None else next(iter(call.arguments), None)
    named = dotted(strip_casts(ended)) if ended is not None else ""
    return bool(named and made.held_by and last_word(named) != last_word(made.held_by))


def _is_condition(subject: Mention, claim: Claim) -> bool:
    """Say whether the name is that of what fails: "the socket leaks if `bind()` fails"."""
    ahead, behind = claim.text[: subject.start], claim.text[subject.end :]
    return bool(re.search(r"\b(?:if|when|after|once)\W+(?:the\W+)?$", ahead, re.I)) and bool(
        re.match(r"\W*(?:fails|returns|raises|throws)\b", behind, re.I)
    )


def _is_inside(made: Made, mentions: Sequence[Mention], code: Code) -> bool:
    """Say whether it is made in what is named; nothing named is everywhere."""
    entities = [entity for one in mentions for entity in code.resolve(one)]
    return not mentions or any(code.holds(entity, made.place) for entity in entities)


def _nothing_made(claim: Claim, code: Code, made: list[Made]) -> Answer:
    places = [
        (entity.place, f"{entity} is here, and makes nothing that would have to be given back")
        for subject in claim.subjects
        for entity in code.resolve(subject, claim.scopes)[:1]
    ]
    ended = [(place, "given back here") for subject in claim.subjects for place in _endings(subject, claim, code)]
    if ended:
        if not _NEVER.search(claim.clause):
            return undecided("It is given back; whether on every path is not decided here.", *ended)
        return refuted("It is given back.", *ended) if claim.is_complaint else supported("It is given back.", *ended)
    elsewhere: list[Shown] = [(one.place, f"{one.type} is made here") for one in made[:3]]
    if not made:
        reason = f"Nothing is made with new, and no socket is opened; searched: {code.extent}."
        return undecided(reason, *places)
    what = f"No object that {', '.join(claim.names) or 'this'} would have to give back is made in the files given."
    return undecided(what, *places, *elsewhere)


def _endings(subject: Mention, claim: Claim, code: Code) -> Iterator[Place]:
    """Yield the calls that close or delete what has the name, inside of what the claim speaks of."""
    scopes = {scope.name for scope in claim.scopes}
    for function in code.program.functions:
        owner = function.owner.name if function.owner is not None else ""
        if scopes and not scopes & {function.name, owner, PurePath(function.place.file).name}:
            continue
        for call in function.calls():
            ended = call.receiver if call.receiver is not None else next(iter(call.arguments), None)
            is_named = getattr(ended, "identifier", getattr(ended, "name", "")) == subject.name
            if is_named and call.called_name in _ENDING:
                yield call.place


KIND = ClaimKind(
    name="leak",
    title="what is made is never deleted or closed",
    complaint=words(
        r"\b(?:memory|resource|descriptor|fd|socket|handle|file descriptor)?[\s-]*leak(?:s|ed|ing|age)?\b",
        r"(?:no|not\W+(?:have|define|provide|declare)|lacks?|missing|without|add|needs?)\W+(?:an?\W+|any\W+)?"
        r"destructor\W+(?:which|that|to)\W+(?:\w+\W+)?(?:delete|close|free|release|clean|dispose)s?",
        r"\bmissing\W+(?:a\W+|the\W+|matching\W+|corresponding\W+)*(?:<delete>|delete|deletion|<deleteLater>|"
        r"<close>|close|free|cleanup|clean-up)",
        r"(?:<delete>|delete|<deleteLater>|<close>)\W+(?:\w+\W+){0,3}?(?:missing|absent)",
        r"(?:never|not|n't)\W+(?:\w+\W+){0,2}?(?:deleted|freed|deallocated|released|closed|destroyed|cleaned|"
        r"disposed|<delete>d?)",
        r"(?:without|no|lacks?)\W+(?:a\W+|any\W+|matching\W+|corresponding\W+|ever\W+|explicit\W+)*"
        r"(?:<delete>|delete|deleting|freeing|closing|releasing|deletion|deallocation|being (?:deleted|freed|"
        r"closed|released))",
        r"(?:should|must|needs? to|has to|have to) (?:\w+ )?(?:be )?(?:deleted?|freed?|released?|" r"closed?)\b",
        r"(?:never|not|n't|fails? to)\W+(?:\w+\W+){0,1}?(?:<delete>|delete|free|release|close)s?\b",
    ),
    denial=words(
        r"(?:is|are|gets?) (?:\w+ly |all |always )?(?:deleted|freed|closed|released|destroyed|cleaned up)",
        r"(?:has|have) (?:a |their |its )?parents?\b",
    ),
    check=check,
    topics=frozenset({"delete", "deleteLater", "free"}),
    rank=2,
    examples=(
        "The `QLocalSocket` objects are allocated with `new` but there is no matching `delete`.",
        "Potential memory leak in `SocketFactory`.",
        "`m_socket` is never deleted.",
        "The socket is never closed.",
        "There are no memory leaks.",
    ),
)
