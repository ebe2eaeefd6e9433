"""Whether somebody deletes what `new` makes, which is followed through the variables and containers that hold it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.ownership import Fate, Ownership
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Call,
    Expression,
    Lambda,
    Literal,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign, Loop, Return
from localsocket_review.model.unit import Language

_RELEASING = frozenset({Fate.PARENTED, Fate.SMART, Fate.RETURNED, Fate.MANAGED, Fate.DELETED, Fate.DELETED_LATER})
# Calls that use an object and leave it to whoever has it.
_BORROWING = frozenset(
    {
        "connect",
        "disconnect",
        "moveToThread",
        "installEventFilter",
        "removeEventFilter",
        "blockSignals",
        "removeOne",
        "removeAll",
        "contains",
        "indexOf",
        "qDebug",
        "qWarning",
        "memcpy",
        "memset",
        "sizeof",
        "invokeMethod",
        "singleShot",
        "Q_ASSERT",
        "assert",
    }
)
_ADDING = frozenset(
    {"append", "push_back", "push_front", "prepend", "insert", "enqueue", "push", "add", "emplace_back"}
)
_DELETING = frozenset({"delete", "qDeleteAll", "free"})
_OWNING_TYPE = re.compile(r"unique_ptr|shared_ptr|QSharedPointer|QScopedPointer|QObjectCleanupHandler")
_FARTHEST = 3


class Releases:
    """Follows objects made by `new` to their end."""

    def __init__(
        self, program: Program, names: Names, inference: Inference, calls: ProgramCalls, ownership: Ownership
    ) -> None:
        self._inference = inference
        self._program = program
        self._names = names
        self._calls = calls
        self._ownership = ownership

    def is_released(self, made: Call, function: FunctionInfo) -> bool:
        """Say whether anything deletes the object, or may: what is handed to code that is not seen is its business."""
        if self._ownership.fates(made, function) & _RELEASING or self._may_have_parent(made, function):
            return True
        if any(made in set(walk(argument)) for call in function.base_calls for argument in call.arguments):
            return True  # the base takes it
        holder = self._ownership.holder(made, function)
        if holder is not None:
            return self._is_variable_released(holder, _FARTHEST)
        for statement in function.statements():
            if isinstance(statement, Assign) and statement.value is not None and strip_casts(statement.value) is made:
                return True  # into something that has no name here
        return any(self._takes(call, made, function, _FARTHEST) for call in self._calls_around(made, function))

    def _may_have_parent(self, made: Call, function: FunctionInfo) -> bool:
        """Say whether one of Qt's objects is given something of a type that is not seen."""
        return made.called_name.startswith("Q") and any(
            not isinstance(argument, (Literal, Lambda)) and not self._inference.type_of(argument, function)
            for argument in made.arguments
        )

    def _calls_around(self, made: Expression, function: FunctionInfo) -> Iterator[Call]:
        for call in function.calls():
            if call is not made and any(made in set(walk(argument)) for argument in _given(call)):
                yield call
        for expression in function.expressions():
            if isinstance(expression, Assignment) and strip_casts(expression.value) is made:
                yield Call(made.place, made)  # `if (!(m_socket = new …))`: its variable is not followed

    # --- variables ------------------------------------------------------------------------------------------------

    def _is_variable_released(self, variable: Variable, farthest: int) -> bool:
        if farthest == 0 or self._is_owner(variable):
            return True
        for function in self._functions_seeing(variable):
            for call in function.calls():
                if self._is_ended_by(call, variable, function):
                    return True
                for argument in _given(call):
                    if self._stands_for(argument, variable, function) and self._takes(
                        call, argument, function, farthest
                    ):
                        return True
            if self._is_passed_on(variable, function, farthest):
                return True
        return False

    def _is_ended_by(self, call: Call, variable: Variable, function: FunctionInfo) -> bool:
        if call.called_name in ("deleteLater", "setParent", "setAutoDelete", "swap") and call.receiver is not None:
            return self._names.variable(call.receiver, function) == variable
        # `delete m_socket`, and an element of what is asked about: `delete m_sockets.takeFirst()`
        return call.called_name in _DELETING and any(
            self._names.variable(inside, function) == variable
            for argument in call.arguments
            for inside in walk(argument)
        )

    def _is_passed_on(self, variable: Variable, function: FunctionInfo, farthest: int) -> bool:
        """Say whether another variable that holds the object is released, or the function returns it."""
        for statement in function.statements():
            match statement:
                case Return(value=value) if value is not None:
                    # `return socket->flush()` returns what flush() says, and not the socket.
                    asked = {id(inside.receiver) for inside in walk(value) if isinstance(inside, Call)}
                    returned = (inside for inside in walk(value) if id(inside) not in asked)
                    if any(self._stands_for(inside, variable, function) for inside in returned):
                        return True
                case Assign(target=target, value=value) if value is not None:
                    if self._stands_for(strip_casts(value), variable, function):
                        other = self._names.variable(target, function)
                        if other is None or self._is_variable_released(other, farthest - 1):
                            return True
                case Loop(target=target, iterable=iterable) if target is not None and iterable is not None:
                    # What deletes each element deletes them all.
                    each = self._names.variable(target, function)
                    is_over = any(self._names.variable(inside, function) == variable for inside in walk(iterable))
                    if is_over and each is not None and self._is_element_deleted(each, function):
                        return True
        return False

    def _is_element_deleted(self, each: Variable, function: FunctionInfo) -> bool:
        return any(self._is_ended_by(call, each, function) for call in function.calls())

    def _stands_for(self, expression: Expression, variable: Variable, function: FunctionInfo) -> bool:
        return self._names.variable(expression, function) == variable

    def _is_owner(self, variable: Variable) -> bool:
        if isinstance(variable.owner, ClassInfo):
            member = variable.owner.members.get(variable.path)
            return member is None or _OWNING_TYPE.search(member.type) is not None
        return _OWNING_TYPE.search(variable.owner.declared_types().get(variable.path, "")) is not None

    # --- calls ----------------------------------------------------------------------------------------------------

    def _takes(self, call: Call, argument: Expression, function: FunctionInfo, farthest: int) -> bool:
        """Say whether a call takes over what it is given."""
        if call.called_name in _BORROWING or self._calls.api_of(call, function) is not None:
            return False
        if call.called_name in _ADDING and call.receiver is not None:
            container = self._names.variable(call.receiver, function)
            return container is None or self._is_variable_released(container, farthest - 1)
        callees = self._calls.callees(call, function)
        if not callees:
            return True
        return any(
            self._is_variable_released(Variable(callee, parameter.name), farthest - 1)
            for callee in callees
            for parameter, given in zip(callee.parameters, call.arguments, strict=False)
            if given is argument and parameter.name
        )

    def _functions_seeing(self, variable: Variable) -> Iterator[FunctionInfo]:
        if isinstance(variable.owner, ClassInfo):
            for method in variable.owner.all_methods():
                yield from _with_nested(method)
            for derived in self._program.derived_from(variable.owner):
                for method in derived.all_methods():
                    yield from _with_nested(method)
        elif variable.owner is variable.owner.unit.body:
            yield from (one for one in self._program.functions if one.unit.language is Language.CPP)
        else:
            yield from _with_nested(variable.owner)


def _given(call: Call) -> tuple[Expression, ...]:
    """Return what a call is given; a lambda that captures is no handing on."""
    return tuple(argument for argument in call.arguments if not isinstance(argument, Lambda))


def _with_nested(function: FunctionInfo) -> Iterator[FunctionInfo]:
    yield function
    for nested in function.nested:
        yield from _with_nested(nested)


def is_made_on_purpose(made: Call, function: FunctionInfo) -> bool:
    """Say whether the object is meant to live as long as the program, or stands in memory that is somebody's."""
    line = function.unit.line(made.place.line)
    is_placed = re.match(r"new\s*\(", line[made.place.column - 1 :]) is not None
    return is_placed or re.search(r"\bstatic\b", line) is not None or dotted(made.function) == ""
