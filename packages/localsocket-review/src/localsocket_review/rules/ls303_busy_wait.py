"""LS303: a loop asks again and again instead of waiting to be told."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.connections import SignalConnection
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Await, Call, Expression, Literal, Name, dotted, walk
from localsocket_review.model.place import Place
from localsocket_review.model.statements import (
    Assign,
    Continue,
    Evaluate,
    Loop,
    Statement,
    Try,
    contains,
    expressions_in,
    statements_in,
)
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_ASKING = frozenset(
    {
        "bytesAvailable",
        "hasPendingConnections",
        "canReadLine",
        "processEvents",
        "bytesToWrite",
        "state",
        "exists",
        "isfile",
        "is_file",
        "is_socket",
        "poll",
        "empty",
        "get_nowait",
        "qsize",
        "is_alive",
        "access",
    }
)
_ASKING_SOCKETS = frozenset(
    {"bytesAvailable", "hasPendingConnections", "canReadLine", "readAll", "nextPendingConnection"}
)
_WAITING = frozenset({"select", "poll", "epoll_wait", "wait", "get", "join", "recv_bytes", "sendall", "sendto"})
_WOULD_BLOCK = frozenset({"BlockingIOError", "EAGAIN", "EWOULDBLOCK", "MSG_DONTWAIT"})
_SHORT = 1.0  # seconds: what waits longer is a period, and no polling
_SHORTEST_WAIT = 50  # milliseconds
_UNITS = {"msleep": 1e-3, "usleep": 1e-6, "sleep": 1.0, "sleep_for": 1e-3}


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        if not facts.subject.concerns(function.unit) and not any(facts.streams.reads(Act.RECEIVE, function)):
            continue
        for statement in function.statements():
            if isinstance(statement, Loop) and statement.iterable is None:
                yield from _in_loop(facts, statement, function)
    yield from _by_timer(facts)


def _in_loop(facts: Facts, loop: Loop, function: FunctionInfo) -> Iterator[Finding]:
    inside = [site for site in facts.calls.sites(~Act(0), function) if contains([loop], site.call)]
    if any(site.api.act & Act.CONNECT for site in inside):
        return  # somebody who waits for a server has nothing else to wait for
    for site in inside:
        if site.api.method.startswith("waitFor") and _waits_short(facts, site):
            message = f"{site.api.method}() is called again and again, each time for an instant."
            yield RULE.finding(site.place, message, [(loop.place, "in this loop"), (site.place, "asked here")])
            return
    asks = _asks(loop)
    if not asks or _goes_on_by_itself(facts, loop, function):
        return
    for site in inside:
        is_pause = any(contains(body, site.call) for body in _after_errors(loop))
        if site.api.act & Act.SLEEP and not is_pause and _sleeps_short(facts, site):
            message = (
                "The loop sleeps and looks again: it wakes for nothing, and whatever arrives waits for the next look."
            )
            yield RULE.finding(site.place, message, [(asks, "looked at here"), (site.place, "sleeps here")])
            return
    if _spins(loop, inside):
        message = "The loop polls without waiting: it takes a whole processor until something arrives."
        yield RULE.finding(loop.place, message, [(loop.place, "this loop"), (asks, "asked here")])


def _goes_on_by_itself(facts: Facts, loop: Loop, function: FunctionInfo) -> bool:
    """Say whether the loop sleeps out an interrupted sleep, or goes from one thing to the next, whoever else acts."""
    if loop.test is None:
        return False
    if any(site.call in set(walk(loop.test)) for site in facts.calls.sites(Act.SLEEP, function)):
        return True
    if any(_goes_along_list(one, loop.test) for one in statements_in(loop.body)):
        return True
    asked = facts.names.variable(loop.test, function) if isinstance(loop.test, Name | Attribute) else None
    return asked is not None and any(
        isinstance(one, Assign) and facts.names.variable(one.target, function) == asked
        for one in statements_in(loop.body)
    )


def _goes_along_list(statement: Statement, test: Expression) -> bool:
    """Say whether this takes the next element of a list that the loop goes along: `each = each->next`."""
    if not isinstance(statement, Assign) or not isinstance(statement.value, Attribute):
        return False
    name = dotted(statement.target)
    return bool(name) and dotted(statement.value.value) == name and any(dotted(part) == name for part in walk(test))


def _after_errors(loop: Loop) -> Iterator[list[Statement]]:
    """Yield what the loop does when something failed, before it tries again: that nothing had come is no failure."""
    for statement in statements_in(loop.body):
        for handler in statement.handlers if isinstance(statement, Try) else ():
            if not {_word(part) for kind in handler.types for part in walk(kind)} & _WOULD_BLOCK:
                yield handler.body


def _asks(loop: Loop) -> Place | None:
    """Return where the loop looks whether something has come: by a question, or by trying to read."""
    for part in expressions_in([loop]):
        if isinstance(part, Call) and part.called_name in _ASKING:
            return part.place
    for statement in statements_in(loop.body):
        if isinstance(statement, Try):
            for root in statement.expressions():
                if any(_word(part) in _WOULD_BLOCK for part in walk(root)):
                    return root.place
    for part in expressions_in(loop.body):
        if _word(part) in _WOULD_BLOCK:
            return part.place
    is_flag = loop.test is not None and not isinstance(loop.test, Literal)
    return loop.place if is_flag and len(loop.body) <= 1 else None


def _word(expression: Expression) -> str:
    return getattr(expression, "identifier", getattr(expression, "name", ""))


def _waits_short(facts: Facts, site: Site) -> bool:
    timeout = site.argument("timeout")
    numbers = facts.values.numbers(timeout, site.function) if timeout is not None else frozenset()
    return bool(numbers) and all(0 <= number <= _SHORTEST_WAIT for number in numbers)


def _sleeps_short(facts: Facts, site: Site) -> bool:
    time = site.argument("seconds")
    if time is None:
        return False
    unit = 1.0 if site.function.unit.language is Language.PYTHON else _UNITS.get(site.api.method, 1.0)
    if site.api.name == "QThread.msleep":
        unit = _UNITS["msleep"]
    number = next((part.value for part in walk(time) if isinstance(part, Literal)), None)
    if isinstance(number, bool) or not isinstance(number, int | float):
        numbers = facts.values.numbers(time, site.function)
        return bool(numbers) and all(0 <= one * unit < _SHORT for one in numbers)
    return 0 <= number * unit < _SHORT


def _spins(loop: Loop, inside: list[Site]) -> bool:
    """Say whether nothing in the loop waits: the read does not, since it was made not to."""
    if any(site.api.act & (Act.SLEEP | Act.ACCEPT) or site.api.method.startswith("waitFor") for site in inside):
        return False
    parts = list(expressions_in([loop]))
    if any(isinstance(part, Call) and part.called_name in _WAITING for part in parts):
        return False
    if any(isinstance(part, Await) for part in parts):
        return False
    asks_qt = any(isinstance(part, Call) and part.called_name == "processEvents" for part in parts)
    goes_on = any(isinstance(one, Try) and _passes_on(one) for one in statements_in(loop.body))
    return asks_qt or (goes_on and any(site.api.act & Act.RECEIVE for site in inside))


def _passes_on(statement: Try) -> bool:
    """Say whether nothing is done when nothing has come, and the loop goes on."""
    for handler in statement.handlers:
        named = {_word(part) for kind in handler.types for part in walk(kind)}
        if named & _WOULD_BLOCK and all(isinstance(one, Continue | Evaluate) for one in handler.body):
            return not any(isinstance(part, Call) for part in expressions_in(handler.body))
    return False


def _by_timer(facts: Facts) -> Iterator[Finding]:
    """A timer of Qt's that looks whether something has come."""
    for connection in facts.connections.of_signal("timeout"):
        for target in connection.targets:
            asked = next((call for call in target.calls() if call.called_name in _ASKING_SOCKETS), None)
            if asked is not None and _is_quick(facts, connection):
                message = "A timer checks whether something has arrived: signals report that at once and at no cost."
                yield RULE.finding(
                    asked.place, message, [(connection.place, "by this timer"), (asked.place, "asked here")]
                )


def _is_quick(facts: Facts, connection: SignalConnection) -> bool:
    timer = facts.names.variable(connection.sender, connection.function)
    for call, other in facts.program.calls_named("start", "setInterval"):
        is_timer = call.receiver is not None and facts.names.variable(call.receiver, other) == timer
        if is_timer and call.arguments:
            numbers = facts.values.numbers(call.arguments[0], other)
            if numbers and all(number < 1000 * _SHORT for number in numbers):
                return True
    return False


RULE = Rule(
    id="LS303",
    title="busy wait, or polling with a short sleep",
    severity=Severity.LOW,
    cwe=None,
    why=(
        "A loop that asks in short turns wakes the processor for nothing, hundreds of times a second, and still sees "
        "what arrives only at the next turn. The system wakes a program that waits for a descriptor at once."
    ),
    repair="wait for readiness: by a signal, select(), an event or a condition, with the time limit that is meant",
    unless=(
        "a client tries to connect until a server is there",
        "the sleep is the period of regular work, or a second and more",
        "the wait has a real time limit",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="while (socket->bytesAvailable() < size)\n    socket->waitForReadyRead(1);\n",
            good=(
                "while (socket->bytesAvailable() < size) {\n    if (!socket->waitForReadyRead(timeout))\n"
                "        return false;\n}\n"
            ),
        ),
        Example(
            Language.PYTHON,
            bad=(
                "while True:\n    try:\n        data = connection.recv(4096)\n        break\n"
                "    except BlockingIOError:\n        time.sleep(0.01)\n"
            ),
            good="connection.settimeout(5)\ndata = connection.recv(4096)\n",
        ),
    ),
    check=check,
)
