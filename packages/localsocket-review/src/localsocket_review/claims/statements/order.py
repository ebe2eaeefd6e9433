"""What comes before what in a function."""

from __future__ import annotations

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import calls_of, quoted, reached_from
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.place import Place

_EVENTS = {
    "bind": ("bind",),
    "listen": ("listen", "start_unix_server", "start_server", "serve_forever"),
    "accept": ("accept", "nextPendingConnection"),
    "connect": ("connect", "connectToServer", "open_unix_connection"),
    "clos": ("close", "aclose"),
    "send": ("send", "sendall", "write", "sendmsg"),
    "fork": ("fork",),
    "exec": ("exec", "execl", "execv", "execvp"),
}


def _positions(names: tuple[str, ...], function: FunctionInfo, code: Code) -> list[Place]:
    """Return where the function calls one of these, itself or through a function of the files."""
    found = []
    for call in function.calls():
        if call.called_name in names:
            found.append(call.place)
            continue
        callees = code.facts.calls.callees(call, function)
        if callees and any(one.called_name in names for other in reached_from(callees, code) for one in other.calls()):
            found.append(call.place)
    return sorted(found)


def _ordered(
    first: tuple[str, ...], second: tuple[str, ...], functions: list[FunctionInfo], code: Code, *, is_first: bool
) -> Truth | None:
    seen: list[tuple[list[Place], list[Place]]] = []
    is_mixed = False
    for function in functions:
        one, other = _positions(first, function, code), _positions(second, function, code)
        both = set(one) & set(other)
        one, other = [place for place in one if place not in both], [place for place in other if place not in both]
        is_mixed = is_mixed or bool(both and (one or other))
        if one and other:
            seen.append((one, other))
    if not seen:
        return None
    words = f"{first[0]}()", f"{second[0]}()"
    one, other = seen[0]
    other = other[:1] if is_first else other
    places = sorted((one[0], other[0]))
    shown = [quoted(place, code) for place in places]
    if len(seen) == 1 and not is_mixed and max(one) < min(other):
        return true(f"{words[0]} comes before {words[1]}.", *shown)
    if len(seen) == 1 and not is_mixed and min(one) > max(other):
        return false(f"{words[0]} comes after {words[1]}, and not before it.", *shown)
    return unknown(f"{words[0]} comes both before and after {words[1]}.", *shown)


def _before(matched: Matched, code: Code) -> Truth | None:
    names = matched.names
    first = _names(names.get("X", ()), matched.words.get("E", ""))
    second = _names(names.get("Y", ()), matched.words.get("F", ""))
    functions = subject_functions(matched, code)
    if not first or not second or functions is None:
        return None
    is_first = "first" in matched.words.get("ORD", "")
    truth = _ordered(first, second, functions, code, is_first=is_first)
    if truth is None and matched.names.get("X") and not _is_called(first, functions):
        return false(f"{first[0]}() is called nowhere; searched: {code.extent}.")
    return truth


def _names(mentions: tuple[Mention, ...], event: str) -> tuple[str, ...]:
    if mentions:
        return tuple(one.name for one in mentions)
    return next((names for word, names in _EVENTS.items() if event.lower().startswith(word)), ())


def _is_called(names: tuple[str, ...], functions: list[FunctionInfo]) -> bool:
    return any(call.called_name in names for function in functions for call in function.calls())


_EVENT = (
    r"(?P<F>bind(?:ing)?|listen(?:ing|s)?|accept(?:ing)?|connect(?:ing)?|clos(?:ing|e)|send(?:ing)?|"
    r"fork(?:ing)?|exec)\b"
)
_THEN = (
    rf"(?P<ORD>the (?:first|second) |the call (?:to|of) |calling |the |it calls |it )?(?:{{Y}}|"
    rf"{_EVENT})(?: is called| has been called| returns?| call)?"
)
_DONE = r"(?:called|used|set|invoked|run|executed|performed|done|removed|unlinked|applied|checked|read|sent|created)"
_LATER = r"(?:before|ahead of|prior to)"
_EARLIER = r"(?:(?:only |right |directly |immediately )?after|following)"


def _after(matched: Matched, code: Code) -> Truth | None:
    truth = _before(matched, code)
    if truth is None or truth.holds is None:
        return truth
    first, second = (
        matched.name(one).text if one in matched.names else matched.words.get("F", "") for one in ("X", "Y")
    )
    if not calls_of(matched.name("X"), code.program.functions, code):
        return truth
    word = "before" if truth.holds else "after"
    return Truth(not truth.holds, f"{first} comes {word} {second}.", truth.places)


ORDER = (
    StatementKind(
        "comes before",
        "which call comes first",
        "`removeServer()` is called before `listen()`.",
        _before,
        (
            rf"{{X}} {{BE}} {_DONE} {_LATER} {_THEN}",
            rf"{{X}} (?:comes|happens|runs|precedes|stands|occurs) {_LATER} {_THEN}",
            rf"{{S}} (?:calls?|uses?|invokes?|does|runs) {{X}} {_LATER} {_THEN}",
        ),
    ),
    StatementKind(
        "comes after",
        "which call comes later",
        "`chmod()` is called after `bind()`.",
        _after,
        (
            rf"{{X}} {{BE}} {_DONE} {_EARLIER} {_THEN}(?: (?:and|but) before <\d+>)?",
            rf"{{X}} (?:comes|happens|runs|stands|occurs) {_EARLIER} {_THEN}",
            rf"{{S}} (?:calls?|uses?|invokes?|does|runs) {{X}} {_EARLIER} {_THEN}",
        ),
    ),
)
