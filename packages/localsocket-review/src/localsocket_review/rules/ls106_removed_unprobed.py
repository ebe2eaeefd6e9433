"""LS106: the endpoint is removed before binding, whether or not a server lives there."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.effects import Effect, is_of_another_run
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.texts import Hole, HoleKind, lie_in
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Confidence, Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Name
from localsocket_review.model.unit import Language
from localsocket_review.rules.chosen_names import chosen_name
from localsocket_review.rules.rule import Example, Rule

_LOOKING = frozenset({"stat", "lstat", "fstatat", "stat64", "lstat64"})
_OF_SOCKETS = frozenset({"S_ISSOCK", "S_IFSOCK", "S_IFMT", "is_socket", "isSocket"})
_MESSAGE = "The endpoint is removed without checking for a live server: a second start cuts off the first."
_SOMETIMES = "On some paths, the endpoint is removed without checking for a live server."


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        yield from _in_one_function(facts, function)
    for found in facts.classes():
        yield from _across_methods(facts, found)


def _in_one_function(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    removals, binds = facts.effects.of(function, Act.REMOVE), facts.effects.of(function, Act.BIND)
    if not removals or not binds:
        return
    for removal in removals:
        bind = next((one for one in binds if _is_bound_after(facts, function, removal, one)), None)
        if bind is None or _is_fresh(facts, bind):
            continue
        evidence = [(removal.place, "removed here"), (bind.place, "bound here")]
        if facts.instance_checks.come_before(function, removal) or _cuts_nobody_off(facts, function, removal):
            looked = _looks_past_the_kind(facts, removal)
            if looked is not None:
                message = (
                    f"{looked.called_name}() looks at what is here, but nothing checks that it is a socket: it is "
                    "removed whatever it is."
                )
                evidence.insert(0, (looked.place, "asked here"))
                yield RULE.finding(removal.place, message, evidence, severity=Severity.MEDIUM)
        elif facts.instance_checks.come_sometimes(function, removal):
            yield RULE.finding(removal.place, _SOMETIMES, evidence, confidence=Confidence.LOW)
        else:
            yield RULE.finding(removal.place, _MESSAGE, evidence)


def _is_fresh(facts: Facts, bind: Effect) -> bool:
    """Say whether the name is that of a file which was made for it: no server lives there."""
    chosen = chosen_name(facts, bind.site)
    return chosen is not None and chosen.is_file


def _is_bound_after(facts: Facts, function: FunctionInfo, removal: Effect, bind: Effect) -> bool:
    if is_of_another_run(removal, bind):
        return False
    follows = removal.anchor is not bind.anchor and facts.flow(function).may_follow(removal.anchor, bind.anchor)
    return follows and facts.effects.same_endpoint(bind, removal, "endpoint")


def _looks_past_the_kind(facts: Facts, removal: Effect) -> Call | None:
    """Return the call that asks for a mode before the removal, if nothing there asks whether it is a socket."""
    function = removal.site.function
    words = {part.identifier for part in function.expressions() if isinstance(part, Name)}
    words |= {part.name for part in function.expressions() if isinstance(part, Attribute)}
    if "st_mode" not in words or words & _OF_SOCKETS:
        return None
    removed = facts.effects.texts(removal, "endpoint")
    for call in function.calls():
        path = call.arguments[0] if call.arguments else call.receiver
        if call.called_name not in _LOOKING or path is None:
            continue
        is_before = facts.flow(function).dominates(call, removal.site.call)
        if is_before and removed & facts.values.endpoint(path, function):
            return call
    return None


def _cuts_nobody_off(facts: Facts, function: FunctionInfo, removal: Effect) -> bool:
    """Say whether no living server can be there: a file is locked before, or the name is this program's alone."""
    if any(
        facts.instance_checks.is_record_locked(where, call)
        for where, call in ((function, removal.anchor), (removal.site.function, removal.site.call))
    ):
        return True
    texts = facts.effects.texts(removal, "endpoint")
    return _is_name_of_this_process(facts, removal) or lie_in(texts, HoleKind.PRIVATE)


def _is_name_of_this_process(facts: Facts, removal: Effect) -> bool:
    """Say whether the name holds the number of this process, so that no other server has it."""
    texts = [text for text in facts.effects.texts(removal, "endpoint") if not text.is_unknown]
    return bool(texts) and all(any(map(_is_process_id, text.parts)) for text in texts)


def _is_process_id(part: str | Hole) -> bool:
    origin = part.origin if isinstance(part, Hole) else None
    return isinstance(origin, Call) and origin.called_name in ("getpid", "applicationPid")


def _across_methods(facts: Facts, found: ClassInfo) -> Iterator[Finding]:
    """A constructor that removes what another method binds."""
    for constructor in found.constructors():
        found_here = facts.effects.of(constructor, Act.REMOVE) if constructor.body is not None else []
        removals = [one for one in found_here if not _cuts_nobody_off(facts, constructor, one)]
        if not removals or facts.instance_checks.of(constructor):
            continue
        for method in found.all_methods():
            if method is constructor or method.body is None:
                continue
            for bind in facts.effects.of(method, Act.BIND):
                for removal in removals:
                    if facts.effects.same_endpoint(bind, removal, "endpoint"):
                        evidence = [(removal.place, "removed here"), (bind.place, "bound here")]
                        yield RULE.finding(removal.place, _MESSAGE, evidence)


RULE = Rule(
    id="LS106",
    title="endpoint removed without a probe or a lock",
    severity=Severity.HIGH,
    cwe="CWE-367",
    why=(
        "After a crash the socket's file stays, and removing it before bind makes the next start work. It also "
        "removes the file of a server that is still running: its clients stay connected, new ones reach the "
        "newcomer, and neither server notices."
    ),
    repair="hold a lock file from before the removal until the server ends; a refused connection is no "
    "proof, since a server that is starting refuses too",
    unless=(
        "a connection is tried before the removal",
        "a lock is held, or a file holds the number of a process, which is looked for: kill(pid, 0)",
        "the name holds the number of this process, or lies in a directory made for it",
        "the removal is part of closing, after serving",
        "(where the mode is looked at) S_ISSOCK is asked as well",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad="os.unlink(path)\nserver.bind(path)\n",
            good='server = localsocket.listen("editor.control")  # takes over what is stale, never what lives\n',
        ),
        Example(
            Language.CPP,
            bad="QLocalServer::removeServer(name);\nserver->listen(name);\n",
            good=(
                "QLockFile lock(lockPath);\nif (!lock.tryLock(0))\n    return alreadyRunning();\n"
                "QLocalServer::removeServer(name);\nserver->listen(name);\n"
            ),
        ),
    ),
    check=check,
)
