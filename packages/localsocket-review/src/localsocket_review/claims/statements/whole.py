"""What is true of the program as a whole: what it has none of, what reacts to what, what happens every so often."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import names_in, quoted
from localsocket_review.claims.statements.exceptions import handlers_in
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true
from localsocket_review.claims.statements.worth import Given, compared, values_given, wanted_numbers
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, strip_casts
from localsocket_review.model.place import Place

_LOCKS = re.compile(
    r"\w*mutex\w*|\w*lock_guard|\w*Lock(?:er)?|RLock|\w*Semaphore|unique_lock|scoped_lock|QReadWriteLock|flock|lockf",
    re.IGNORECASE,
)
_AT_ONCE = re.compile(
    r"\w*thread\w*|fork\w*|\w*asyncio\w*|async|await|select\w*|poll|ppoll|epoll\w*|kqueue|QtConcurrent|\w*Executor\w*|"
    r"multiprocessing|Q_OBJECT|QObject|connect|signal_handler|libuv|uv_\w+|selectors|gevent|trio|anyio|twisted|clone|"
    r"ThreadingMixIn|ForkingMixIn|boost",
    re.IGNORECASE,
)


def _named_like(pattern: re.Pattern[str], code: Code) -> Iterator[tuple[Place, str]]:
    """Yield the lines of code, comments and texts left out, with a word of this kind."""
    for unit in code.program.units:
        for match in re.finditer(r"^[ \t]*#[ \t]*include.*$|[A-Za-z_]\w*", unit.bare_code, re.MULTILINE):
            if pattern.fullmatch(match[0]):
                yield quoted(Place(unit.path, unit.bare_code.count("\n", 0, match.start()) + 1), code)


def _locks(_: Matched, code: Code) -> Truth | None:
    """A mutex is locked: nothing of the kind is named, or it is used."""
    if next(_named_like(_LOCKS, code), None) is None:
        return false(f"No lock of any kind is named; searched: {code.extent}.")
    return None


def _is_protected(matched: Matched, code: Code) -> Truth | None:
    """X is protected by a lock, where there is none in the program."""
    if "LOCK" in matched.names and not _LOCKS.fullmatch(matched.name("LOCK").name):
        return None
    if matched.name("X").name not in code.names or next(_named_like(_LOCKS, code), None) is not None:
        return None
    places = code.occurrences(matched.name("X").name)
    return false(f"No lock of any kind is named; searched: {code.extent}.", *(quoted(one, code) for one in places))


def _umask_gives(matched: Matched, code: Code) -> Truth | None:
    """A umask gives a file the mode V: what it leaves of 0777, or of 0666."""
    wanted, given = number_of(matched.words["V"]), matched.name("X")
    mask = number_of(given.parameters[0]) if given.name == "umask" and len(given.parameters) == 1 else None
    calls = code.calls_of("umask")
    if mask is None or wanted is None or not calls:
        return None
    left = {0o777 & ~int(mask), 0o666 & ~int(mask)}
    reason = f"It leaves the mode 0o{0o777 & ~int(mask):03o}."
    shown = [quoted(call.place, code) for call, _ in calls]
    return true(reason, *shown) if wanted in left else false(reason, *shown)


def _one_at_a_time(_: Matched, code: Code) -> Truth | None:
    """Clients are served one after the other: the program accepts, and has nothing to do two things at once with."""
    accepts = [call for call, _ in code.calls_of("accept")]
    if not accepts or next(_named_like(_AT_ONCE, code), None) is not None:
        return None
    return true(
        "The program has no threads, no processes and no event loop.", *(quoted(one.place, code) for one in accepts)
    )


_SOCKETS = re.compile(r"\w*sock(?:et|addr)\w*|\w*pipe\w*|multiprocessing|asyncio|http|urllib|requests|zmq", re.I)


def _uses_sockets(_: Matched, code: Code) -> Truth | None:
    found = list(_named_like(_SOCKETS, code))
    calls = [call for name in ("socket", "QLocalSocket", "QLocalServer") for call, _ in code.calls_of(name)]
    if calls:
        return true("There are sockets.", *(quoted(one.place, code) for one in calls), always=True)
    return None if found else false(f"No socket is named; searched: {code.extent}.")


def _catches_anything(matched: Matched, code: Code) -> Truth | None:
    """Something in the program catches an exception."""
    found = [place for _, place in handlers_in(list(code.program.functions))]
    if found:
        is_of_all = re.search(r"\b(?:program|code|application)\b", matched.wording.core) is not None
        return true("Exceptions are caught.", *(quoted(one, code) for one in found)) if is_of_all else None
    return false(f"No exception is caught; searched: {code.extent}.")


def _catches_by_reference(_: Matched, code: Code) -> Truth | None:
    """Every exception is caught by (const) reference."""
    found = [
        (match[1].strip(), Place(unit.path, unit.bare_code.count("\n", 0, match.start()) + 1))
        for unit in code.program.units
        for match in re.finditer(r"\bcatch\s*\(([^)]*)\)", unit.bare_code)
    ]
    found = [one for one in found if one[0] != "..."]
    if not found:
        return None
    shown = [quoted(place, code) for _, place in found]
    return true("They are.", *shown) if all("const" in one and "&" in one for one, _ in found) else false(
        "They are not: " + ", ".join(one for one, _ in found) + ".", *shown
    ) if not any("&" in one for one, _ in found) else None  # fmt: skip


def _bare_except_line(matched: Matched, code: Code) -> Truth | None:
    """The bare except is on line N."""
    found = [
        Place(unit.path, unit.bare_code.count("\n", 0, match.start()) + 1)
        for unit in code.program.units
        if unit.assigning_declares
        for match in re.finditer(r"\bexcept\s*:", unit.bare_code)
    ]
    if len(found) != 1:
        return None
    reason = f"It is on line {found[0].line}."
    shown = quoted(found[0], code)
    return true(reason, shown) if found[0].line == int(matched.words["LINE"]) else false(reason, shown)


# --- signals and timers -----------------------------------------------------------------------------------------------


def _connections(code: Code) -> list[tuple[Call, FunctionInfo]]:
    return code.calls_of("connect")


def _has_receiver(matched: Matched, code: Code) -> Truth | None:
    """Something is connected to a signal of the program."""
    name = matched.name("X").name
    entities = code.resolve(matched.name("X"))
    signal = entities[0].function if len(entities) == 1 else None
    if signal is None or signal.owner is None or "signal" not in signal.section.lower():
        return None
    found = [call.place for call, _ in _connections(code) if _first_signal(call, code) == (signal.owner.name, name)]
    if found:
        return true("It is connected.", *(quoted(one, code) for one in found), always=True)
    connected_by_text = any(re.search(rf"SIGNAL\s*\(\s*{re.escape(name)}\b", unit.code) for unit in code.program.units)
    connected_by_name = any(one.name.startswith("on_") and one.name.endswith(f"_{name}") for one in code.functions)
    lines = [place for place in code.occurrences(name) if "connect" in quoted(place, code)[1]]
    if connected_by_text or connected_by_name or lines or "in this file" not in matched.wording.core + matched.rest:
        return None
    return false(f"{name} is given to no connect(); searched: {code.extent}.")


_OF_CLASS = re.compile(r"&\s*(?:\w+::)*(\w+)::(\w+)\b")


def _first_signal(call: Call, code: Code) -> tuple[str, str]:
    """Return the class and the name of the signal that a connect() is given; what is connected to it comes after it."""
    unit = code.unit_of(call.place)
    text = (
        unit.bare_code[unit.span(call.place.line, call.place.end_line or call.place.line)] if unit is not None else ""
    )
    found = _OF_CLASS.search(text)
    return (found[1], found[2]) if found is not None else ("", "")


def _timers(code: Code) -> list[Given]:
    """Return the times of the timers that go off again and again."""
    calls = [found for name in ("setInterval", "start", "startTimer") for found in code.calls_of(name)]
    return [
        one
        for call, function in calls
        if len(call.arguments) == 1
        for one in values_given(call.arguments[0], function, code)
        if isinstance(one.value, float)
    ]


def _every(matched: Matched, code: Code) -> Truth | None:
    """S is triggered by a timer every T: connected to the only timer of the program, or to none."""
    name = matched.name("S").name if "S" in matched.names else ""
    connects = [
        call
        for call, _ in _connections(code)
        if any("timeout" in names_in(one) for one in call.arguments)
        and any(name in names_in(one) for one in call.arguments)
    ]
    if not name or not connects or code.occurrences("setSingleShot") or code.occurrences("singleShot"):
        return None
    given = _timers(code)
    if len(given) != 1:
        return None
    return compared(given, wanted_numbers(matched.words["V"], matched.words.get("U", "")), "The interval", code)


def _quits_after(matched: Matched, code: Code) -> Truth | None:
    """The program quits after T: what a single shot calls is quit()."""
    shots = [
        (call, function)
        for call, function in code.calls_of("singleShot")
        if len(call.arguments) > 1 and any({"quit", "exit"} & names_in(one) for one in call.arguments[1:])
    ]
    given = [one for call, function in shots for one in values_given(strip_casts(call.arguments[0]), function, code)]
    return compared(given, wanted_numbers(matched.words["V"], matched.words.get("U", "")), "The time", code)


_CLIENTS = r"(?:the |all |every |each |an? )?(?:\w+ )?(?:clients?|connections?|requests?)"
_PROGRAMS = r"(?:the |this |whole |entire )*(?:program|code|file|server|module|script|application)"

WHOLE = (
    StatementKind(
        "umask gives",
        "which mode a umask leaves",
        "`os.umask(0o177)` gives the socket file the mode 0600.",
        _umask_gives,
        (
            (
                r"{X} (?:gives|makes|leaves|lets) (?:the |a )?(?:\w+ )?(?:file|socket|files|sockets) "
                r"(?:with )?(?:the |a )?(?:mode|permissions) (?P<V>0o?[0-7]+)$"
            ),
        ),
    ),
    StatementKind(
        "is locked",
        "whether the program has any lock",
        "Not a single mutex is locked in this program.",
        _locks,
        (
            r"an? (?:single )?(?:mutex|lock|mutexes|locks) {BE} (?:locked|used|taken|acquired|held)$",
            r"(?:a )?single (?:mutex|lock) {BE} (?:locked|used|taken|acquired|held)$",
        ),
        (
            (
                r"no (?:single )?(?:mutex|mutexes|lock|locks)(?: of any kind)? (?:is|are) (?:locked|used|"
                r"taken|acquired|held)$"
            ),
        ),
    ),
    StatementKind(
        "is protected",
        "whether a lock protects something, where the program has none",
        "`journal` is protected by a `QMutex`.",
        _is_protected,
        (
            (
                r"{X} {BE} (?:protected|guarded|locked|secured) (?:by|with) (?:an? |the |its "
                r")?(?:(?P<LOCK><\d+>)|mutex|lock|semaphore)"
            ),
        ),
    ),
    StatementKind(
        "one at a time",
        "whether clients are served one after the other",
        "Clients are handled one after the other.",
        _one_at_a_time,
        (
            (
                rf"{_CLIENTS} {{BE}} (?:served|handled|dealt with|processed|answered) (?:one (?:at a time|"
                rf"after (?:the other|another)|by one)|sequentially|in sequence|serially)(?: in (?:the |a "
                rf")(?:main |accept |single )?loop)?$"
            ),
        ),
    ),
    StatementKind(
        "uses sockets",
        "whether the program uses sockets at all",
        "No socket is used in this program.",
        _uses_sockets,
        (rf"{_PROGRAMS} uses (?:a |any )?sockets?$", r"(?:a |any )?sockets? {BE} (?:used|opened|created|involved)$"),
        (
            r"no sockets? {BE} (?:used|opened|created|involved)$",
            rf"{_PROGRAMS} uses no sockets?(?: at all)?$",
            r"there (?:is|are) no sockets?$",
        ),
    ),
    StatementKind(
        "catches anything",
        "whether the program catches any exception",
        "There is no place where the server catches an exception.",
        _catches_anything,
        (rf"{_PROGRAMS} (?:catches|handles) (?:an |any )?exceptions?(?: at all)?$", r"exceptions? {BE} caught$"),
        (
            rf"there {{BE}} no place where {_PROGRAMS} (?:catches|handles) (?:an |any )?exceptions?$",
            rf"nowhere {_PROGRAMS} (?:catches|handles) (?:an |any )?exceptions?$",
            r"no exceptions? {BE} (?:caught|handled)$",
            rf"{_PROGRAMS} (?:catches|handles) no exceptions?$",
        ),
    ),
    StatementKind(
        "caught by reference",
        "how C++ catches exceptions",
        "The exception is caught by const reference.",
        _catches_by_reference,
        (r"(?:the |every |each |all )?exceptions? {BE} caught by (?:a )?const(?:ant)? reference$",),
        (r"(?:the |every |each |all )?exceptions? {BE} caught by value$",),
    ),
    StatementKind(
        "line of the bare except",
        "on which line the bare except stands",
        "The bare `except:` is on line 76.",
        _bare_except_line,
        (
            (
                r"(?:the |a )?bare (?:<\d+>|except):? (?:clause |handler )?(?:{BE}|stands|sits) (?:on|at|"
                r"in) line (?P<LINE>\d+)$"
            ),
        ),
    ),
    StatementKind(
        "has a receiver",
        "whether anything is connected to a signal",
        "Nothing in the program reacts to the `failed` signal.",
        _has_receiver,
        (
            r"(?:something|anything)(?: in (?:the|this) \w+)? (?:reacts? to|listens? to|{BE} connected to) {X}$",
            r"an? slot(?: or (?:a )?lambda)?(?: in (?:the|this) \w+)? {BE} connected to {X}$",
        ),
        (
            r"nothing(?: in (?:the|this) \w+)? (?:reacts? to|listens? to|handles?|{BE} connected to) {X}$",
            (
                r"no (?:slot|lambda|receiver|handler)(?: or (?:slot|lambda|receiver|handler))?(?: in "
                r"(?:the|this) \w+)? {BE} connected to {X}$"
            ),
        ),
    ),
    StatementKind(
        "every so often",
        "how often a timer calls a function",
        "`flushAll()` is triggered by a timer every 5000 ms.",
        _every,
        (r"{S} {BE} (?:called|triggered|run|invoked|executed)(?: by (?:a|the) timer)? every {V}$",),
    ),
    StatementKind(
        "quits after",
        "after which time the program quits by itself",
        "The application quits after 60 seconds at the latest.",
        _quits_after,
        (rf"{_PROGRAMS} (?:quits|exits|ends|stops|terminates)(?: by itself)? after {{V}}(?: at the latest)?$",),
    ),
)
