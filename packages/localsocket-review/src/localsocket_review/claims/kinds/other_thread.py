"""Whether something is used from several threads, or on another than its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.shared_data import DataAccess, lock_around, locks_of
from localsocket_review.claims.claim import Answer, Claim, Shown, by_findings, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import HOMES, Code, Entity, Sort
from localsocket_review.claims.statements.running import thread_names
from localsocket_review.findings import Finding
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Call

_RULES = ("LS203", "LS204")
_SHOWN = 4
_OF_ITSELF = re.compile(r"thread[\s-]?(?:un)?safe", re.IGNORECASE)
_IS_CALLED = re.compile(r"\b(?:called|invoked|executed)\b", re.IGNORECASE)
_OF_LOCKS = re.compile(r"\b(?:lock|mutex|synchroni)", re.IGNORECASE)


def check(claim: Claim, code: Code) -> Answer:
    calls = [one for subject in claim.subjects for one in _calls(subject, claim, code)]
    entities = [entity for subject in claim.subjects for entity in code.resolve(subject, claim.scopes)]
    findings = [] if _is_of_itself(claim) else _findings_about(claim, entities, calls, code)
    if findings:
        return by_findings(findings, claim.is_complaint)
    if _OF_LOCKS.search(claim.clause) and (locks := list(_locks(entities))):
        return _said(claim, is_complaint_true=False, reason="It takes a lock.", shown=locks)
    uses = [use for entity in entities for use in _accesses(entity, code)]
    if uses and (not calls or all(use.lock is not None for use in uses)):
        return _of_data(uses, claim, code)
    if not code.facts.threads.workers:
        return _without_threads(claim, calls, code)
    return _of_calls(claim, calls, code) if calls else _without_calls(claim, code)


def _findings_about(
    claim: Claim, entities: list[Entity], calls: list[tuple[Call, FunctionInfo]], code: Code
) -> list[Finding]:
    every = code.findings(*_RULES)
    return [one for one in every if not claim.subjects or _is_about(one, claim, entities, calls, code)]


def _said(claim: Claim, *, is_complaint_true: bool, reason: str, shown: list[Shown]) -> Answer:
    """Answer a complaint, or its denial, by whether the complaint is true."""
    return supported(reason, *shown) if claim.is_complaint is is_complaint_true else refuted(reason, *shown)


def _without_threads(claim: Claim, calls: list[tuple[Call, FunctionInfo]], code: Code) -> Answer:
    if thread_names(code):
        return undecided("Threads are named in the code; who starts one is not known.", *_shown(calls))
    reason = f"The program starts no thread itself; searched: {code.extent}."
    if _is_of_itself(claim):
        return undecided(f"{reason} The code does not say whether it could stand several.", *_shown(calls))
    return refuted(reason, *_shown(calls)) if claim.is_complaint else undecided(reason, *_shown(calls))


def _of_calls(claim: Claim, calls: list[tuple[Call, FunctionInfo]], code: Code) -> Answer:
    shared = list(_shared(calls, code))
    if shared:
        reason = "It is used from several threads, and no lock is seen."
        return _said(claim, is_complaint_true=True, reason=reason, shown=shared)
    unknown = [one for one in calls if not code.facts.shared_data.threads_of(one[1])]
    if unknown:
        return undecided("Nothing in the files given calls it, so no thread is known.", *_shown(unknown))
    shown: list[Shown] = [
        (call.place, f"{call.called_name}() on {' and '.join(code.facts.shared_data.threads_of(function))}")
        for call, function in calls[:_SHOWN]
    ]
    reason = "Each object is used on one thread only, the one on which it is made."
    if _is_of_itself(claim):
        return undecided(f"{reason} The code does not say whether it could stand several.", *shown)
    if claim.is_complaint and not _SHARED.search(claim.clause):
        return undecided(f"{reason} Nothing says that it is shared.", *shown)
    if claim.is_complaint and _ONE_OTHER.search(claim.clause) and not _ITS_OWN.search(claim.clause):
        return undecided(f"{reason} The review does not say which other thread is meant.", *shown)
    return _said(claim, is_complaint_true=False, reason=reason, shown=shown)


def _accesses(entity: Entity, code: Code) -> Iterator[DataAccess]:
    """Yield the uses of a member or of a file's variable, which functions may share."""
    if entity.sort is Sort.MEMBER and entity.owner is not None:
        yield from code.facts.shared_data.accesses(entity.name, entity.owner)
    scope = entity.function if entity.sort is Sort.VARIABLE else None
    if scope is not None and scope.kind is FunctionKind.MODULE:
        yield from code.facts.shared_data.accesses(entity.name, scope)


_SHARED = re.compile(
    (
        r"several|multiple|different|various|many|concurrent|\brace|lock|mutex|synchroni|another|other|"
        r"across|wrong|than|both"
    ),
    re.I,
)
# "in a worker thread": it may well be made there, too.
_ONE_OTHER = re.compile(
    (
        r"\b(?:an?|the|its)\s+(?:\w+\s+)?(?:other|separate|worker|background|second|secondary|new|"
        r"own)\s+(?:\w+\s+)?thread|\banother\s+(?:\w+\s+)?thread"
    ),
    re.I,
)
_ITS_OWN = re.compile(r"\bthan\b|\bnot the (?:one|thread)\b|\baffinity\b|\bown(?:s|er)\b|\blives\b", re.I)


def _is_of_itself(claim: Claim) -> bool:
    """Say whether it speaks of what something could stand, and not of how the program uses it."""
    return _OF_ITSELF.search(claim.clause) is not None


def _locks(entities: list[Entity]) -> Iterator[Shown]:
    functions = [one.found for one in entities if isinstance(one.found, FunctionInfo)]
    if functions and all(locks_of(one) for one in functions):
        yield from ((place, f"{one.name}() takes a lock here") for one in functions for place in locks_of(one))


def _of_data(uses: list[DataAccess], claim: Claim, code: Code) -> Answer:
    """A member, or a variable of the file: who reads and writes it on which thread, under which lock."""
    shown: list[Shown] = []
    threads: dict[str, None] = {}
    for use in uses:
        on = code.facts.shared_data.threads_of(use.function)
        threads.update(dict.fromkeys(on))
        verb = "written" if use.is_write else "used"
        shown.append((use.place, f"{verb} on {' and '.join(on) or 'a thread that is not known'}"))
    locked = [(use.lock, "a lock is taken here") for use in uses if use.lock is not None]
    if len(locked) == len(uses):
        reason = "A lock is held wherever it is used."
        return refuted(reason, *locked, *shown) if claim.is_complaint else supported(reason, *locked, *shown)
    if len(threads) > 1 and any(use.is_write for use in uses):
        bare = [one for use, one in zip(uses, shown, strict=True) if use.lock is None]
        reason = "It is used on several threads, and not always under a lock."
        return supported(reason, *bare) if claim.is_complaint else refuted(reason, *bare)
    is_known = all(code.facts.shared_data.threads_of(use.function) for use in uses)
    if is_known and len(threads) == 1 and not _is_of_itself(claim):
        reason = "It is used on one thread only."
        return refuted(reason, *shown) if claim.is_complaint else supported(reason, *shown)
    return undecided("The files given do not show all the threads on which it is used.", *shown)


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


def _is_about(
    finding: Finding, claim: Claim, entities: list[Entity], calls: list[tuple[Call, FunctionInfo]], code: Code
) -> bool:
    lines = {(one.place.file, one.place.line) for one in finding.evidence} | {(finding.place.file, finding.place.line)}
    if any((call.place.file, call.place.line) in lines for call, _ in calls):
        return True
    if any(one.sort in HOMES for one in entities):
        return not _IS_CALLED.search(claim.clause) and code.concerns(finding, entities)
    words = finding.message.replace("()", "").replace(".", " ").split()
    return any(subject.name in words for subject in claim.subjects)


def _shared(calls: list[tuple[Call, FunctionInfo]], code: Code) -> Iterator[Shown]:
    """Yield the calls on one variable that is nobody's own, from two threads, unless a lock is taken around them."""
    on: dict[object, dict[str, list[tuple[Call, FunctionInfo]]]] = {}
    for call, function in calls:
        variable = code.facts.names.variable(call.receiver, function) if call.receiver is not None else None
        if variable is None or lock_around(call, function) is not None:
            continue
        if isinstance(variable.owner, FunctionInfo) and variable.owner is function:
            continue
        for thread in code.facts.shared_data.threads_of(function):
            on.setdefault(variable, {}).setdefault(thread, []).append((call, function))
    for threads in on.values():
        if len(threads) > 1:
            for thread, found in threads.items():
                firsts = {call.called_name: call for call, _ in reversed(found)}
                for name, call in firsts.items():
                    yield call.place, f"{name}() on {thread}"


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
        r"threads?\b\W+(?:\w+\W+){0,5}?(?:and|as well as)\W+(?:\w+\W+){0,4}?threads?\b",
        r"(?:not|never)\W+(?:\w+\W+)?(?:protected|guarded|synchroni[sz]ed|locked)\b",
        r"\b(?:unprotected|unguarded|unsynchroni[sz]ed)\b",
        r"cross[\s-]thread",
        r"thread affinity",
        r"across threads",
        r"(?:data|thread) races?",
        r"race conditions?",
        r"(?:does|do|did) not\W+(?:\w+\W+)?(?:use|hold|take|acquire|lock)\W+(?:the\W+|an?\W+|any\W+|its\W+)*"
        r"(?:lock|mutex|<\d+>\W*$)",
        r"without\W+(?:holding|taking|locking|acquiring)\b",
        r"without\W+(?:\w+ing\W+)?(?:the\W+|an?\W+|any\W+)*(?:lock|mutex)",
        r"concurrent(?:ly)? (?:access(?:ed)?|used?|calls?|called|reads?|writes?|read|written)",
        r"threading (?:issue|problem|bug|violation)s?",
        r"(?:without|no|lacks?|missing)\W+(?:any\W+|a\W+|proper\W+)*(?:lock(?:ing|s)?|mutex(?:es)?|"
        r"synchroni[sz]ation|QMutex)",
        r"\bmulti-?thread(?:ed|ing)? (?:environment|context|use|usage|access|problem|issue)s?",
    ),
    denial=words(
        r"thread[\s-]?safe(?!ty)",
        r"(?:is|are)\W+(?:\w+ly\W+)?(?:protected|guarded)\W+by\W+(?:\w+\W+){0,3}?(?:lock|mutex|<\d+>)",
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
