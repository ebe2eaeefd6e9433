"""From the truth of a plain statement to the answer for what was said, with its polarity and its conditions."""

from __future__ import annotations

import re

from localsocket_review.claims.claim import Answer, Shown, refuted, supported, undecided
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.phrases import Matched
from localsocket_review.claims.statements.truth import Truth
from localsocket_review.claims.word_sets import word_set
from localsocket_review.model.place import Place

# What narrows a statement and cannot be read off the words beside it: order, quantity, exception.
_NARROWING = re.compile(
    r"\b(?:before|after|until|unless|except|only|first|last|not|never|without|no|all|every|each|once|twice|more|less|"
    r"most|least|than|instead|always|sometimes|often|rather|but|cannot|if|none|any|both|same|other|different|too|"
    r"wrong|wrongly|incorrect\w*|safe\w*|unsafe\w*)\b|\d|<\d+>|thread",
    re.IGNORECASE,
)
_SMALL = word_set(
    "the a an of in on at to by for from with and or is are was be as it its their this that these those "
    "when while so which who where into onto out up down over through via during has have had been being "
    "using used use then thus order them they there his her our your new one"
)
_ENOUGH = 0.6  # of the words beside it must be found in the code around, for what is said beside it to be taken as read
_AROUND = 3  # lines


def judged(truth: Truth, matched: Matched, code: Code, *, flips: bool, takes_rest: bool = False) -> Answer:
    """Answer what was said: what is not so at all is not so under any condition, either."""
    denies = matched.wording.is_negated is not flips
    rest = "" if takes_rest else matched.rest
    if truth.holds is None:
        return undecided(truth.reason, *truth.places)
    if truth.holds is denies and (not rest or not truth.holds or truth.is_always):
        return refuted(truth.reason, *truth.places)
    if truth.holds is denies:
        return undecided(f'{truth.reason} Whether that holds "{_shown(matched)}", is not decided here.', *truth.places)
    if not rest or not truth.holds or _is_grounded(rest, truth.places, code):
        return supported(truth.reason, *(truth.places or _everywhere(code)))
    return undecided(f"{truth.reason} What is said beside it ({_shown(matched)}) is not decided here.", *truth.places)


def _everywhere(code: Code) -> list[Shown]:
    """What is nowhere is shown by what was searched."""
    return [
        (unit.body.place if unit.body is not None else Place(unit.path, 1), "searched")
        for unit in code.program.units[:3]
    ]


def _shown(matched: Matched) -> str:
    return re.sub(r"<(\d+)>", lambda one: matched.wording.mentions[int(one[1])].text, matched.rest)


def _is_grounded(rest: str, places: tuple[Shown, ...], code: Code) -> bool:
    """Say whether the words beside a statement are those of the code around it: "to wait for the writer to close"."""
    if _NARROWING.search(rest) or not places or len(places) > 1:
        return False
    words = [word for word in re.findall(r"[a-z]+", rest.lower()) if word not in _SMALL]
    around = _stems_around(places[0][0], code)
    return bool(words) and sum(stem(word) in around for word in words) >= _ENOUGH * len(words)


def _stems_around(place: Place, code: Code) -> set[str]:
    unit = code.unit_of(place)
    around = unit.source[unit.span(place.line - _AROUND, place.line + _AROUND)] if unit is not None else ""
    return {stem(part) for part in parts_of(around)}


def parts_of(text: str) -> list[str]:
    """Return the words that names are made of: wait_closed, canReadLine."""
    return [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)]


def stem(word: str) -> str:
    """Return the part that close, closes, closed and closing share."""
    for ending in ("ing", "ed", "es", "er", "ion", "s", "e", "d"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
