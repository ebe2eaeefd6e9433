"""LS106: the endpoint is removed before binding, whether or not a server lives there."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket.review.analysis.effects import Effect
from localsocket.review.analysis.facts import Facts
from localsocket.review.apis.meaning import Act
from localsocket.review.findings import Finding, Severity
from localsocket.review.model.declarations import ClassInfo, FunctionInfo
from localsocket.review.model.unit import Language
from localsocket.review.rules.rule import Example, Rule

_ASKING = Act.CONNECT | Act.LOCK
_MESSAGE = (
    "What stands at the endpoint is removed without asking whether a server lives there: a second start cuts it off."
)


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        yield from _in_one_function(facts, function)
    for found in facts.classes():
        yield from _across_methods(facts, found)


def _in_one_function(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    removals = facts.effects.of(function, Act.REMOVE)
    if not removals:
        return
    binds = facts.effects.of(function, Act.BIND)
    asked = facts.effects.of(function, _ASKING)
    for removal in removals:
        if any(_asks_before(facts, function, question, removal) for question in asked):
            continue
        for bind in binds:
            follows = removal.anchor is not bind.anchor and facts.flow(function).may_follow(removal.anchor, bind.anchor)
            if follows and facts.effects.same_endpoint(bind, removal, "endpoint"):
                yield RULE.finding(
                    removal.place, _MESSAGE, [(removal.place, "removed here"), (bind.place, "bound here")]
                )
                break


def _asks_before(facts: Facts, function: FunctionInfo, question: Effect, removal: Effect) -> bool:
    """Say whether the question was put on every way to the removal."""
    if question.anchor is not removal.anchor:
        return facts.flow(function).dominates(question.anchor, removal.anchor)
    if question.site.function is removal.site.function:
        return facts.flow(question.site.function).dominates(question.site.call, removal.site.call)
    return True


def _across_methods(facts: Facts, found: ClassInfo) -> Iterator[Finding]:
    """A constructor that removes what another method binds."""
    for constructor in found.constructors():
        removals = facts.effects.of(constructor, Act.REMOVE) if constructor.body is not None else []
        if not removals or facts.effects.of(constructor, _ASKING):
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
        "removes the file of a server that lives: its clients stay, new ones reach the newcomer, and nobody is told."
    ),
    repair="hold a lock file for the server's life, or connect first and remove only when that is refused",
    unless=(
        "a connection is tried before the removal",
        "a lock is held",
        "the removal is part of closing, after serving",
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
