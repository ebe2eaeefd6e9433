"""LS103: the socket is open to others between `bind` and the `chmod` that closes it, or stays so: it closes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.effects import Effect
from localsocket_review.analysis.facts import Facts
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_OTHERS_MAY_WRITE = 0o002


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        binds = facts.effects.of(function, Act.BIND)
        if not binds:
            continue
        changes = facts.effects.of(function, Act.CHMOD)
        umasks = facts.effects.of(function, Act.UMASK)
        for bind in binds if changes or umasks else ():
            if facts.transports.is_network_site(bind.site) or facts.seclusion.is_secluded(function, bind):
                continue
            yield from _late_changes(facts, function, bind, changes)
            yield from _early_changes(facts, function, bind, changes)
            yield from _umasks_around(facts, function, bind, umasks)


def _late_changes(facts: Facts, function: FunctionInfo, bind: Effect, changes: list[Effect]) -> Iterator[Finding]:
    for change in changes:
        if not facts.flow(function).may_follow(bind.anchor, change.anchor):
            continue
        bound = (bind.place, "bound here")
        if facts.effects.same_socket(bind, change, "path"):
            if not _is_set_before(facts, function, change, bind):
                message = (
                    f"{change.site.api.method}() of a socket that is bound changes nothing of its file on Linux: that "
                    "keeps the mode which the umask left."
                )
                yield RULE.finding(change.place, message, [bound, (change.place, "without effect here")])
            continue
        mode = change.site.argument("mode")
        if facts.access.bits(mode, change.site.function) & _OTHERS_MAY_WRITE:
            continue  # there is nothing to close: LS101 says so
        if facts.effects.same_endpoint(bind, change, "path"):
            message = (
                "The mode is set after the socket was bound: until then whoever may enter the directory can connect."
            )
            yield RULE.finding(change.place, message, [bound, (change.place, "closed only here")])


def _early_changes(facts: Facts, function: FunctionInfo, bind: Effect, changes: list[Effect]) -> Iterator[Finding]:
    """A path gets a mode before there is a socket at it: bind makes a new file, and asks nobody for the mode."""
    flow = facts.flow(function)
    of_path = [
        change
        for change in changes
        if change.anchor is not bind.anchor
        and not facts.effects.same_socket(bind, change, "path")
        and facts.effects.same_endpoint(bind, change, "path")
    ]
    if any(flow.may_follow(bind.anchor, change.anchor) for change in of_path):
        return  # the mode is set in the end
    for change in of_path:
        if flow.may_follow(change.anchor, bind.anchor):
            message = (
                f"{change.site.api.method}() before bind changes what stood there before; the socket that bind makes "
                "gets the mode which the umask leaves."
            )
            yield RULE.finding(change.place, message, [(change.place, "set here"), (bind.place, "bound only here")])


def _is_set_before(facts: Facts, function: FunctionInfo, change: Effect, bind: Effect) -> bool:
    """Say whether the mode is set before the bind, and after it only when that is tried again."""
    where, first, then = function, change.anchor, bind.anchor
    if change.site.function is bind.site.function:
        where, first, then = change.site.function, change.site.call, bind.site.call
    is_above = (first.place.line, first.place.column) < (then.place.line, then.place.column)
    return is_above and facts.flow(where).may_follow(first, then)


def _umasks_around(facts: Facts, function: FunctionInfo, bind: Effect, umasks: list[Effect]) -> Iterator[Finding]:
    before = [
        umask
        for umask in umasks
        if facts.flow(function).may_follow(umask.anchor, bind.anchor)
        and facts.seclusion.is_for_a_while(function, umask, bind)
    ]
    if not before:
        return
    evidence = [(before[0].place, "changed here"), (bind.place, "for this bind")]
    if facts.threads.has_none:
        message = (
            "The umask belongs to the whole process: the day it gets a second thread, that one gets this mode too."
        )
        yield RULE.finding(before[0].place, message, evidence, severity=Severity.NOTE)
    else:
        message = (
            "The umask belongs to the whole process: what other threads create in the meantime gets this mode too."
        )
        yield RULE.finding(before[0].place, message, evidence)


RULE = Rule(
    id="LS103",
    title="permissions set at the wrong time, or by umask",
    severity=Severity.MEDIUM,
    cwe="CWE-362",
    why=(
        "bind creates the socket's file with the mode that the umask leaves. Between bind and chmod another user can "
        "connect, and a connection once made stays. A chmod before bind changes another file, or none; on Linux, "
        "fchmod of a bound socket does not reach its file. Changing the umask instead changes it for every thread of "
        "the process."
    ),
    repair="bind inside a directory that you made with mode 0700, or fchmod the socket before bind",
    unless=(
        "a directory is made with mode 0700, or narrowed to it, before the bind",
        "the socket itself gets its mode by fchmod before the bind",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad="server.bind(path)\nos.chmod(path, 0o600)\n",
            good='os.mkdir(directory, 0o700)\nserver.bind(os.path.join(directory, "control"))\n',
        ),
        Example(
            Language.CPP,
            bad="bind(fd, (sockaddr *)&address, sizeof address);\nchmod(address.sun_path, 0600);\n",
            good="fchmod(fd, 0600);\nbind(fd, (sockaddr *)&address, sizeof address);\n",
        ),
    ),
    check=check,
)
