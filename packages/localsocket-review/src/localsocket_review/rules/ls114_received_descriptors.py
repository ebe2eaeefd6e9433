"""LS114: descriptors that a peer sends are inherited by programs started later, or cut off or lost unnoticed."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.started_programs import Inheritance
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Await,
    Display,
    Expression,
    Literal,
    Name,
    Subscript,
    walk,
)
from localsocket_review.model.statements import Assign, Return
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_MSG_CMSG_CLOEXEC = 0x40000000
_LATER = frozenset({"set_inheritable", "FD_CLOEXEC", "FIOCLEX", "MSG_CMSG_CLOEXEC"})
_FLAGS_AT = {"recv_fds": 3, "recvmsg": 2, "recvmsg_into": 2}
_DESCRIPTORS_PART, _FLAGS_PART = 1, 2


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.RECEIVE):
        if site.api.method in _FLAGS_AT and _takes_descriptors(facts, site):
            missing = list(_missing(facts, site))
            if missing:
                cwe = "CWE-403" if missing[0].startswith("inherited") else "CWE-772"
                message = f"Descriptors that a peer sends are {' and '.join(missing)}."
                yield RULE.finding(site.place, message, [(site.place, "received here")], cwe=cwe)


def _takes_descriptors(facts: Facts, site: Site) -> bool:
    """Say whether descriptors are asked for: room for control data is given, and the file knows SCM_RIGHTS."""
    if site.api.method == "recv_fds":
        return True
    if site.function.unit.language is Language.CPP:
        return _looks_for_rights(facts, site)
    return (
        "SCM_RIGHTS" in site.function.unit.identifiers and len(site.call.arguments) > 1
    ) or "ancbufsize" in site.call.keywords


def _looks_for_rights(facts: Facts, site: Site) -> bool:
    """Say whether this function or one near it looks for descriptors: another may ask for credentials alone."""
    function = site.function
    if not {"SCM_RIGHTS", "msg_control"} <= set(function.unit.identifiers):
        return False
    callees = [callee for call in function.calls() for callee in facts.calls.callees(call, function)]
    callers = [caller.caller for caller in facts.calls.callers(function)]
    return any(
        isinstance(part, (Name, Attribute)) and _last_name(part) == "SCM_RIGHTS"
        for near in (function, *callees, *callers)
        for part in near.expressions()
    )


def _missing(facts: Facts, site: Site) -> Iterator[str]:
    if not _closes_on_exec(facts, site):
        yield "inherited by every program that is started later (no MSG_CMSG_CLOEXEC)"
    read = _reads_flags_in_c if site.function.unit.language is Language.CPP else _reads_part
    if not read(site, _FLAGS_PART):
        yield "cut off unnoticed (MSG_CTRUNC is never checked)"
    if site.api.method == "recv_fds" and not _reads_part(site, _DESCRIPTORS_PART):
        yield "never closed"


def _closes_on_exec(facts: Facts, site: Site) -> bool:
    position = _FLAGS_AT[site.api.method]
    flags = site.call.keywords.get("flags")
    if flags is None and position < len(site.call.arguments):
        flags = site.call.arguments[position]
    if facts.access.bits(flags, site.function) & _MSG_CMSG_CLOEXEC:
        return True
    if _marks_later(facts, site.function):
        return True
    unit = site.function.unit
    return unit.language is Language.CPP and facts.started_programs.inherit(unit) is not Inheritance.ALL


def _marks_later(facts: Facts, function: FunctionInfo) -> bool:
    """Say whether the flag is set afterwards, here, by a helper, or by who calls."""
    callees = [callee for call in function.calls() for callee in facts.calls.callees(call, function)]
    callers = [caller.caller for caller in facts.calls.callers(function)]
    return any(
        isinstance(part, (Name, Attribute)) and _last_name(part) in _LATER
        for near in (function, *callees, *callers)
        for part in near.expressions()
    )


def _last_name(expression: Name | Attribute) -> str:
    return expression.name if isinstance(expression, Attribute) else expression.identifier


def _reads_flags_in_c(site: Site, _: int) -> bool:
    """Say whether `msg_flags` is read, and not only set; or MSG_CTRUNC looked for by whoever is given the header."""
    if "MSG_CTRUNC" in site.function.unit.identifiers:
        return True
    written = {statement.target for statement in site.function.statements() if isinstance(statement, Assign)}
    return any(
        isinstance(part, Attribute) and part.name == "msg_flags" and part not in written
        for part in site.function.expressions()
    )


def _reads_part(site: Site, part: int) -> bool:
    """Say whether a part of the result is used, or goes where this function does not see."""
    for statement in site.function.statements():
        value = getattr(statement, "value", None)
        if not isinstance(value, Expression) or site.call not in set(walk(value)):
            continue
        while isinstance(value, Await):
            value = value.value
        if isinstance(statement, Return) and value is site.call:
            return True
        if not isinstance(statement, Assign) or value is not site.call:
            return isinstance(value, Subscript) and _is_index(value, part)
        return _uses_part_of(statement.target, part, site)
    return False


def _uses_part_of(target: Expression, part: int, site: Site) -> bool:
    if isinstance(target, Display):
        named = target.items[part] if part < len(target.items) else None
        return named is not None and (not isinstance(named, Name) or _is_used(named, site.function))
    if not isinstance(target, Name):
        return True
    uses = [use for use in site.function.expressions() if isinstance(use, Name) and use.identifier == target.identifier]
    picked = [one for one in site.function.expressions() if isinstance(one, Subscript) and one.value in uses]
    return any(_is_index(one, part) for one in picked) or len(uses) > len(picked) + 1


def _is_index(subscript: Subscript, part: int) -> bool:
    return isinstance(subscript.index, Literal) and subscript.index.value == part


def _is_used(target: Name, function: FunctionInfo) -> bool:
    return any(
        isinstance(part, Name) and part is not target and part.identifier == target.identifier
        for part in function.expressions()
    )


RULE = Rule(
    id="LS114",
    title="received descriptors inherited, cut off or lost",
    severity=Severity.MEDIUM,
    cwe="CWE-403",
    why=(
        "A descriptor that arrives is open from that moment: without close-on-exec every program started afterwards "
        "inherits it, and when some are cut off, the rest belong to an incomplete message. A peer can send many, "
        "until none are left."
    ),
    repair="receive with MSG_CMSG_CLOEXEC, and close everything that came when MSG_CTRUNC is set",
    unless=("the descriptors are marked at once, and truncation is checked", "no descriptors are asked for"),
    examples=(
        Example(
            Language.PYTHON,
            bad="data, descriptors, _, _ = socket.recv_fds(connection, 4096, 4)\n",
            good=(
                "data, descriptors, flags, _ = socket.recv_fds(connection, 4096, 4, socket.MSG_CMSG_CLOEXEC)\n"
                "if flags & socket.MSG_CTRUNC:\n"
                "    close_all(descriptors)\n"
            ),
        ),
        Example(
            Language.CPP,
            bad="recvmsg(fd, &message, 0);\n",
            good=(
                "recvmsg(fd, &message, MSG_CMSG_CLOEXEC);\n"
                "if (message.msg_flags & MSG_CTRUNC)\n"
                "    closeAll(message);\n"
            ),
        ),
    ),
    check=check,
)
