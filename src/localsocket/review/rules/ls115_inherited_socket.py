"""LS115: a socket that programs started from this one inherit."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket.review.analysis.calls import Site
from localsocket.review.analysis.facts import Facts
from localsocket.review.apis.meaning import Act
from localsocket.review.findings import Finding, Severity
from localsocket.review.model.expressions import Call, Expression, dotted, strip_casts, walk
from localsocket.review.model.program import last_word
from localsocket.review.model.unit import Language
from localsocket.review.rules.rule import Example, Rule

_TYPE_AT = {"socket": 1, "socketpair": 1, "accept4": 3}
_FLAG = "SOCK_CLOEXEC"
_CLOEXEC = 0o2000000
_LATER = frozenset({"FD_CLOEXEC", "FIOCLEX", "F_DUPFD_CLOEXEC"})


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.CONSTRUCT | Act.ACCEPT):
        if site.function.unit.language is not Language.CPP or site.api.name not in ("accept", *_TYPE_AT):
            continue
        if _says_cloexec(facts, site) or _is_marked_later(facts, site) or facts.transports.is_network_site(site):
            continue
        message = f"The descriptor that {site.api.name}() gives is inherited by every program that this process starts."
        yield RULE.finding(site.place, message, [(site.place, "made here")])


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
    if call.called_name not in ("fcntl", "ioctl"):
        return False
    return any(last_word(dotted(strip_casts(part))) in _LATER for one in call.arguments for part in walk(one))


def _hands_to_setter(facts: Facts, call: Call, site: Site) -> bool:
    callees = facts.calls.callees(call, site.function)
    return any(_sets_flag(inner) for callee in callees for inner in callee.calls())


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
    unless=("FD_CLOEXEC is set afterwards", "Qt makes the socket, and marks it", "the socket is one of a network"),
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
