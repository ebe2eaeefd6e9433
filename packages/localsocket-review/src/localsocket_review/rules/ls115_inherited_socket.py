"""LS115: a socket that programs started from this one inherit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.started_programs import Inheritance
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Confidence, Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, dotted, strip_casts, walk
from localsocket_review.model.program import last_word
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_TYPE_AT = {"socket": 1, "socketpair": 1, "accept4": 3}
_FLAG = "SOCK_CLOEXEC"
_CLOEXEC = 0o2000000
_NETWORK = re.compile(r"[AP]F_(?!UNIX|LOCAL|UNSPEC)\w+|IPPROTO_\w+")
_LATER = frozenset({"FD_CLOEXEC", "FIOCLEX", "F_DUPFD_CLOEXEC"})


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.CONSTRUCT | Act.ACCEPT):
        if site.function.unit.language is not Language.CPP or site.api.name not in ("accept", *_TYPE_AT):
            continue
        if _is_of_windows(site.function) or _is_other_way(site) or _names_network(site.call):
            continue
        if _says_cloexec(facts, site) or _is_marked_later(facts, site) or facts.transports.is_network_site(site):
            continue
        inheritance = facts.started_programs.inherit(site.function.unit)
        if inheritance is not Inheritance.NOTHING:
            yield _finding(site, inheritance, starts_none=facts.started_programs.has_none)


def _is_of_windows(function: FunctionInfo) -> bool:
    """Say whether the function is for Windows, whose handles have no such flag."""
    headers = {header for header, _ in function.unit.includes}
    if "sys/socket.h" in headers:
        return False
    named = {last_word(dotted(part)) for part in function.expressions()}
    return not headers.isdisjoint({"winsock2.h", "winsock.h", "ws2tcpip.h"}) or "WSAGetLastError" in named


def _names_network(call: Call) -> bool:
    """Say whether a family or protocol of networks is named, also where the call is a macro's: `IPPROTO_TCP`."""
    return any(_NETWORK.fullmatch(last_word(dotted(part))) for one in call.arguments for part in walk(one))


def _is_other_way(site: Site) -> bool:
    """Say whether this is for systems without the flag: a call with it stands beside it, under another #if."""
    name = site.api.name.removesuffix("4")
    return site.api.name == "accept" and any(
        call.called_name.removesuffix("4") == name and any(_names_flag_of_kind(one) for one in call.arguments)
        for call in site.function.calls()
    )


def _names_flag_of_kind(expression: Expression) -> bool:
    return any(last_word(dotted(part)) == _FLAG for part in walk(expression))


def _finding(site: Site, inheritance: Inheritance, *, starts_none: bool) -> Finding:
    evidence = [(site.place, "made here")]
    if starts_none:
        message = f"This program starts no other: one that it starts some day inherits what {site.api.name}() gives."
        return RULE.finding(site.place, message, evidence, severity=Severity.NOTE)
    what = f"The descriptor that {site.api.name}() gives is inherited"
    if inheritance is Inheritance.SOME:
        message = f"{what} by the programs that are started without closing all else before."
        return RULE.finding(site.place, message, evidence, confidence=Confidence.LOW)
    return RULE.finding(site.place, f"{what} by every program that this process starts.", evidence)


def _says_cloexec(facts: Facts, site: Site) -> bool:
    position = _TYPE_AT.get(site.api.name)
    if position is None or position >= len(site.call.arguments):
        return False
    kind = site.call.arguments[position]
    candidates: list[Expression] = [kind, *(origin.expression for origin in facts.origins.of(kind, site.function))]
    named = {last_word(dotted(part)) for one in candidates for part in walk(one)}
    return _FLAG in named or bool(facts.access.bits(kind, site.function) & _CLOEXEC)


def _is_marked_later(facts: Facts, site: Site) -> bool:
    """Say whether the flag is set afterwards, here or by a helper that is given the descriptor."""
    return any(_sets_flag(call) or _hands_to_setter(facts, call, site) for call in site.function.calls())


def _sets_flag(call: Call) -> bool:
    """Say whether this is fcntl() or ioctl(), or a function of that name around it, which sets the flag."""
    return call.called_name.lower().startswith(("fcntl", "ioctl")) and any(map(_names_flag, call.arguments))


def _names_flag(expression: Expression) -> bool:
    return any(last_word(dotted(strip_casts(part))) in _LATER for part in walk(expression))


def _hands_to_setter(facts: Facts, call: Call, site: Site) -> bool:
    """Say whether a helper sets the flag, or one that it calls; also by way of a variable: `flags |= FD_CLOEXEC`."""
    for callee in facts.calls.callees(call, site.function):
        farther = (one for inner in callee.calls() for one in facts.calls.callees(inner, callee))
        if any(map(_is_setter, (callee, *farther))):
            return True
    return False


def _is_setter(function: FunctionInfo) -> bool:
    if any(_sets_flag(call) for call in function.calls()):
        return True
    return _sets_some_flags(function) and any(map(_names_flag, function.expressions()))


def _sets_some_flags(function: FunctionInfo) -> bool:
    return any(
        call.called_name == "fcntl" and len(call.arguments) == 3 and dotted(call.arguments[1]) == "F_SETFD"
        for call in function.calls()
    )


RULE = Rule(
    id="LS115",
    title="socket without close-on-exec",
    severity=Severity.LOW,
    cwe="CWE-403",
    why=(
        "A program that is started while the socket is open gets it as well. It may read and write there, and as long "
        "as it lives the peer does not see the end of the connection, nor the address become free."
    ),
    repair="add SOCK_CLOEXEC to the type, and accept with accept4(…, SOCK_CLOEXEC)",
    unless=(
        "FD_CLOEXEC is set afterwards",
        "all else is closed before any program is started",
        "the program starts no other: that is said in a note",
        "Qt makes the socket, and marks it",
        "the socket is one of a network, or of Windows",
        "accept() is the way of systems that have no accept4(), which is called beside it",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="int fd = socket(AF_UNIX, SOCK_STREAM, 0);\nint peer = accept(fd, nullptr, nullptr);\n",
            good=(
                "int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);\n"
                "int peer = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);\n"
            ),
        ),
    ),
    check=check,
)
