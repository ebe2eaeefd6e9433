"""LS210: a client of Qt's connects, and hears of neither failure nor end."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Confidence, Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_TELLING = frozenset({"errorOccurred", "error", "disconnected", "stateChanged", "aboutToClose", "readChannelFinished"})
_WORKING = frozenset({"connected", "readyRead", "bytesWritten"})
_ASKED = frozenset(
    {"waitForConnected", "waitForDisconnected", "waitForReadyRead", "state", "error", "isValid", "isOpen"}
)


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.CONNECT):
        if site.api.method == "connectToServer" and not _is_handled(facts, site):
            message = (
                "Nothing handles the failure or the end of this connection: the program goes on as if it were there."
            )
            yield RULE.finding(site.place, message, [(site.place, "connects here")], confidence=Confidence.MEDIUM)


def _is_handled(facts: Facts, site: Site) -> bool:
    """Say whether the class, or outside of one the function, is told of the end, or asks for it."""
    scope = set(_together(facts, site.function))
    if not any(connection.signal in _WORKING and connection.function in scope for connection in facts.connections.all):
        return True  # nothing shows that it goes by signals
    if any(connection.signal in _TELLING and connection.function in scope for connection in facts.connections.all):
        return True
    return any(call.called_name in _ASKED for function in scope for call in function.calls()) or _is_passed_on(
        facts, site
    )


def _together(facts: Facts, function: FunctionInfo) -> Iterator[FunctionInfo]:
    outermost = function
    while outermost.enclosing is not None and outermost.enclosing.kind != "module":
        outermost = outermost.enclosing
    waiting = [outermost]
    if function.owner is not None:
        waiting.extend(method for found in facts.program.lineage(function.owner) for method in found.all_methods())
    else:
        waiting.extend(site.caller for site in facts.calls.callers(outermost))
    while waiting:
        current = waiting.pop()
        if current.body is not None:
            yield current
        waiting.extend(current.nested)


def _is_passed_on(facts: Facts, site: Site) -> bool:
    """Say whether somebody else has the socket too, who may be told: it is returned, or a parameter."""
    receiver = site.call.receiver
    if receiver is None:
        return False
    origins = facts.origins.of(receiver, site.function)
    return any(origin.parameter is not None for origin in origins)


RULE = Rule(
    id="LS210",
    title="failure and end of a connection unhandled",
    severity=Severity.LOW,
    cwe=None,
    why=(
        "connectToServer() returns at once. Only signals report that there is no server, or that it has gone "
        "since. A client that is connected to none of them shows its last answer for ever and writes into "
        "nothing."
    ),
    repair="connect errorOccurred and disconnected before connectToServer, and try again from a timer",
    unless=(
        "errorOccurred, disconnected or stateChanged is connected",
        "the caller waits with waitForConnected(), or asks state()",
        "the socket comes from code that handles these signals",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="connect(m_socket, &QLocalSocket::readyRead, this, &Client::read);\nm_socket->connectToServer(name);\n",
            good=(
                "connect(m_socket, &QLocalSocket::readyRead, this, &Client::read);\n"
                "connect(m_socket, &QLocalSocket::disconnected, this, &Client::retry);\n"
                "connect(m_socket, &QLocalSocket::errorOccurred, this, &Client::retry);\n"
                "m_socket->connectToServer(name);\n"
            ),
        ),
        Example(
            Language.PYTHON,
            bad="self.socket.readyRead.connect(self.read)\nself.socket.connectToServer(name)\n",
            good=(
                "self.socket.readyRead.connect(self.read)\nself.socket.errorOccurred.connect(self.retry)\n"
                "self.socket.disconnected.connect(self.retry)\nself.socket.connectToServer(name)\n"
            ),
        ),
    ),
    check=check,
)
