"""LS115: a socket that programs started from this one inherit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.processes import Mains
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.started_programs import Inheritance
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Confidence, Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, dotted, walk
from localsocket_review.model.program import last_word
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_MAKING = frozenset({"socket", "socketpair", "accept", "accept4"})
_FLAG = "SOCK_CLOEXEC"
_WHAT = "The descriptor that {}() returns is inherited"
_NETWORK = re.compile(r"[AP]F_(?!UNIX|LOCAL|UNSPEC)\w+|IPPROTO_\w+")


def check(facts: Facts) -> Iterator[Finding]:
    idle: dict[Mains, list[Site]] = {}
    for site in facts.calls.sites(Act.CONSTRUCT | Act.ACCEPT):
        if site.function.unit.language is not Language.CPP or site.api.name not in _MAKING:
            continue
        if _is_of_windows(site.function) or _is_other_way(site) or _names_network(site.call):
            continue
        if facts.close_on_exec.is_set(site) or facts.transports.is_network_site(site):
            continue
        inheritance = facts.started_programs.inherit(site.function.unit)
        if inheritance is Inheritance.NOTHING or not facts.local_families.is_local(site):
            continue
        if mains := facts.started_programs.idle(site.function):
            idle.setdefault(mains, []).append(site)
        elif facts.started_programs.is_over(site):
            continue
        elif not _is_closed_before(facts, site):
            yield _finding(site, inheritance, is_sure=facts.started_programs.is_sure(site.function))
        elif not facts.threads.are_none_beside(site.function):
            message = f"{_WHAT.format(site.api.name)} by programs that another thread starts before it is closed."
            yield RULE.finding(site.place, message, [(site.place, "made here")], confidence=Confidence.LOW)
    yield from map(_note, idle.values())


def _is_closed_before(facts: Facts, site: Site) -> bool:
    """Say whether the function that makes the socket closes it, and starts no program meanwhile."""
    is_closed = facts.lost_descriptors.is_closed_here(site.call, site.function)
    return is_closed and not facts.started_programs.are_started_after(site)


def _note(sites: Sequence[Site]) -> Finding:
    """Tell once of a program, or of those that have the same sockets, what would be inherited."""
    first = sites[0]
    message = f"This program starts no others; any that it starts one day will inherit what {first.api.name}() returns."
    evidence = [(one.place, "made here") for one in sites]
    return RULE.finding(first.place, message, evidence, severity=Severity.NOTE)


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


def _finding(site: Site, inheritance: Inheritance, *, is_sure: bool) -> Finding:
    evidence = [(site.place, "made here")]
    what = _WHAT.format(site.api.name)
    if inheritance is Inheritance.SOME:
        message = f"{what} by the programs that are started without closing everything else first."
        return RULE.finding(site.place, message, evidence, confidence=Confidence.LOW)
    if not is_sure:
        message = f"{what} by programs that this process starts, if it starts any: no call in the code is seen to."
        return RULE.finding(site.place, message, evidence, confidence=Confidence.LOW)
    return RULE.finding(site.place, f"{what} by every program that this process starts.", evidence)


RULE = Rule(
    id="LS115",
    title="socket without close-on-exec",
    severity=Severity.LOW,
    cwe="CWE-403",
    why=(
        "A program that is started while the socket is open inherits it and may read and write there. As long as that "
        "program lives, the peer does not see the connection end, and the address does not become free."
    ),
    repair="add SOCK_CLOEXEC to the type, and accept with accept4(…, SOCK_CLOEXEC)",
    unless=(
        "FD_CLOEXEC is set afterwards, there or by every caller of a function around the call",
        "everything else is closed before any program is started, or each is started before the socket is made",
        "the function that makes it closes it and starts no program meanwhile: a suspicion where there are threads",
        "the program starts no other program: reported as a note, once for each program",
        "Qt makes the socket, and marks it",
        "the socket is, or may be, one of a network or of Windows: nothing shows that it is local",
        "accept() is for systems that have no accept4(), which is called beside it",
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
