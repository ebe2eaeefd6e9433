"""LS206: an event loop is kept waiting, or somebody waits without an end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from localsocket_review.analysis.chunks import waits_for_all
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import Attribute, Await, Call, Expression, Literal, Name, Unary, walk
from localsocket_review.model.statements import Loop, Statement, Try, contains, expressions_in
from localsocket_review.model.unit import Language, Unit
from localsocket_review.rules.rule import Example, Rule
from localsocket_review.rules.silent_peers import silent_peers

_WAITING = Act.ACCEPT | Act.RECEIVE | Act.CONNECT | Act.SEND | Act.SLEEP
_ASKING_FIRST = frozenset({"select", "poll", "epoll_wait", "wait", "register", "modify", "ppoll", "pselect"})
_ASKING_MANY = frozenset({"select", "poll", "epoll_wait", "ppoll", "pselect"})
_NOT_OF_ONE = _ASKING_FIRST | {"accept", "accept4"}
# What makes a read end before all has come.
_MAY_END = frozenset({"SO_RCVTIMEO", "settimeout", "setblocking", "O_NONBLOCK", "SOCK_NONBLOCK", "FIONBIO", "EAGAIN"})
_MAY_END |= {"EWOULDBLOCK", "MSG_DONTWAIT", "BlockingIOError"}
_WOULD_BLOCK = frozenset({"BlockingIOError", "SSLWantReadError"})
_LIMITING = frozenset({"settimeout", "setblocking", "shutdown"})
_ONE_AT_A_TIME = (
    "limit the wait by settimeout() or SO_RCVTIMEO, catch the time-out inside the loop, and close that connection"
)


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.WAIT):
        if facts.transports.is_network_site(site):
            continue
        if site.api.name.startswith("Q"):
            yield from _in_qt(facts, site)
        elif site.api.act & _WAITING:
            yield from _on_loop(facts, site)
            yield from _among_others(facts, site)
    for peer in silent_peers(facts):
        message = (
            f"The loop serves one connection at a time, and {peer.by} waits without a limit: one silent peer shuts "
            "out all others."
        )
        evidence = [(peer.accepted, "accepted here"), (peer.waits, "waits here")]
        yield RULE.finding(peer.waits, message, evidence, severity=Severity.LOW, repair=_ONE_AT_A_TIME)
    for function in facts.functions(Language.PYTHON):
        for statement in function.statements():
            if isinstance(statement, Loop):
                yield from _flag_not_looked_at(facts, statement, function)


def _in_qt(facts: Facts, site: Site) -> Iterator[Finding]:
    timeout = site.argument("timeout")
    numbers = facts.values.numbers(timeout, site.function) if timeout is not None else frozenset()
    if numbers == {0}:
        return
    turn = facts.event_loops.turn_of(site.function)
    if turn is not None:
        message = f"{site.api.method}() keeps {turn.label} waiting: nothing else happens meanwhile."
        yield RULE.finding(site.place, message, [(turn.place, "the loop runs this"), (site.place, "waits here")])
    elif any(number < 0 for number in numbers) and not _is_console(facts, site.function):
        message = f"{site.api.method}() waits without a limit for a peer that may never answer."
        yield RULE.finding(
            site.place,
            message,
            [(site.place, "waits here")],
            repair="give the wait a time limit, and close the connection when it passes",
        )


def _is_console(facts: Facts, function: FunctionInfo) -> bool:
    """Say whether this is the main function of a program without an event loop."""
    loops = (site for site in facts.calls.sites(Act.RUN_LOOP) if site.function.unit is function.unit)
    return function.name in ("main", "") and not any(loops)


def _on_loop(facts: Facts, site: Site) -> Iterator[Finding]:
    turn = facts.event_loops.turn_of(site.function)
    if turn is None or _is_awaited(site) or not facts.subject.concerns(site.function.unit):
        return
    socket = None if site.api.act & Act.SLEEP else _waited_for(site)
    is_read_or_write = site.function.unit.language is Language.CPP and not site.api.act & (Act.ACCEPT | Act.SLEEP)
    is_given = site.function.unit.language is Language.CPP and _is_parameter(socket, site.function)
    if (is_read_or_write or is_given) and not _is_blocking_descriptor(facts, socket, site.function):
        return
    if _is_tried(site) or _is_asked_first(facts, site):
        return
    if site.api.name.startswith("asyncio.") or (socket is not None and _never_blocks(facts, socket, site.function)):
        return
    message = f"{site.call.called_name}() blocks, and keeps {turn.label} waiting: no other connection is served."
    yield RULE.finding(site.place, message, [(turn.place, "the loop runs this"), (site.place, "blocks here")])


def _among_others(facts: Facts, site: Site) -> Iterator[Finding]:
    """A loop asks many connections at once, and then waits until all has come from one of them."""
    if not facts.subject.concerns(site.function.unit) or _MAY_END & set(site.function.unit.identifiers):
        return
    if not waits_for_all(site.call) and not _asks_for_the_rest(facts, site):
        return
    here: list[tuple[Call, FunctionInfo]] = [(site.call, site.function)]
    here += [(one.call, one.caller) for one in facts.calls.callers(site.function) if not one.is_handed_on]
    for call, function in here:
        loop = next((one for one in function.statements() if _serves_many(facts, one, call, function)), None)
        if loop is not None:
            message = (
                f"{site.call.called_name}() waits here for all of one peer's bytes; the loop serves nobody meanwhile."
            )
            evidence = [(loop.place, "loop of all connections"), (site.place, "blocks here")]
            yield RULE.finding(site.place, message, evidence)
            return


def _asks_for_the_rest(facts: Facts, site: Site) -> bool:
    """Say whether a loop reads one socket again and again, until what it waits for has come."""
    loops = [one for one in site.function.statements() if isinstance(one, Loop) and contains(one.body, site.call)]
    socket = _waited_for(site)
    variable = None if socket is None else facts.names.variable(socket, site.function)
    if not loops or loops[-1].iterable is not None or variable is None or not site.api.act & Act.RECEIVE:
        return False
    inside = [part for part in expressions_in([loops[-1]]) if isinstance(part, Call)]
    if any(call.called_name in _NOT_OF_ONE for call in inside):
        return False
    changed = [target for target, _ in site.function.assignments() if contains(loops[-1].body, target)]
    return not any(facts.names.variable(one, site.function) == variable for one in changed)


def _serves_many(facts: Facts, loop: Statement, call: Call, function: FunctionInfo) -> bool:
    """Say whether the loop asks who has something to say, accepts connections, and makes this call."""
    if not isinstance(loop, Loop) or not contains(loop.body, call):
        return False
    inside = [part for part in expressions_in(loop.body) if isinstance(part, Call)]
    accepts = any(site.call in inside for site in facts.calls.sites(Act.ACCEPT, function))
    asking = [*inside, *(walk(loop.test) if loop.test is not None else ())]
    return accepts and any(isinstance(one, Call) and one.called_name in _ASKING_MANY for one in asking)


def _is_asked_first(facts: Facts, site: Site) -> bool:
    """Say whether select() or one of its kind told, on every way here, that there is something to take."""
    flow = facts.flow(site.function)
    return bool(site.api.act & (Act.RECEIVE | Act.ACCEPT)) and any(
        call.called_name in _ASKING_FIRST and flow.dominates(call, site.call) for call in site.function.calls()
    )


def _is_parameter(socket: Expression | None, function: FunctionInfo) -> bool:
    """Say whether a wrapper is given the descriptor: whether it waits is up to who calls."""
    return isinstance(socket, Name) and any(one.name == socket.identifier for one in function.parameters)


def _waited_for(site: Site) -> Expression | None:
    return site.socket or next(iter(site.call.arguments), None)


def _is_blocking_descriptor(facts: Facts, socket: Expression | None, function: FunctionInfo) -> bool:
    """Say whether the descriptor comes from socket() or accept() without O_NONBLOCK: others may be anything."""
    if socket is None:
        return False
    made = [origin.expression for origin in facts.origins.of(socket, function)]
    return bool(made) and all(
        isinstance(one, Call)
        and one.called_name in ("socket", "accept", "accept4")
        and not any(_word(part).endswith("NONBLOCK") for part in walk(one))
        for one in made
    )


def _word(expression: Expression) -> str:
    return getattr(expression, "identifier", getattr(expression, "name", ""))


def _is_awaited(site: Site) -> bool:
    return any(
        isinstance(part, Await) and (part.value is site.call or site.call in set(walk(part.value)))
        for part in site.function.expressions()
    )


def _is_tried(site: Site) -> bool:
    """Say whether somebody is ready to be told that the call would block, which then does not."""
    for statement in site.function.statements():
        if not isinstance(statement, Try) or not contains(statement.body, site.call):
            continue
        if any(_word(kind) in _WOULD_BLOCK for kind in _kinds(statement)):
            return True
    return False


def _kinds(statement: Try) -> Iterator[Expression]:
    for root in statement.expressions():
        yield from walk(root)


def _never_blocks(facts: Facts, socket: Expression, function: FunctionInfo) -> bool:
    """Say whether the socket was made non-blocking, with setblocking(False) or a time-out of zero, or is gevent's."""
    if facts.inference.is_a(socket, function, "gevent.socket.socket"):
        return True
    for other in _functions_with(facts, socket, function):
        for call in other.calls():
            if call.called_name in ("setblocking", "settimeout") and _is_off(call.arguments):
                return True
    made = [origin.expression for origin in facts.origins.of(socket, function)]
    if not any(isinstance(one, Call) for one in made) and _makes_non_blocking(function.unit):
        return True  # made elsewhere, by which way the text does not tell
    return any(isinstance(one, Call) and any("NONBLOCK" in _word(part) for part in walk(one)) for one in made)


def _is_off(arguments: Sequence[Expression]) -> bool:
    """Say whether this is False or 0."""
    return any(isinstance(one, Literal) and not one.value and one.value is not None for one in arguments[:1])


def _makes_non_blocking(unit: Unit) -> bool:
    return any(
        call.called_name == "setblocking" and _is_off(call.arguments)
        for one in unit.every_function()
        for call in one.calls()
    )


def _functions_with(facts: Facts, expression: Expression, function: FunctionInfo) -> Iterator[FunctionInfo]:
    variable = facts.names.variable(expression, function)
    if variable is not None and isinstance(variable.owner, ClassInfo):
        yield from (method for method in variable.owner.all_methods() if method.body is not None)
    else:
        yield function
    for origin in facts.origins.of(expression, function):
        yield origin.function


# --- a flag that is only looked at between waits ----------------------------------------------------------------------


def _flag_not_looked_at(facts: Facts, loop: Loop, function: FunctionInfo) -> Iterator[Finding]:
    """`while self.running: self.server.accept()`: who clears the flag waits for the next client."""
    if loop.test is None or not _is_flag(loop.test):
        return
    if any(call.called_name in _ASKING_FIRST for call in function.calls()):
        return
    for site in facts.calls.sites(Act.ACCEPT | Act.RECEIVE, function):
        receiver = site.socket
        if not site.api.act & Act.WAIT or receiver is None or not facts.flow(function).is_in_loop(site.call):
            continue
        if not site.api.name.startswith(("socket.socket", "multiprocessing")) or not contains(loop.body, site.call):
            continue
        if facts.transports.is_network_site(site) or _is_woken(facts, receiver, function):
            continue
        message = f"The loop checks its flag only between waits, and {site.call.called_name}() waits without a limit."
        evidence = [(loop.test.place, "asked here"), (site.place, "waits here")]
        yield RULE.finding(site.place, message, evidence, repair="give the socket a time-out, and go on when it passes")
        return


def _is_flag(test: Expression) -> bool:
    """Say whether the loop's condition is something that another thread sets."""
    while isinstance(test, Unary) and test.operator == "not":
        test = test.operand
    if isinstance(test, Call):
        return test.called_name == "is_set"
    return isinstance(test, Attribute)


def _is_woken(facts: Facts, receiver: Expression, function: FunctionInfo) -> bool:
    """Say whether the wait has a limit, or somebody closes the socket while it waits."""
    variable = facts.names.variable(receiver, function)
    if variable is None:
        return True
    for origin in facts.origins.of(receiver, function):
        if any(call.called_name in ("settimeout", "setdefaulttimeout") for call in origin.function.calls()):
            return True
    scope = _functions_with(facts, receiver, function)
    for other in scope:
        for call in other.calls():
            is_same = call.receiver is not None and facts.names.variable(call.receiver, other) == variable
            if is_same and (call.called_name in _LIMITING or (call.called_name == "close" and other is not function)):
                return True
    return False


RULE = Rule(
    id="LS206",
    title="event loop kept waiting, or a wait without a limit",
    severity=Severity.MEDIUM,
    cwe="CWE-400",
    why=(
        "An event loop does one thing at a time. While a slot or a coroutine waits for one peer, no window is drawn "
        "and no other connection is served: one peer that stays silent stops the program. A wait without a limit "
        "cannot be ended at all."
    ),
    repair="react to signals, await what can be awaited, or wait on a separate thread",
    unless=(
        "the main function of a console program without an event loop waits",
        "the wait runs on a separate thread",
        "a test waits for what it has started",
        "the call is awaited, or handed to asyncio.to_thread()",
        "the socket was made non-blocking",
        "connections that are served one after another have a time limit, or a thread each",
        "a flag is checked again whenever a time-out passes, or closing the socket ends the wait",
    ),
    examples=(
        Example(
            Language.CPP,
            bad=(
                "void Window::ask()\n{\n    m_socket->write(question);\n    m_socket->waitForReadyRead(-1);\n"
                "    show(m_socket->readAll());\n}\n"
            ),
            good="connect(m_socket, &QLocalSocket::readyRead, this, &Window::showAnswer);\n",
        ),
        Example(
            Language.PYTHON,
            bad="async def ask(connection):\n    return connection.recv(100)\n",
            good="async def ask(loop, connection):\n    return await loop.sock_recv(connection, 100)\n",
        ),
    ),
    check=check,
)
