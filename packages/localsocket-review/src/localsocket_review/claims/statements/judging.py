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
    if not rest or not truth.holds or _is_grounded(rest, truth.places, matched, code):
        return supported(truth.reason, *(truth.places or everywhere(code)))
    return undecided(f"{truth.reason} What is said beside it ({_shown(matched)}) is not decided here.", *truth.places)


def everywhere(code: Code) -> list[Shown]:
    """What is nowhere is shown by what was searched."""
    return [
        (unit.body.place if unit.body is not None else Place(unit.path, 1), "searched")
        for unit in code.program.units[:3]
    ]


def _shown(matched: Matched) -> str:
    return re.sub(r"<(\d+)>", lambda one: matched.wording.mentions[int(one[1])].text, matched.rest)


def _is_grounded(rest: str, places: tuple[Shown, ...], matched: Matched, code: Code) -> bool:
    """Say whether the words beside a statement are those of the code around it: "to wait for the writer to close"."""
    if places and (_is_its_purpose(rest, places) or _is_of_received(rest, places, code)):
        return True
    if re.fullmatch(r"(?:around|during|near|beside) (?:the call (?:of|to) )?<\d+>", rest):
        name = matched.wording.named(rest[rest.rindex("<") + 1 : -1]).name
        return any(abs(one.line - place.line) <= _AROUND + 1 for one in code.occurrences(name) for place, _ in places)
    if _NARROWING.search(rest) or not places or len(places) > 1:
        return False
    words = [word for word in re.findall(r"[a-z]+", rest.lower()) if word not in _SMALL]
    around = _stems_around(places[0][0], code)
    return bool(words) and sum(stem(word) in around for word in words) >= _ENOUGH * len(words)


# What calls are for, as people say it.
_PURPOSES = {
    r"(?:accept|wait for|listen for|receive|get|take|serve|handle)(?: new| incoming)? (?:clients?|connections?)": (
        "listen accept start_unix_server start_server serve_forever nextPendingConnection newConnection"
    ),
    r"(?:send|write|reply|answer|echo)\b": "send sendall write sendmsg sendto",
    r"(?:read|receive|fetch|get)\b": "recv read readAll readLine readline recvmsg recvfrom readexactly",
    r"(?:remove|delete|unlink|get rid of|clean up)\b": "unlink remove removeServer rmtree",
    r"(?:close|release|shut down|end)\b": "close aclose shutdown deleteLater quit",
    r"(?:connect|open a connection)\b": "connect connectToServer open_unix_connection Client",
    r"(?:wait|sleep|pause)\b": "sleep wait wait_for waitForConnected waitForReadyRead select poll",
    r"(?:restrict|set|limit|change) (?:the |its )?(?:mode|permissions?|access)": "chmod fchmod umask setSocketOptions",
    r"(?:parse|decode|deserialise|deserialize)\b": "loads load parse unpack decode fromJson",
}
_RECEIVED = re.compile(
    r"^(?:on|with|of|from|for|to) (?:\w+ ){0,3}?(?:data|input|bytes|what|whatever|message|text|payload|"
    r"request|value|command)?"
    r" ?(?:that |which )?(?:the |an? |any )?(?:clients?|peers?|users?|socket|network|connection|"
    r"received|untrusted|remote)"
    r"(?: (?:sent|sends|send|gives|controls|data|input|bytes))?(?: (?:from|by|over) the (?:socket|"
    r"client|peer|network))?$",
    re.IGNORECASE,
)
_OF_RECEIVED_DATA = ("LS107", "LS109", "LS110")


def _is_its_purpose(rest: str, places: tuple[Shown, ...]) -> bool:
    purpose = re.match(r"^(?:in order )?(?:to|for) (?P<what>.*)$", rest)
    if purpose is None:
        return False
    shown = {word for _, note in places for word in re.findall(r"\w+", note)}
    return any(re.match(what, purpose["what"]) and shown & set(names.split()) for what, names in _PURPOSES.items())


def _is_of_received(rest: str, places: tuple[Shown, ...], code: Code) -> bool:
    """Say whether a call is said to be given what a peer sent, and a rule that follows data says so of its line."""
    lines = {(place.file, place.line) for place, _ in places}
    return _RECEIVED.match(rest) is not None and any(
        (one.place.file, one.place.line) in lines for one in code.findings(*_OF_RECEIVED_DATA)
    )


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
