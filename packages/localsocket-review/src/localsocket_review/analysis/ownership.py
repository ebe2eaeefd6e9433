"""Who is responsible for an object: what becomes of what a call makes or hands over."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property

from localsocket_review.analysis.connections import Connections
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Name, This, dotted, strip_casts, walk
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign, Evaluate, Return, With


class Fate(StrEnum):
    """One thing that becomes of an object; it may have several."""

    DROPPED = "dropped"
    PARENTED = "has a parent"
    SMART = "held by a smart pointer"
    MEMBER = "held by a member"
    LOCAL = "held by a local variable"
    RETURNED = "returned"
    HANDED_ON = "handed on"
    MANAGED = "closed by a with statement"
    CLOSED = "closed"
    DELETED = "deleted"
    DELETED_LATER = "deleted when it has disconnected"


_CLOSING = frozenset(
    {"close", "shutdown", "stop", "terminate", "abort", "server_close", "aclose", "wait_closed"}
    | {"stopListening", "loseConnection", "stop_listening", "close_listener", "cleanup", "destroy"}
)
_SMART = ("unique_ptr", "shared_ptr", "QScopedPointer", "QSharedPointer")


class Ownership:
    """Follows objects from where they are made."""

    def __init__(self, program: Program, names: Names, inference: Inference, connections: Connections) -> None:
        self._program = program
        self._names = names
        self._inference = inference
        self._connections = connections

    def holder(self, made: Expression, function: FunctionInfo) -> Variable | None:
        """Return the variable that takes the object, from this very expression."""
        for statement in function.statements():
            if isinstance(statement, Assign) and statement.value is not None and strip_casts(statement.value) is made:
                return self._names.variable(statement.target, function)
            if isinstance(statement, With):
                for context, taken in statement.items:
                    if taken is not None and strip_casts(context) is made:
                        return self._names.variable(taken, function)
        return None

    def holders(self, made: Expression, function: FunctionInfo) -> list[Variable]:
        """Return the variable that takes the object, and those that get it from there: `self.server = await coming`."""
        first = self.holder(made, function)
        found = [] if first is None else [first]
        for holder in found:
            for other in self._functions_seeing(holder) if isinstance(holder.owner, FunctionInfo) else ():
                for statement in other.statements():
                    if not isinstance(statement, Assign) or statement.value is None or statement.operator != "=":
                        continue
                    value = strip_casts(statement.value)
                    is_held = isinstance(value, Name) and self._names.variable(value, other) == holder
                    target = self._names.variable(statement.target, other) if is_held else None
                    if target is not None and target not in found:
                        found.append(target)
        return found

    def fates(self, made: Expression, function: FunctionInfo) -> set[Fate]:
        """Return what becomes of the object that the expression makes."""
        found: set[Fate] = set()
        holders = self.holders(made, function)
        for statement in function.statements():
            found.update(self._immediate(statement, made))
        if isinstance(made, Call) and made.is_new and self._has_parent(made, function):
            found.add(Fate.PARENTED)
        for holder in holders:
            found.update(self._held_by(holder))
        return found or {Fate.DROPPED}

    def _held_by(self, holder: Variable) -> set[Fate]:
        found = {Fate.MEMBER if isinstance(holder.owner, ClassInfo) else Fate.LOCAL}
        if isinstance(holder.owner, ClassInfo):
            member = holder.owner.members.get(holder.path)
            if member is not None and any(shell in member.type for shell in _SMART):
                found.add(Fate.SMART)
        found.update(self._of_holder(holder))
        return found

    def _immediate(self, statement: object, made: Expression) -> Iterator[Fate]:
        match statement:
            case Return(value=value) if value is not None and made in set(walk(value)):
                yield Fate.RETURNED
            case With(items=items) if any(made in set(walk(context)) for context, _ in items):
                yield Fate.MANAGED
            case Assign(value=value, type=declared) if value is not None and made in set(walk(value)):
                if any(shell in declared for shell in _SMART):
                    yield Fate.SMART
                if strip_casts(value) is not made:
                    yield Fate.HANDED_ON
            case Evaluate(value=value) if strip_casts(value) is not made and made in set(walk(value)):
                yield Fate.HANDED_ON

    def _has_parent(self, made: Call, function: FunctionInfo) -> bool:
        """Say whether a QObject is given to one: `new QLocalSocket(this)`."""
        return any(
            isinstance(argument, This)
            or dotted(strip_casts(argument)) == "parent"
            or self._inference.is_a(argument, function, "QObject")
            for argument in made.arguments
        )

    def _of_holder(self, holder: Variable) -> Iterator[Fate]:
        for function in self._functions_seeing(holder):
            for call in function.calls():
                if call.receiver is not None and self._names.variable(call.receiver, function) == holder:
                    if call.called_name in _CLOSING:
                        yield Fate.CLOSED
                    elif call.called_name == "deleteLater":
                        yield Fate.DELETED_LATER
                    elif call.called_name == "setParent":
                        yield Fate.PARENTED
                elif any(self._names.variable(argument, function) == holder for argument in call.arguments):
                    yield Fate.DELETED if call.called_name in ("delete", "qDeleteAll") else Fate.HANDED_ON
            if any(self._is_closing(part, holder, function) for part in function.expressions()):
                yield Fate.CLOSED
            for statement in function.statements():
                value = statement.value if isinstance(statement, Return) else None
                if value is not None and self._names.variable(value, function) == holder:
                    yield Fate.RETURNED
        for connection in self._connections.all:
            if connection.slot_name == "deleteLater":
                ends = [one for one in (connection.sender, connection.context) if one is not None]
                if any(self._names.variable(one, connection.function) == holder for one in ends):
                    yield Fate.DELETED_LATER

    def _is_closing(self, part: Expression, holder: Variable, function: FunctionInfo) -> bool:
        """Say whether its closing is given to what calls it later: `self.addCleanup(server.close)`."""
        if not isinstance(part, Attribute) or part.name not in _CLOSING:
            return False
        return self._names.variable(part.value, function) == holder

    def is_left_to_others(self, holder: Variable) -> bool:
        """Say whether a with statement ends it, or asyncio's serve_forever(), which closes what it has served."""
        return holder in self._left_to_others

    @cached_property
    def _left_to_others(self) -> set[Variable]:
        found: set[Variable | None] = set()
        for function in self._program.functions:
            for statement in function.statements():
                if isinstance(statement, With):
                    found.update(self._names.variable(context, function) for context, _ in statement.items)
            for call in function.calls():
                if call.called_name == "serve_forever" and call.receiver is not None:
                    found.add(self._names.variable(call.receiver, function))
        return {holder for holder in found if holder is not None}

    def _functions_seeing(self, holder: Variable) -> Iterator[FunctionInfo]:
        if isinstance(holder.owner, FunctionInfo):
            waiting = [holder.owner]
            while waiting:
                function = waiting.pop()
                yield function
                waiting.extend(function.nested)
        else:
            for owner in (holder.owner, *self._program.derived_from(holder.owner)):
                yield from self._program.functions_by_owner.get(owner, ())


def is_released(fates: set[Fate]) -> bool:
    """Say whether somebody is responsible for the end of the object."""
    return bool(fates - {Fate.LOCAL, Fate.MEMBER, Fate.DROPPED})
