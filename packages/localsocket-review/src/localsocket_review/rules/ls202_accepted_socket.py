"""LS202: what nextPendingConnection() gives is used unasked, or never released."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.control_flow import Guard
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Binary,
    Call,
    Expression,
    Literal,
    Name,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Return
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_RELEASING = frozenset({"deleteLater", "delete", "qDeleteAll", "setParent", "reset", "release"})
_LISTING = frozenset(
    {
        "append",
        "push_back",
        "insert",
        "add",
        "prepend",
        "emplace_back",
        "enqueue",
        "push",
        "remove",
        "removeOne",
        "removeAll",
        "discard",
        "erase",
        "contains",
        "indexOf",
        "print",
        "connect",
        "disconnect",
    }
)
_ASKING_SERVER = frozenset({"hasPendingConnections", "waitForNewConnection", "hasPendingDatagrams"})
_SMART = ("unique_ptr", "shared_ptr", "QScopedPointer", "QSharedPointer")


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.ACCEPT):
        if site.api.method != "nextPendingConnection" or facts.transports.is_network_site(site):
            continue
        holder = _holder(facts, site)
        used = _first_use(facts, site, holder)
        is_unasked = used is not None and not _is_asked(facts, site, holder, used)
        is_told = is_unasked and _always_has_one(facts, site)
        if used is not None and is_unasked and not is_told:
            message = (
                "nextPendingConnection() returns a null pointer when no connection is waiting; its "
                "result is used unchecked."
            )
            yield RULE.finding(
                site.place, message, [(site.place, "may be null"), (used.place, "used here")], cwe="CWE-476"
            )
        elif not _is_released(facts, site, holder):
            message = "The socket stays a child of its server, and nothing deletes it when its peer has gone."
            yield RULE.finding(site.place, message, [(site.place, "handed out here")], cwe="CWE-401")
        if used is not None and is_told:
            message = "newConnection announced a connection: the pointer is null only if other code has taken it."
            evidence = [(site.place, "taken here"), (used.place, "used here")]
            yield RULE.finding(site.place, message, evidence, severity=Severity.NOTE, cwe="CWE-476")


def _always_has_one(facts: Facts, site: Site) -> bool:
    """Say whether the signal has just told of a connection, and this takes the first one."""
    handlers = {target for one in facts.connections.of_signal("newConnection") for target in one.targets}
    taking = [call for call in site.function.calls() if call.called_name == "nextPendingConnection"]
    is_only = taking == [site.call] and not facts.flow(site.function).is_in_loop(site.call)
    return (
        is_only
        and site.function in handlers
        and not any(not caller.is_handed_on for caller in facts.calls.callers(site.function))
    )


def _holder(facts: Facts, site: Site) -> Variable | None:
    for part in site.function.expressions():
        if isinstance(part, Assignment) and strip_casts(part.value) is site.call:
            return facts.names.variable(part.target, site.function)
    return facts.ownership.holder(site.call, site.function)


def _is_holder(facts: Facts, expression: Expression, function: FunctionInfo, holder: Variable | None) -> bool:
    return (
        holder is not None
        and isinstance(expression, Name | Attribute)
        and facts.names.variable(expression, function) == holder
    )


def _first_use(facts: Facts, site: Site, holder: Variable | None) -> Expression | None:
    """Return where the object itself is used first: a method of it is called, or it is connected to."""
    for call in site.function.calls():
        receiver = call.receiver
        if receiver is not None and (
            strip_casts(receiver) is site.call or _is_holder(facts, receiver, site.function, holder)
        ):
            return call
        signal = receiver.value if isinstance(receiver, Attribute) else None
        if signal is not None and call.called_name == "connect" and _is_holder(facts, signal, site.function, holder):
            return call
        sender = strip_casts(call.arguments[0]) if call.called_name == "connect" and call.arguments else None
        if sender is not None and _is_holder(facts, sender, site.function, holder):
            return call
    return None


def _is_asked(facts: Facts, site: Site, holder: Variable | None, used: Expression) -> bool:
    """Say whether the pointer was asked, or the server whether a connection waits."""
    flow = facts.flow(site.function)
    asked = [*flow.guards(site.call), *flow.guards(used)]
    if any(_asks_server(guard) or _asks_pointer(facts, guard, site, holder) for guard in asked):
        return True
    return any(
        call.called_name in ("Q_ASSERT", "assert", "Q_ASSERT_X", "waitForNewConnection") and flow.dominates(call, used)
        for call in site.function.calls()
    )


def _asks_server(guard: Guard) -> bool:
    return guard.holds and any(
        isinstance(part, Call) and part.called_name in _ASKING_SERVER for part in walk(guard.test)
    )


def _asks_pointer(facts: Facts, guard: Guard, site: Site, holder: Variable | None) -> bool:
    test = guard.test
    if isinstance(test, Binary) and test.operator in ("==", "is", "!=", "is not"):
        sides = (strip_casts(test.left), strip_casts(test.right))
        is_unequal = test.operator in ("!=", "is not")
        if any(isinstance(side, Literal) for side in sides) and guard.holds is is_unequal:
            return any(_is_this(facts, side, site, holder) for side in sides)
        return False
    return guard.holds and _is_this(facts, strip_casts(test), site, holder)


def _is_this(facts: Facts, expression: Expression, site: Site, holder: Variable | None) -> bool:
    if isinstance(expression, Assignment):
        return strip_casts(expression.value) is site.call
    return expression is site.call or _is_holder(facts, expression, site.function, holder)


# --- who deletes it ---------------------------------------------------------------------------------------------------


def _is_released(facts: Facts, site: Site, holder: Variable | None) -> bool:
    if _is_of_short_life(facts, site):
        return True
    if holder is None:
        return _is_given_on(site)
    function = site.function
    if isinstance(holder.owner, ClassInfo):
        member = holder.owner.members.get(holder.path)
        if member is not None and any(shell in member.type for shell in _SMART):
            return True
    scope = list(_functions_of(site.function))
    for other in scope:
        for call in other.calls():
            if _releases(facts, call, other, holder):
                return True
        for statement in other.statements():
            value = statement.value if isinstance(statement, Return) else None
            if value is not None and _is_holder(facts, strip_casts(value), other, holder):
                return True
    return any(
        end is not None and _is_holder(facts, strip_casts(end), connection.function, holder)
        for connection in facts.connections.to_slot("deleteLater")
        for end in (connection.sender, connection.context)
    ) or _class_releases(facts, function)


def _is_given_on(site: Site) -> bool:
    """Say whether the object is returned, or made part of another one, as it is handed out."""
    for statement in site.function.statements():
        for root in statement.expressions():
            if root is site.call:
                return isinstance(statement, Return)
            if any(
                isinstance(part, Call) and part.receiver is not site.call and site.call in part.arguments
                for part in walk(root)
            ):
                return True
    return False


def _functions_of(function: FunctionInfo) -> Iterator[FunctionInfo]:
    yield function
    for nested in function.nested:
        yield from _functions_of(nested)


def _releases(facts: Facts, call: Call, function: FunctionInfo, holder: Variable) -> bool:
    """Say whether a call deletes the object, or hands it to somebody who may."""
    receiver = call.receiver
    if receiver is not None and _is_holder(facts, strip_casts(receiver), function, holder):
        return call.called_name in _RELEASING
    if call.called_name in _LISTING or call.called_name.startswith("q"):
        return False
    callees = facts.calls.callees(call, function)
    given = (*call.arguments, *call.keywords.values())
    if not any(_is_holder(facts, strip_casts(argument), function, holder) for argument in given):
        return False
    return not callees or any(_takes_over(facts, callee, call, function, holder) for callee in callees)


def _takes_over(
    facts: Facts, callee: FunctionInfo, call: Call, function: FunctionInfo, holder: Variable, farthest: int = 3
) -> bool:
    """Say whether a function of the program keeps or deletes the object that it is given."""
    names = [
        parameter.name
        for parameter, argument in zip(callee.parameters, call.arguments, strict=False)
        if _is_holder(facts, strip_casts(argument), function, holder)
    ]
    if not names or farthest == 0 or callee.is_constructor:
        return True
    inside = Variable(callee, names[0])
    for other in _functions_of(callee):
        for statement in other.statements():
            value = getattr(statement, "value", None)
            if isinstance(value, Expression) and _is_holder(facts, strip_casts(value), other, inside):
                return True  # kept somewhere, or returned
        for inner in other.calls():
            given = (*inner.arguments, *inner.keywords.values())
            if inner.receiver is not None and _is_holder(facts, strip_casts(inner.receiver), other, inside):
                if inner.called_name in _RELEASING:
                    return True
            elif any(_is_holder(facts, strip_casts(one), other, inside) for one in given):
                further = facts.calls.callees(inner, other)
                if not further or any(_takes_over(facts, one, inner, other, inside, farthest - 1) for one in further):
                    return True
    return False


def _class_releases(facts: Facts, function: FunctionInfo) -> bool:
    """Say whether the class deletes its sockets somewhere: in the slot for `disconnected`, or from a list."""
    owner = function.owner
    methods = owner.all_methods() if owner is not None else (function,)
    return any(
        call.called_name in ("deleteLater", "delete", "qDeleteAll") and not _is_of_server(facts, call, inner)
        for method in methods
        if method.body is not None
        for inner in _functions_of(method)
        for call in inner.calls()
    ) or any(
        connection.slot_name == "deleteLater"
        and connection.function.owner is owner
        and connection.signal == "disconnected"
        for connection in facts.connections.all
    )


def _is_of_server(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether it is the server that is deleted, or a thread, and no socket."""
    named = call.receiver or (call.arguments[0] if call.arguments else None)
    return named is not None and facts.inference.is_a(named, function, "QLocalServer", "QThread", "QTimer", "QWidget")


def _is_of_short_life(facts: Facts, site: Site) -> bool:
    """Say whether the server is a local object, with which its sockets end."""
    server = site.call.receiver
    variable = facts.names.variable(server, site.function) if server is not None else None
    if variable is None or not isinstance(variable.owner, FunctionInfo):
        return False
    declared = variable.owner.declared_types().get(variable.path, "")
    if variable.owner.unit.language is Language.CPP:
        return bool(declared) and "*" not in declared and "&" not in declared and "auto" not in declared
    return variable.path not in {parameter.name for parameter in variable.owner.parameters}


RULE = Rule(
    id="LS202",
    title="accepted socket used unchecked, or never released",
    severity=Severity.MEDIUM,
    cwe="CWE-476",
    why=(
        "nextPendingConnection() returns a null pointer when no connection is waiting. The socket that it returns "
        "belongs to the server as a child: without deleteLater() it, its descriptor and its buffers stay as long as "
        "the server does, however many clients come and go."
    ),
    repair=(
        "take connections in a loop until there is none; connect each one's disconnected to its deleteLater, "
        "and call that at once if it is already unconnected"
    ),
    unless=(
        "the pointer is tested before it is used, or hasPendingConnections() is called",
        "disconnected is connected to deleteLater, or a slot deletes the socket",
        "the socket is handed to an object that owns it",
        "the server is a local object, with which its sockets end",
    ),
    examples=(
        Example(
            Language.CPP,
            bad=(
                "QLocalSocket *socket = m_server->nextPendingConnection();\n"
                "connect(socket, &QLocalSocket::readyRead, this, &Server::read);\n"
            ),
            good=(
                "while (QLocalSocket *socket = m_server->nextPendingConnection()) {\n"
                "    connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);\n"
                "    connect(socket, &QLocalSocket::readyRead, this, &Server::read);\n}\n"
            ),
        ),
        Example(
            Language.PYTHON,
            bad="socket = self.server.nextPendingConnection()\nsocket.readyRead.connect(self.read)\n",
            good=(
                "while self.server.hasPendingConnections():\n    socket = self.server.nextPendingConnection()\n"
                "    socket.disconnected.connect(socket.deleteLater)\n    socket.readyRead.connect(self.read)\n"
            ),
        ),
    ),
    check=check,
)
