"""By which call a function does something: what it calls, in which order, with what, and what becomes of it."""

from __future__ import annotations

import re

from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import calls_of, functions_of, names_in, quoted, reached_from
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.course import of_subject
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.results import is_dropped
from localsocket_review.claims.statements.truth import Truth, false, true
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Literal, Starred, This, dotted, walk
from localsocket_review.model.statements import (
    Assign,
    With,
)


def _by_calling(matched: Matched, code: Code) -> Truth | None:
    """S does something by calling X: the call is there, and has the text that is quoted."""
    functions = of_subject(matched, code)
    found = calls_of(matched.name("X"), functions, code)
    shown = [quoted(one.place, code) for one in functions[:1]]
    if not functions:
        return None
    if not found:
        return false(f"{matched.name('X').text} is called nowhere there; searched: {code.extent}.", *shown)
    text = re.search(r"\"([^\"]+)\"", matched.words.get("DEED", ""))
    if text is None:
        return None
    having = [
        one
        for one in found
        for part in one.call.arguments
        for inner in walk(part)
        if isinstance(inner, Literal) and _text_of(inner).strip() == text[1]
    ]
    return true("It does so.", *(quoted(one.place, code) for one in having)) if having else None


def _text_of(literal: Literal) -> str:
    value = literal.value
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def _and_then(matched: Matched, code: Code) -> Truth | None:
    """S calls X and then Y: both are there, in that order."""
    functions = of_subject(matched, code)
    if len(functions) != 1:
        return None
    first, second = (calls_of(matched.name(one), functions, code) for one in ("X", "Y"))
    missing = next((matched.name(key).text for key, found in (("X", first), ("Y", second)) if not found), None)
    if missing is not None:
        return false(f"{missing} is not called there.", quoted(functions[0].place, code))
    shown = [quoted(one.place, code) for one in (*first, *second)]
    if max(one.place for one in first) < min(one.place for one in second):
        return true(f"{matched.name('X').text} comes before {matched.name('Y').text} there.", *shown)
    if min(one.place for one in first) > max(one.place for one in second):
        return false(f"{matched.name('X').text} comes after {matched.name('Y').text} there.", *shown)
    return None


def _waits_for_thread(matched: Matched, code: Code) -> Truth | None:
    """S waits for its thread: it calls wait() or join()."""
    functions = of_subject(matched, code)
    if not functions:
        return None
    calls = [(call, one) for one in functions for call in one.calls()]
    found = [call for call, one in calls if call.called_name in ("wait", "join") and _is_of_thread(call, one, code)]
    if found:
        return true("It waits.", *(quoted(one.place, code) for one in found))
    if any(_MAY_WAIT.search(call.called_name) or code.facts.calls.callees(call, one) for call, one in calls):
        return None
    if code.occurrences("jthread") or any(isinstance(one, With) for each in functions for one in each.statements()):
        return None
    reason = f"It calls neither wait() nor join(); searched: {code.extent}."
    return false(reason, quoted(functions[0].place, code))


_MAY_WAIT = re.compile(r"wait|join|shutdown|stop", re.IGNORECASE)


def _is_of_thread(call: Call, function: FunctionInfo, code: Code) -> bool:
    inference = code.facts.inference
    if call.receiver is None or isinstance(call.receiver, This):
        lineage = inference.class_lineage(function.owner) if function.owner is not None else ()
        return any(one.rpartition(".")[2] in ("QThread", "Thread") for one in lineage)
    return "thread" in f"{dotted(call.receiver)} {inference.type_of(call.receiver, function)}".lower()


def _used_by_each(matched: Matched, code: Code) -> Truth | None:
    """X is called by each of several functions."""
    callers = matched.names["Y"]
    if len(callers) < 2 or any(one.is_file for one in callers):
        return None
    places = []
    for one in callers:
        functions = functions_of([one], code) or []
        if not functions:
            return None
        found = calls_of(matched.name("X"), functions, code)
        if not found and any(code.facts.calls.callees(call, each) for each in functions for call in each.calls()):
            return None
        if not found:
            return false(f"{one.text} does not call {matched.name('X').text}.", quoted(functions[0].place, code))
        places.append(quoted(found[0].place, code))
    return true(f"Each of them calls {matched.name('X').text}.", *places)


def _is_kept(matched: Matched, code: Code) -> Truth | None:
    """What X returns is kept: every call of it, or none."""
    found = calls_of(matched.name("X"), code.program.functions, code)
    dropped = [one for one in found if is_dropped(one)]
    if found and len(dropped) == len(found):
        return false("It is dropped.", *(quoted(one.place, code) for one in dropped))
    kept = [
        one
        for one in found
        for statement in one.function.statements()
        if isinstance(statement, Assign) and statement.value is one.call
    ]
    if found and len(kept) == len(found):
        return true("It is kept.", *(quoted(one.place, code) for one in kept))
    return None


def _opens_file(matched: Matched, code: Code) -> Truth | None:
    functions = of_subject(matched, code)
    if not functions:
        return None
    calls = [call for one in functions for call in one.calls() if call.called_name in ("open", "fopen", "openat")]
    if calls:
        return true("It opens one.", *(quoted(one.place, code) for one in calls))
    return None


def _without_keyword(matched: Matched, code: Code) -> Truth | None:
    """X is called with a W, as Python's keyword: each call has it, or none and no other argument in its place."""
    functions = subject_functions(matched, code)
    word = matched.words["W"].lower()
    found = calls_of(matched.name("X"), functions or (), code)
    if not found or not all(one.function.unit.assigning_declares for one in found):
        return None
    if matched.name("X").name != "open":
        return None
    having = [one for one in found if word in one.call.keywords]
    if having and len(having) == len(found):
        return true(f"{word} is given.", *(quoted(one.place, code) for one in having))
    if not having and not any(_may_have_more(one.call) for one in found):
        return false(f"No {word} is given.", *(quoted(one.place, code) for one in found))
    return None


def _may_have_more(call: Call) -> bool:
    is_spread = any(isinstance(one, Starred) for one in (*call.arguments, *call.keywords.values()))
    return is_spread or len(call.arguments) > 2 or not all(one.isidentifier() for one in call.keywords)


_CALL_IN = r"{X}(?: (?:in|inside) {S})?"


_OF_LOOPS = {
    "event loop": ("quit", "exit", "stop"),
    "thread": ("quit", "terminate", "exit", "join", "wait"),
    "socket": ("close", "abort", "disconnectFromServer", "deleteLater", "shutdown"),
    "connection": ("close", "abort", "disconnectFromServer", "deleteLater", "shutdown"),
}


def _ends_with(matched: Matched, code: Code) -> Truth | None:
    """S ends a loop, a thread, a connection with X: it calls X, which does so."""
    functions, wanted = of_subject(matched, code), matched.name("X").name
    if not functions:
        return None
    found = calls_of(matched.name("X"), functions, code)
    if found and wanted in _OF_LOOPS[matched.words["THING"].lower()]:
        return true("It does so.", *(quoted(one.place, code) for one in found))
    if found or calls_of(matched.name("X"), reached_from(functions, code), code):
        return None
    return false(f"{matched.name('X').text} is not called there.", quoted(functions[0].place, code))


def _made_with(matched: Matched, code: Code) -> Truth | None:
    """Sockets are made with a flag: every call of socket() names it, or none."""
    flag, calls = matched.name("Y").name, code.calls_of("socket")
    named = [call for call, _ in calls if any(flag in names_in(one) for one in call.arguments)]
    if not calls or not flag.isupper():
        return None
    shown = [quoted(call.place, code) for call, _ in calls]
    if len(named) == len(calls):
        return true(f"socket() is given {flag}.", *shown)
    is_known = all(name.isupper() for call, _ in calls for one in call.arguments for name in names_in(one) - {"socket"})
    return false(f"socket() is not given {flag}.", *shown) if not named and is_known else None


MEANS = (
    StatementKind(
        "is made with",
        "with which flags the sockets are made",
        "The socket is created with `SOCK_CLOEXEC`.",
        _made_with,
        (r"(?:the |every |each |all )?(?:\w+ )?sockets? {BE} (?:created|opened|made) with {Y}$",),
    ),
    StatementKind(
        "ends with",
        "by which call a function ends a loop, a thread or a connection",
        "The destructor ends the event loop with `quit()`.",
        _ends_with,
        (
            (
                rf"{{S}} (?:ends|stops|leaves|quits|closes|terminates) (?:the |its "
                rf")?(?P<THING>{'|'.join(_OF_LOOPS)})(?: of the thread)? (?:with|by|by calling|through|"
                rf"using) {{X}}$"
            ),
        ),
    ),
    StatementKind(
        "does so by calling",
        "by which call a function does something",
        '`onConnected()` sends "/join" by calling `say()`.',
        _by_calling,
        (r"{S} (?P<DEED>[a-z]+s [^<>]*?) by (?:calling|means of|a call (?:of|to)) {X}$",),
    ),
    StatementKind(
        "calls one and then another",
        "in which order a function calls two others",
        "The destructor calls `quit()` and then `wait()`.",
        _and_then,
        (r"{S} (?:calls|invokes|runs) {X},? (?:and )?(?:then|after that|afterwards)(?: calls| invokes)? {Y}$",),
    ),
    StatementKind(
        "waits for its thread",
        "whether a function waits for a thread",
        "The destructor waits for the thread.",
        _waits_for_thread,
        (r"{S} (?:waits? for|joins?) (?:the |its |all |every )*(?:\w+ )?threads?(?: to (?:end|finish|stop))?$",),
    ),
    StatementKind(
        "is used by each",
        "which functions call another",
        "`call()` is used by `submit()`, `cancel()` and `status()`.",
        _used_by_each,
        (r"{X} {BE} (?:used|called|invoked) (?:by|in|from) {YS}$",),
    ),
    StatementKind(
        "is kept",
        "whether what a call returns is kept",
        "The task created by `create_task()` is not kept in a variable.",
        _is_kept,
        (
            (
                r"(?:the |an? )?(?:\w+ )?(?:created|returned|made|given|started) by {X} {BE} (?:kept|"
                r"stored|saved|assigned|remembered)(?: (?:in|to) (?:an? |any )?(?:variable|name|member|"
                r"attribute))?$"
            ),
        ),
    ),
    StatementKind(
        "opens a file",
        "whether a function opens a file",
        "`read_list()` opens a file.",
        _opens_file,
        (r"{S} opens (?:a|the|its|some) (?:\w+ )?files?$",),
    ),
    StatementKind(
        "is called with a keyword",
        "whether a call is given an encoding or a timeout",
        "`open()` is called without an encoding.",
        _without_keyword,
        (
            (
                rf"{_CALL_IN} {{BE}} (?:called|used|given|invoked) (?:with )?an? (?:explicit "
                rf")?(?P<W>encoding|errors|newline)"
            ),
        ),
        (
            (
                rf"{_CALL_IN} {{BE}} (?:called|used|invoked) without (?:an? |any )?(?:explicit "
                rf")?(?P<W>encoding|errors|newline)"
            ),
        ),
    ),
)
