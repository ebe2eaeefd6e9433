"""LS103: the socket is open to others between `bind` and the `chmod` that closes it, or stays so: it closes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.effects import Effect, is_of_another_run
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Binary, Call, Literal, Subscript, walk
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_OTHERS_MAY = 0o002
_MAY_CONNECT = 0o022  # who may write to a socket's file may connect
_USUAL = frozenset({0o022})


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
            yield from _late_changes(facts, function, bind, changes, umasks)
            yield from _early_changes(facts, function, bind, changes)
            yield from _umasks_around(facts, function, bind)


def _late_changes(
    facts: Facts, function: FunctionInfo, bind: Effect, changes: list[Effect], umasks: list[Effect]
) -> Iterator[Finding]:
    for change in changes:
        if not facts.flow(function).may_follow(bind.anchor, change.anchor):
            continue
        bound = (bind.place, "bound here")
        if facts.effects.same_socket(bind, change, "path"):
            is_late = not _is_set_before(facts, function, change, bind) and not _has_no_file(facts, change)
            if is_late and not _is_set_between(facts, function, bind, changes, change):
                message = (
                    f"On Linux, {change.site.api.method}() on a bound socket does not change its file, which keeps "
                    "the mode that the umask left."
                )
                yield RULE.finding(change.place, message, [bound, (change.place, "without effect here")])
            continue
        mode = change.site.argument("mode")
        bits = facts.access.bits(mode, change.site.function)
        was_opened = _was_opened(facts, function, bind, changes, change)
        if bits & _OTHERS_MAY or (bits & _MAY_CONNECT and not was_opened):
            continue  # it opens, where the usual umask lets the owner alone connect: LS101 says so
        if not facts.effects.same_endpoint(bind, change, "path") or _is_narrowed(facts, function, bind, umasks):
            continue
        if was_opened or not _is_set_between(facts, function, bind, changes, change):
            yield _closed_late(facts, function, bind, change)


def _is_set_between(facts: Facts, function: FunctionInfo, bind: Effect, changes: list[Effect], change: Effect) -> bool:
    """Say whether each path from the bind sets the file's mode before: the umask decides until then, and no more."""
    flow = facts.flow(function)
    others = [
        other.anchor
        for other in changes
        if other.anchor not in (bind.anchor, change.anchor)
        and flow.may_follow(bind.anchor, other.anchor)
        and facts.effects.same_endpoint(bind, other, "path")
        and not facts.effects.same_socket(bind, other, "path")
    ]
    return bool(others) and not flow.can_avoid(bind.anchor, others, change.anchor)


def _has_no_file(facts: Facts, change: Effect) -> bool:
    """Say whether this is the way of abstract names, of which there is no file: `if address[0] == 0:`."""
    for guard in facts.flow(change.site.function).guards(change.site.call):
        match guard.test:
            case Binary(operator="==", left=Subscript(index=Literal(value=0)), right=Literal(value=0 | "\0" | b"\0")):
                return guard.holds
            case Call(called_name="startswith", arguments=(Literal(value="\0" | b"\0" | "@" | b"@"),)):
                return guard.holds
    return False


def _is_narrowed(facts: Facts, function: FunctionInfo, bind: Effect, umasks: list[Effect]) -> bool:
    """Say whether a umask that keeps others out is set before the bind, and no other one between the two."""
    flow = facts.flow(function)
    return any(
        _narrows(facts, umask)
        and flow.dominates(umask.anchor, bind.anchor)
        and not any(
            flow.may_follow(umask.anchor, other.anchor) and flow.may_follow(other.anchor, bind.anchor)
            for other in umasks
            if other is not umask
        )
        for umask in umasks
    )


def _closed_late(facts: Facts, function: FunctionInfo, bind: Effect, change: Effect) -> Finding:
    """A path is narrowed after the bind: before listen nobody can connect on Linux, and after it they can."""
    evidence = [(bind.place, "bound here"), (change.place, "closed only here")]
    if not _may_be_open(facts, function, bind, change):
        message = (
            f"On Linux nobody can connect before listen, so this {change.site.api.method}() is in time; other systems "
            "do not promise that."
        )
        return RULE.finding(change.place, message, evidence, severity=Severity.NOTE)
    message = "Until this call, only the umask decides who may connect: with 022 the owner, with 000 everyone."
    return RULE.finding(change.place, message, evidence)


def _may_be_open(facts: Facts, function: FunctionInfo, bind: Effect, change: Effect) -> bool:
    """Say whether somebody may get through between the bind and the change: it listens, or needs not to."""
    if bind.site.api.act & Act.LISTEN or _is_of_datagrams(facts, bind.site):
        return True
    flow = facts.flow(function)
    return any(
        (flow.may_follow(bind.anchor, listen.anchor) or listen.anchor is bind.anchor)
        and listen.anchor is not change.anchor
        and flow.may_follow(listen.anchor, change.anchor)
        for listen in facts.effects.of(function, Act.LISTEN)
    )


def _is_of_datagrams(facts: Facts, bind: Site) -> bool:
    """Say whether the socket takes datagrams, which anybody who may write to it can send as soon as it is bound."""
    socket = bind.call.receiver or next(iter(bind.call.arguments), None)
    made = facts.origins.of(socket, bind.function) if socket is not None else []
    words = {getattr(part, "name", getattr(part, "identifier", "")) for one in made for part in walk(one.expression)}
    return "datagram" in bind.api.name or "SOCK_DGRAM" in words


def _early_changes(facts: Facts, function: FunctionInfo, bind: Effect, changes: list[Effect]) -> Iterator[Finding]:
    """A path gets a mode before there is a socket at it: bind makes a new file, and asks nobody for the mode."""
    flow = facts.flow(function)
    of_path = [
        change
        for change in changes
        if change.anchor is not bind.anchor
        and not is_of_another_run(change, bind)
        and not facts.effects.same_socket(bind, change, "path")
        and facts.effects.same_endpoint(bind, change, "path")
    ]
    if any(flow.may_follow(bind.anchor, change.anchor) for change in of_path):
        return  # the mode is set in the end
    for change in of_path:
        if flow.may_follow(change.anchor, bind.anchor):
            message = (
                f"{change.site.api.method}() before bind changes whatever was there; the socket that bind creates "
                "gets the mode that the umask leaves."
            )
            yield RULE.finding(change.place, message, [(change.place, "set here"), (bind.place, "bound only here")])


def _was_opened(facts: Facts, function: FunctionInfo, bind: Effect, changes: list[Effect], change: Effect) -> bool:
    """Say whether the socket was open to everyone before, so that this closes something."""
    return any(
        facts.access.bits(other.site.argument("mode"), other.site.function) & _OTHERS_MAY
        and facts.flow(function).may_follow(other.anchor, change.anchor)
        and facts.effects.same_endpoint(bind, other, "path")
        for other in changes
        if other is not change
    )


def _is_set_before(facts: Facts, function: FunctionInfo, change: Effect, bind: Effect) -> bool:
    """Say whether the mode is set before the bind, and after it only when that is tried again."""
    where, first, then = function, change.anchor, bind.anchor
    if change.site.function is bind.site.function:
        where, first, then = change.site.function, change.site.call, bind.site.call
    is_above = (first.place.line, first.place.column) < (then.place.line, then.place.column)
    return is_above and facts.flow(where).may_follow(first, then)


def _umasks_around(facts: Facts, function: FunctionInfo, bind: Effect) -> Iterator[Finding]:
    """Only the umask that is in force at the bind is for it, and one that is put back there is the usual one."""
    before = [
        umask
        for umask in facts.seclusion.umask_at(function, bind)
        if facts.seclusion.is_for_a_while(function, umask, bind)
        and not facts.seclusion.puts_back(umask)
        and _masks(facts, umask) != _USUAL
    ]
    if not before:
        return
    evidence = [(before[0].place, "changed here"), (bind.place, "for this bind")]
    is_alone = facts.threads.are_none_beside(function)
    later = "as soon as it has a second thread, whatever that creates"
    when = later if is_alone else "whatever other threads create meanwhile"
    message = f"The umask belongs to the whole process: {when} gets this mode too."
    narrows = _narrows(facts, before[0])
    # Nothing at all leaves the socket to the umask that is there: who narrows it has made it no worse.
    severity = Severity.NOTE if narrows or is_alone else Severity.MEDIUM
    yield RULE.finding(before[0].place, message, evidence, severity=severity)


def _narrows(facts: Facts, umask: Effect) -> bool:
    """Say whether the umask keeps all but the owner from connecting."""
    masks = _masks(facts, umask)
    return bool(masks) and all(number & _MAY_CONNECT == _MAY_CONNECT for number in masks)


def _masks(facts: Facts, umask: Effect) -> frozenset[int]:
    mask = umask.site.argument("mode")
    return facts.values.numbers(mask, umask.site.function) if mask is not None else frozenset()


RULE = Rule(
    id="LS103",
    title="permissions set at the wrong time, or by umask",
    severity=Severity.MEDIUM,
    cwe="CWE-362",
    why=(
        "bind creates the socket's file with the mode that the umask leaves: under 022 only the owner may connect, "
        "under 002 the group as well, under 000 everyone. They can "
        "connect from listen until chmod, and a "
        "connection once made stays; between bind and listen, Linux refuses connections. A chmod "
        "before bind changes another file, or "
        "none; on Linux, fchmod of a bound socket does not reach its "
        "file. Changing the umask instead changes it for every thread of the process."
    ),
    repair="bind inside a directory that you made with mode 0700, or, on Linux, fchmod the socket before bind",
    unless=(
        "chmod comes between bind and listen of a stream: on Linux that is in time, and reported as a note",
        "a directory is made with mode 0700, or narrowed to it, before the bind",
        "the socket itself gets its mode by fchmod before the bind",
        "the mode lets the group or everyone connect: LS101 reports that",
        "the socket was connected before it was bound: nobody else can connect or send to it",
        "the umask lets only the owner connect: reported as a note, and 022, the usual one, not at all",
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
