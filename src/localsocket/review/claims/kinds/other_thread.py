"""Whether something is used from several threads, or on another than its own."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket.review.claims.claim import Answer, Claim, Shown, by_findings, refuted, supported, undecided
from localsocket.review.claims.kinds.kind import ClaimKind, words
from localsocket.review.claims.mentions import Mention
from localsocket.review.claims.reviewed_code import Code, Sort
from localsocket.review.findings import Finding
from localsocket.review.model.declarations import FunctionInfo, FunctionKind
from localsocket.review.model.expressions import Call
from localsocket.review.model.statements import With

_RULES = ("LS203", "LS204")
_SHOWN = 4
_OWN = "the thread that begins the program"
_LOCKS = ("lock", "tryLock", "acquire", "QMutexLocker", "lock_guard", "unique_lock", "scoped_lock", "with")


def check(claim: Claim, code: Code) -> Answer:
    calls = [one for subject in claim.subjects for one in _calls(subject, claim, code)]
    named = {name for subject in claim.subjects for name in (subject.name, subject.qualifier) if name}
    findings = [finding for finding in code.findings(*_RULES) if not named or _is_about(finding, named, calls, code)]
    if findings:
        return by_findings(findings, claim.is_complaint)
    if not code.facts.threads.workers:
        reason = f"The program begins no thread of its own; searched: {code.extent}."
        return refuted(reason, *_shown(calls)) if claim.is_complaint else undecided(reason, *_shown(calls))
    if not calls:
        return _without_calls(claim, code)
    shared = list(_shared(calls, code))
    if shared:
        reason = "It is used from several threads, without a lock that would be seen."
        return supported(reason, *shared) if claim.is_complaint else refuted(reason, *shared)
    unknown = [one for one in calls if not _threads_of(one[1], code)]
    if unknown:
        return undecided("Nothing in the files given calls it, so no thread is known.", *_shown(unknown))
    shown: list[Shown] = [
        (call.place, f"{call.called_name}() on {' and '.join(_threads_of(function, code))}")
        for call, function in calls[:_SHOWN]
    ]
    reason = "Each object is used on one thread only, the one on which it is made."
    return refuted(reason, *shown) if claim.is_complaint else supported(reason, *shown)


def _without_calls(claim: Claim, code: Code) -> Answer:
    entities = [entity for subject in claim.subjects for entity in code.resolve(subject, claim.scopes)]
    places: list[Shown] = [(entity.place, f"{entity} is here") for entity in entities[:_SHOWN]]
    workers: list[Shown] = [(worker.place, f"the thread of {worker.label}") for worker in code.facts.threads.workers]
    if claim.subjects and all(entity.sort is Sort.FUNCTION for entity in entities) and entities:
        return undecided(f"Nothing calls it in the files given; searched: {code.extent}.", *places)
    return undecided(
        "No rule finds a use on another thread, which does not prove that there is none.", *places, *workers
    )


def _calls(subject: Mention, claim: Claim, code: Code) -> Iterator[tuple[Call, FunctionInfo]]:
    """Return the calls that a name means: those of a function, or those of methods of an object or a class's."""
    scopes = {scope.name for scope in (*claim.scopes, *(one for one in claim.subjects if one is not subject))}
    entities = code.resolve(subject)
    owners = {entity.owner.name for entity in entities if entity.sort is Sort.CLASS and entity.owner is not None}
    if owners:
        if any(one is not subject and code.calls_of(one.name) for one in claim.subjects):
            return  # "ServerThread calls listen()": the class is where, and not what
        for function in code.program.functions:
            if function.owner is not None and function.owner.name in owners:
                for call in function.calls():
                    if call.receiver is not None and _is_device(call, function, code):
                        yield call, function
        return
    found = code.calls_of(subject.name)
    inside = [one for one in found if scopes & _homes(one[1])]
    if subject.qualifier:
        inside = [one for one in inside or found if _fits(one, subject.qualifier, code)]
    yield from inside or found
    if not found:
        for function in code.program.functions:
            for call in function.calls():
                if getattr(call.receiver, "identifier", getattr(call.receiver, "name", "")) == subject.name:
                    yield call, function


def _is_device(call: Call, function: FunctionInfo, code: Code) -> bool:
    return call.receiver is not None and code.facts.inference.is_a(
        call.receiver, function, "QLocalServer", "QLocalSocket", "QIODevice", "socket.socket"
    )


def _fits(found: tuple[Call, FunctionInfo], qualifier: str, code: Code) -> bool:
    call, function = found
    receiver = call.receiver
    if receiver is None:
        return function.owner is None or qualifier in code.facts.inference.class_lineage(function.owner)
    kind = code.facts.inference.type_of(receiver, function)
    return not kind or code.facts.inference.is_a(receiver, function, qualifier) or kind.endswith(qualifier)


def _homes(function: FunctionInfo | None) -> set[str]:
    names: set[str] = set()
    while function is not None:
        names.add(function.name)
        if function.owner is not None:
            names.add(function.owner.name)
        function = function.enclosing
    return names


def _is_about(finding: Finding, named: set[str], calls: list[tuple[Call, FunctionInfo]], code: Code) -> bool:
    lines = {(one.place.file, one.place.line) for one in finding.evidence} | {(finding.place.file, finding.place.line)}
    if any((call.place.file, call.place.line) in lines for call, _ in calls):
        return True
    if any(name in finding.message.replace("()", "").replace(".", " ").split() for name in named):
        return True
    for function in code.program.functions:
        if function.owner is not None and function.owner.name in named:
            here = {(call.place.file, call.place.line) for call in function.calls()}
            if here & lines:
                return True
    return False


def _threads_of(function: FunctionInfo, code: Code) -> list[str]:
    """Return the threads on which a function may run, by who calls it."""
    found: dict[str, None] = {}
    seen: set[FunctionInfo] = set()
    entries = {worker.function: worker.label for worker in code.facts.threads.workers}
    waiting = [function]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current in entries:
            found[f"the thread of {entries[current]}"] = None
            continue
        if current.kind is FunctionKind.LAMBDA and current.enclosing is not None:
            waiting.append(current.enclosing)  # a slot runs where its connection is made, unless it says otherwise
            continue
        callers = [site.caller for site in code.facts.calls.callers(current)]
        connected = [one.function for one in code.facts.connections.all if current in one.targets]
        if callers or connected:
            waiting.extend((*callers, *connected))
        elif current.kind is FunctionKind.MODULE or _is_called_from_outside(current, code):
            found[_OWN] = None
    return list(found)


def _is_called_from_outside(function: FunctionInfo, code: Code) -> bool:
    if function.name == "main" or function.section.startswith(("private slots", "public slots")):
        return True
    return code.facts.heritage.is_given(function) or function.is_constructor


def _shared(calls: list[tuple[Call, FunctionInfo]], code: Code) -> Iterator[Shown]:
    """Yield the calls on one variable that is nobody's own, from two threads, unless a lock is taken around them."""
    on: dict[object, dict[str, list[tuple[Call, FunctionInfo]]]] = {}
    for call, function in calls:
        variable = code.facts.names.variable(call.receiver, function) if call.receiver is not None else None
        if variable is None or any(_takes_lock(one) for one in (function,)):
            continue
        if isinstance(variable.owner, FunctionInfo) and variable.owner is function:
            continue
        for thread in _threads_of(function, code):
            on.setdefault(variable, {}).setdefault(thread, []).append((call, function))
    for threads in on.values():
        if len(threads) > 1:
            for thread, found in threads.items():
                firsts = {call.called_name: call for call, _ in reversed(found)}
                for name, call in firsts.items():
                    yield call.place, f"{name}() on {thread}"


def _takes_lock(function: FunctionInfo) -> bool:
    names = {call.called_name for call in function.calls()} | set(function.declared_types().values())
    guarded = any(isinstance(statement, With) for statement in function.statements())
    return guarded or any(lock in name for name in names for lock in _LOCKS)


def _shown(calls: list[tuple[Call, FunctionInfo]]) -> list[Shown]:
    return [(call.place, f"{call.called_name}() is called here") for call, _ in calls[:_SHOWN]]


KIND = ClaimKind(
    name="other thread",
    title="something is used from several threads, or on a thread that is not its own",
    complaint=words(
        r"(?:not|n't|isn't|non|un)[\s-]*(?:\w+\s+)?thread[\s-]?safe",
        r"thread[\s-]?unsafe",
        r"thread[\s-]safety",
        r"(?:from|in|on|by|across|between|to|within)\W+(?:\w+\W+){0,2}?(?:another|other|different|separate|"
        r"multiple|several|the wrong|wrong|two|various|many|foreign|secondary|a worker)\W+"
        r"(?:\w+\W+)?threads?\b",
        r"cross[\s-]thread",
        r"thread affinity",
        r"across threads",
        r"(?:data|thread) races?",
        r"race conditions?",
        r"concurrent(?:ly)? (?:access(?:ed)?|used?|calls?|called|reads?|writes?|read|written)",
        r"threading (?:issue|problem|bug|violation)s?",
        r"(?:without|no|lacks?|missing)\W+(?:any\W+|a\W+|proper\W+)*(?:lock(?:ing|s)?|mutex(?:es)?|"
        r"synchroni[sz]ation|QMutex)",
        r"\bmulti-?thread(?:ed|ing)? (?:environment|context|use|usage|access|problem|issue)s?",
    ),
    denial=words(
        r"thread[\s-]?safe(?!ty)",
        r"(?:only )?(?:from|on|in)\W+(?:a\W+|one\W+|the\W+)*(?:single|one|same|own|its own|only one)\W+"
        r"(?:\w+\W+)?thread\b",
    ),
    check=check,
    rank=3,
    examples=(
        "`listen()` is called from a different thread than the one that owns the server.",
        "`read()` and `write()` are not thread-safe.",
        "Potential race condition in `ServerThread`.",
        "The socket is written by several threads.",
    ),
)
