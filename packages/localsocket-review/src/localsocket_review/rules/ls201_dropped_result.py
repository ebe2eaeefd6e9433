"""LS201: a call that reports failure in its result alone, and the result is dropped."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.expressions import Await, Call
from localsocket_review.model.statements import Evaluate
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_MATTERS = Act.BIND | Act.LISTEN | Act.CONNECT | Act.WAIT | Act.CONSTRUCT
_ASKED_LATER = frozenset(
    {"isListening", "isOpen", "isValid", "state", "error", "serverError", "errorString", "serverName"}
)


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        for statement in function.statements():
            if not isinstance(statement, Evaluate):
                continue
            value = statement.value.value if isinstance(statement.value, Await) else statement.value
            site = facts.calls.site(value, function) if isinstance(value, Call) else None
            if (
                site is None
                or not site.api.reports
                or not site.api.act & _MATTERS
                or site.api.act & (Act.SEND | Act.ACCEPT)
            ):
                continue
            if site.api.method == "waitForDisconnected" or _asks_later(facts, site):
                continue
            message = f"{site.api.method}() reports a failure only through its result, which is dropped."
            yield RULE.finding(site.place, message, [(site.place, "dropped here")])


def _asks_later(facts: Facts, site: Site) -> bool:
    """Say whether the object is asked afterwards how it went."""
    function, receiver = site.function, site.call.receiver
    variable = facts.names.variable(receiver, function) if receiver is not None else None
    for call in function.calls():
        if call.called_name not in _ASKED_LATER or not facts.flow(function).may_follow(site.call, call):
            continue
        asked = facts.names.variable(call.receiver, function) if call.receiver is not None else None
        if asked == variable:
            return True
    return False


RULE = Rule(
    id="LS201",
    title="result of listen, connect or a wait dropped",
    severity=Severity.MEDIUM,
    cwe="CWE-252",
    why=(
        "Qt and POSIX report a failed listen, bind, connect or wait in the result and nowhere else. If it is "
        "dropped, the program goes on without a server, or writes to a socket that is not connected."
    ),
    repair="test the result, and report errorString() or errno when it failed",
    unless=(
        "Python's own sockets raise instead",
        "isListening(), state() or error() is called afterwards",
        "the wait is for the end of the connection",
    ),
    examples=(
        Example(
            Language.CPP,
            bad='server->listen("editor");\n',
            good='if (!server->listen("editor"))\n    qFatal("%s", qPrintable(server->errorString()));\n',
        ),
        Example(
            Language.PYTHON,
            bad='server.listen("editor")\n',
            good='if not server.listen("editor"):\n    raise RuntimeError(server.errorString())\n',
        ),
    ),
    check=check,
)
