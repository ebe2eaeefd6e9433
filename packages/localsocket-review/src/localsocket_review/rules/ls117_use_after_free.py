"""LS117: a socket is deleted while something still points to it, or while its own signal is being delivered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from localsocket_review.analysis.connections import SignalConnection
from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Binary,
    Call,
    Expression,
    Name,
    Subscript,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_SOCKETS = ("QLocalSocket", "QAbstractSocket", "QIODevice", "QLocalServer")
_ADDING = frozenset({"append", "push_back", "emplace_back", "insert", "prepend", "enqueue", "push", "emplace", "add"})
_REMOVING = frozenset(
    {
        "removeAll",
        "removeOne",
        "removeAt",
        "removeIf",
        "remove",
        "erase",
        "take",
        "takeAt",
        "takeFirst",
        "takeLast",
        "dequeue",
        "pop",
        "pop_back",
        "pop_front",
        "clear",
        "swap",
    }
)
_REMOVING_FROM = frozenset({"erase_if", "remove", "remove_if", "erase", "exchange", "swap"})
_AFTER_FREE = "read what you need from it first, such as the next element of a list, and free the memory last"
_WATCHING = re.compile(r"Q(?:Weak)?Pointer\s*<|shared_ptr|unique_ptr|QSharedPointer|weak_ptr")


def check(facts: Facts) -> Iterator[Finding]:
    removed_from = _Removals(facts)
    for function in facts.functions(Language.CPP):
        yield from _left_in_containers(facts, function, removed_from)
        for call in function.calls():
            if call.called_name == "delete" and call.arguments:
                yield from _deleted_while_signalling(facts, call, function)
                yield from _used_after_delete(facts, call, function)
            for freed in _freed_by(facts, call, function):
                yield from _used_after_free(facts, call, freed, function)


# --- pointers left in containers ------------------------------------------------------------------------------------


def _left_in_containers(facts: Facts, function: FunctionInfo, removed_from: _Removals) -> Iterator[Finding]:
    for place, container, socket in _additions(facts, function):
        if not isinstance(container.owner, ClassInfo) or not facts.inference.is_a(socket, function, *_SOCKETS):
            continue
        member = container.owner.members.get(container.path)
        if member is not None and _WATCHING.search(member.type):
            continue
        deleted = _where_deleted(facts, socket, function, container.owner)
        if deleted is None or container in removed_from.containers:
            continue
        message = f"{container.path} keeps the pointer after the socket was deleted: the next use is a use after free."
        yield RULE.finding(place, message, [(place, "kept here"), (deleted, "deleted here")])


def _additions(facts: Facts, function: FunctionInfo) -> Iterator[tuple[Place, Variable, Expression]]:
    """Yield what is put into containers: by a method, by `<<` and `+=`, by a subscript."""
    for call in function.calls():
        if call.called_name in _ADDING and call.receiver is not None:
            container = facts.names.variable(call.receiver, function)
            for argument in call.arguments if container is not None else ():
                if container is not None:
                    yield call.place, container, argument
    for expression in function.expressions():
        match expression:
            case Binary(operator="<<", left=left, right=right) | Assignment(operator="+=", target=left, value=right):
                container = facts.names.variable(left, function)
                if container is not None:
                    yield expression.place, container, right
    for statement in function.statements():
        match statement:
            case Assign(target=Subscript(value=left), value=Expression() as value):
                container = facts.names.variable(left, function)
            case Assign(operator="+=", target=left, value=Expression() as value):
                container = facts.names.variable(left, function)
            case _:
                continue
        if container is not None:
            yield statement.place, container, value
            if isinstance(statement.target, Subscript):
                yield statement.place, container, statement.target.index


def _where_deleted(facts: Facts, socket: Expression, function: FunctionInfo, owner: ClassInfo) -> Place | None:
    """Return where the socket, once its peer has gone, is deleted: by a connection, or in a slot of one."""
    variable = facts.names.variable(socket, function)
    for connection in facts.connections.of_signal("disconnected", "errorOccurred", "error", "readChannelFinished"):
        if connection.function.owner is not owner:
            continue
        is_same = facts.names.variable(connection.sender, connection.function) == variable
        if connection.slot_name == "deleteLater" and is_same:
            return connection.place
        deletions = [
            call.place
            for target in connection.targets
            for call in target.calls()
            if call.called_name in ("deleteLater", "delete") and _is_sender(facts, call, target, connection)
        ]
        if is_same and deletions:
            return deletions[0]
    return None


def _is_sender(facts: Facts, call: Call, slot: FunctionInfo, connection: SignalConnection) -> bool:
    """Say whether a slot's call deletes the object whose signal called the slot."""
    deleted = call.receiver if call.called_name == "deleteLater" else call.arguments[0]
    if deleted is None:
        return False
    sender = facts.names.variable(connection.sender, connection.function)
    if sender is not None and facts.names.variable(deleted, slot) == sender:
        return True
    made = (strip_casts(origin.expression) for origin in facts.origins.of(deleted, slot))
    return any(isinstance(one, Call) and one.called_name == "sender" for one in made)


class _Removals:
    """Knows from which containers something is taken, otherwise than when all ends."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @cached_property
    def containers(self) -> frozenset[Variable | None]:
        names, calls_named = self._facts.names, self._facts.program.calls_named
        found = {
            names.variable(call.receiver, function)
            for call, function in calls_named(*sorted(_REMOVING))
            if call.receiver is not None and _may_remove(function)
        }
        for call, function in calls_named(*sorted(_REMOVING_FROM)):
            if _may_remove(function):
                found.update(names.variable(argument, function) for argument in call.arguments)
        return frozenset(found)


def _may_remove(function: FunctionInfo) -> bool:
    return function.unit.language is Language.CPP and function.kind is not FunctionKind.DESTRUCTOR


# --- delete ---------------------------------------------------------------------------------------------------------


def _deleted_while_signalling(facts: Facts, call: Call, function: FunctionInfo) -> Iterator[Finding]:
    deleted = call.arguments[0]
    may_be_socket = facts.inference.is_a(deleted, function, *_SOCKETS, "QObject")
    if facts.inference.type_of(deleted, function) and not may_be_socket:
        return
    for connection in facts.connections.all:
        is_slot = function in connection.targets and "Queued" not in connection.kind
        if is_slot and _is_sender(facts, call, function, connection):
            message = (
                f"The slot of {connection.signal}() deletes the socket, whose code then continues in freed memory."
            )
            evidence = [(connection.place, "called from its signal"), (call.place, "deleted here")]
            yield RULE.finding(
                call.place,
                message,
                evidence,
                repair="call deleteLater() instead of delete, and leave the slot without using the socket again",
            )
            return


def _used_after_delete(facts: Facts, call: Call, function: FunctionInfo) -> Iterator[Finding]:
    deleted = call.arguments[0]
    variable = facts.names.variable(deleted, function)
    if variable is None or not facts.inference.is_a(deleted, function, *_SOCKETS):
        return
    renewed = [
        statement.target
        for statement in function.statements()
        if isinstance(statement, Assign) and facts.names.variable(statement.target, function) == variable
    ]
    for use in function.calls():
        if use.receiver is None or facts.names.variable(use.receiver, function) != variable:
            continue
        if facts.flow(function).may_follow(call, use) and facts.flow(function).can_avoid(call, renewed, use):
            message = f"{variable.path} is used after it was deleted."
            yield RULE.finding(use.place, message, [(call.place, "deleted here"), (use.place, "used here")])


# --- free -----------------------------------------------------------------------------------------------------------


def _freed_by(facts: Facts, call: Call, function: FunctionInfo) -> Iterator[Variable]:
    """Yield the local pointers whose memory a call gives back in any case: free(), or a helper that does it."""
    if not facts.subject.concerns(function.unit):
        return
    callees = facts.calls.callees(call, function)
    for at, argument in enumerate(call.arguments):
        variable = facts.names.variable(argument, function) if isinstance(argument, Name) else None
        if variable is None or variable.owner is not function:
            continue
        if call.called_name == "free" if not callees else len(callees) == 1 and _always_frees(facts, callees[0], at):
            yield variable


def _always_frees(facts: Facts, helper: FunctionInfo, position: int) -> bool:
    if position >= len(helper.parameters) or helper.owner is not None:
        return False
    flow = facts.flow(helper)
    freeing = {
        node.index
        for call in helper.calls()
        if call.called_name == "free" and call.arguments and isinstance(only := call.arguments[0], Name)
        if only.identifier == helper.parameters[position].name and (node := flow.node_of(call)) is not None
    }
    return bool(freeing) and not flow.leads_to(flow.graph.entry, flow.graph.exit, freeing)


def _used_after_free(facts: Facts, call: Call, variable: Variable, function: FunctionInfo) -> Iterator[Finding]:
    flow = facts.flow(function)
    renewed = [one for one in function.expressions() if _renews(facts, one, variable, function)]
    renewed += [
        one.target
        for one in function.statements()
        if isinstance(one, Assign) and one.value is not None and facts.names.variable(one.target, function) == variable
    ]
    sizes = [one for one in function.calls() if one.called_name == "sizeof"]
    unevaluated = {part for one in sizes for part in walk(one)}
    for use in function.expressions():
        pointer = _dereferenced(use) if use not in unevaluated else None
        if pointer is None or facts.names.variable(pointer, function) != variable:
            continue
        if not _surely_follows(flow, call, use):
            continue
        others = [one for one in renewed if flow.node_of(one) is not flow.node_of(use)]
        if flow.can_avoid(call, others, use):
            message = f"{variable.path} is used after its memory was freed."
            evidence = [(call.place, "given back here"), (use.place, "used here")]
            yield RULE.finding(use.place, message, evidence, repair=_AFTER_FREE)
            return


def _surely_follows(flow: ControlFlow, call: Call, use: Expression) -> bool:
    """Say whether no condition keeps the use from what was freed: `if (failed) give_back(c); c->next = all;`."""
    if flow.dominates(call, use):
        return True
    # What stands above is come to by a loop, which mostly takes the next one, by a macro that nobody here knows.
    asked = {(guard.test, guard.holds) for guard in flow.guards(call)}
    return use.place > call.place and all((guard.test, guard.holds) in asked for guard in flow.guards(use))


def _renews(facts: Facts, part: Expression, variable: Variable, function: FunctionInfo) -> bool:
    match part:
        case Assignment(target=Name() as target) | Unary(operator="&", operand=Name() as target):
            return facts.names.variable(target, function) == variable
    return False


def _dereferenced(part: Expression) -> Name | None:
    match part:
        case Attribute(value=Name() as name) | Subscript(value=Name() as name):
            return name
        case Unary(operator="*", operand=Name() as name):
            return name
    return None


RULE = Rule(
    id="LS117",
    title="socket used after it was deleted",
    severity=Severity.HIGH,
    cwe="CWE-416",
    why=(
        "A pointer does not notice that its object is gone. Whatever is done through it then reads and writes memory "
        "that belongs to something else, at a moment that a peer chooses by closing its connection."
    ),
    repair="take the pointer out of every container in the slot of disconnected(), or keep QPointers",
    unless=(
        "the container holds QPointers",
        "the pointer is removed when the socket disconnects",
        "deleteLater is called, not delete",
    ),
    examples=(
        Example(
            Language.CPP,
            bad=(
                "m_clients.append(socket);\n"
                "connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);\n"
            ),
            good=(
                "m_clients.append(socket);\n"
                "connect(socket, &QLocalSocket::disconnected, this, [this, socket] {\n"
                "    m_clients.removeOne(socket);\n"
                "    socket->deleteLater();\n"
                "});\n"
            ),
        ),
    ),
    check=check,
)
