"""LS103: the socket is open to others between `bind` and the `chmod` that closes it."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket.review.analysis.effects import Effect
from localsocket.review.analysis.facts import Facts
from localsocket.review.analysis.texts import HoleKind
from localsocket.review.apis.meaning import Act
from localsocket.review.findings import Finding, Severity
from localsocket.review.model.declarations import FunctionInfo
from localsocket.review.model.unit import Language
from localsocket.review.rules.rule import Example, Rule

_OTHERS_MAY_WRITE = 0o002
_NOT_THE_OWNER = 0o077


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        binds = facts.effects.of(function, Act.BIND)
        if not binds:
            continue
        changes = facts.effects.of(function, Act.CHMOD | Act.MAKE_DIRECTORY)
        umasks = facts.effects.of(function, Act.UMASK)
        for bind in binds:
            if facts.transports.is_network_site(bind.site) or _is_in_private_directory(facts, function, bind, changes):
                continue
            yield from _late_changes(facts, function, bind, changes)
            yield from _umasks_around(facts, function, bind, umasks)


def _late_changes(facts: Facts, function: FunctionInfo, bind: Effect, changes: list[Effect]) -> Iterator[Finding]:
    for change in changes:
        if not change.site.api.act & Act.CHMOD or not facts.flow(function).may_follow(bind.anchor, change.anchor):
            continue
        mode = change.site.argument("mode")
        if facts.access.bits(mode, change.site.function) & _OTHERS_MAY_WRITE:
            continue  # there is nothing to close: LS101 says so
        if facts.effects.same_endpoint(bind, change, "path") or facts.effects.same_socket(bind, change, "path"):
            message = (
                "The mode is set after the socket was bound: until then whoever may enter the directory can connect."
            )
            yield RULE.finding(change.place, message, [(bind.place, "bound here"), (change.place, "closed only here")])


def _umasks_around(facts: Facts, function: FunctionInfo, bind: Effect, umasks: list[Effect]) -> Iterator[Finding]:
    before = [
        umask
        for umask in umasks
        if umask.site.function is bind.site.function and facts.flow(function).may_follow(umask.anchor, bind.anchor)
    ]
    if before:
        message = (
            "The umask belongs to the whole process: what other threads create in the meantime gets this mode too."
        )
        evidence = [(before[0].place, "changed here"), (bind.place, "for this bind")]
        yield RULE.finding(before[0].place, message, evidence)


def _is_in_private_directory(facts: Facts, function: FunctionInfo, bind: Effect, changes: list[Effect]) -> bool:
    texts = facts.effects.texts(bind, "endpoint")
    if texts and all(text.has(HoleKind.PRIVATE, HoleKind.RUNTIME) for text in texts):
        return True
    flow = facts.flow(function)
    for change in changes:
        mode = change.site.argument("mode")
        if mode is None or not flow.dominates(change.anchor, bind.anchor):
            continue
        modes = facts.values.numbers(mode, change.site.function)
        is_endpoint = facts.effects.same_endpoint(bind, change, "path")
        if modes and not any(number & _NOT_THE_OWNER for number in modes) and not is_endpoint:
            return True
    return False


RULE = Rule(
    id="LS103",
    title="permissions set after bind, or by umask",
    severity=Severity.MEDIUM,
    cwe="CWE-362",
    why=(
        "bind creates the socket's file with the mode that the umask leaves. Between bind and chmod another user can "
        "connect, and a connection once made stays. Changing the umask instead changes it for every thread of the "
        "process."
    ),
    repair="bind inside a directory that you made with mode 0700, or fchmod the socket before bind",
    unless=("a directory is made with mode 0700, or narrowed to it, before the bind",),
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
