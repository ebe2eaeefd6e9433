"""Loops that read to the beginning of one buffer again and again, and use it when they have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from localsocket_review.analysis.constant_conditions import truth_where
from localsocket_review.analysis.control_flow import ControlFlow, FlowNode
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Call,
    Expression,
    Literal,
    Name,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Assign, Evaluate, Loop, Statement, contains, expressions_in

# Calls that write to a buffer, and among how many of their first arguments it is.
_WRITING = {
    **dict.fromkeys(("snprintf", "sprintf", "memset", "bzero", "strcpy", "strncpy", "memcpy", "memmove", "fgets"), 1),
    **dict.fromkeys(("read", "recv", "recvfrom", "pread"), 2),
}
_MUCH = 1 << 16  # stands for every number of bytes that have come


class Overwriting:
    """Looks at what becomes of the bytes of one round."""

    def __init__(
        self,
        names: Names,
        flow_of: Callable[[FunctionInfo], ControlFlow],
        callees: Callable[[Call, FunctionInfo], list[FunctionInfo]],
    ) -> None:
        self._names = names
        self._flow_of = flow_of
        self._callees = callees

    def used_after(self, site: Site, buffer: Expression) -> Expression | None:
        """Return where the buffer is used after a loop in which each read overwrites what the one before gave."""
        function = site.function
        loops = [one for one in function.statements() if isinstance(one, Loop) and _is_round(one, site.call)]
        while loops and self._only_tries_again(loops[-1], site):
            loops.pop()
        variable = self._names.variable(buffer, function)
        if not loops or variable is None or not _is_beginning(buffer):
            return None
        loop, inside = loops[-1], set(walk(site.call))
        count = self._count(site)
        if not self._comes_back(site, count) or self._is_taken_in(loop, site, variable, count, inside):
            return None
        return next(self._uses_after(loop, site, variable), None)

    def _only_tries_again(self, loop: Loop, site: Site) -> bool:
        """Say whether the loop goes on only where the read has failed: `while (count == -1 && errno == EINTR)`."""
        count = self._count(site)
        if loop.test is None or count is None:
            return False
        return truth_where(loop.test, lambda part: self._number(part, site, count)) is False

    def _number(self, expression: Expression, site: Site, count: Variable | None) -> int | None:
        """Return what the expression is once much has come."""
        inner = strip_casts(expression)
        if inner is site.call or (isinstance(inner, Assignment) and strip_casts(inner.value) is site.call):
            return _MUCH
        match inner:
            case Name() | Attribute() if count is not None and self._names.variable(inner, site.function) == count:
                return _MUCH
            case Literal(value=int(number)):
                return number
            case Unary(operator="-", operand=Literal(value=int(number))):
                return -number
        return None

    def _count(self, site: Site) -> Variable | None:
        for statement in site.function.statements():
            match statement:
                case Assign(target=target, value=Expression() as value, operator="="):
                    if strip_casts(value) is site.call:
                        return self._names.variable(target, site.function)
        for part in site.function.expressions():
            if isinstance(part, Assignment) and strip_casts(part.value) is site.call and part.operator == "=":
                return self._names.variable(part.target, site.function)
        return None

    def _comes_back(self, site: Site, count: Variable | None) -> bool:
        """Say whether the read is done again after it has given something."""
        flow = self._flow_of(site.function)
        start = flow.node_of(site.call)

        def number_of(part: Expression) -> int | None:
            return self._number(part, site, count)

        seen: set[int] = set()
        waiting: list[FlowNode] = list(start.successors) if start is not None else []
        while waiting:
            node = waiting.pop()
            if node is start:
                return True
            if node.index in seen:
                continue
            seen.add(node.index)
            if node.guard is None or truth_where(node.guard.test, number_of) is not (not node.guard.holds):
                waiting.extend(node.successors)
        return False

    def _is_taken_in(
        self, loop: Loop, site: Site, buffer: Variable, count: Variable | None, inside: set[Expression]
    ) -> bool:
        """Say whether a round uses what it has read, or keeps how much that was."""
        function = site.function
        for part in [*expressions_in(loop.body), *(walk(loop.test) if loop.test is not None else ())]:
            if part in inside or not isinstance(part, Name | Attribute):
                continue
            if self._names.variable(part, function) == buffer:
                return True
        for statement in _statements(loop):
            if isinstance(statement, Assign) and count is not None and statement.value is not None:
                is_kept = strip_casts(statement.value) is not site.call
                if is_kept and any(self._is(part, count, function) for part in walk(statement.value)):
                    return True
            if isinstance(statement, Evaluate) and isinstance(statement.value, Call):
                call = statement.value
                if call is not site.call and call not in inside and self._may_use(call, buffer, function):
                    return True
        return False

    def _is(self, part: Expression, variable: Variable, function: FunctionInfo) -> bool:
        return isinstance(part, Name | Attribute) and self._names.variable(part, function) == variable

    def _may_use(self, call: Call, buffer: Variable, function: FunctionInfo) -> bool:
        """Say whether a call, which is not given the buffer, uses it as a member."""
        return isinstance(buffer.owner, ClassInfo) and any(
            self._is(part, buffer, callee) for callee in self._callees(call, function) for part in callee.expressions()
        )

    def _uses_after(self, loop: Loop, site: Site, buffer: Variable) -> Iterator[Expression]:
        function = site.function
        flow = self._flow_of(function)
        for part in function.expressions():
            if contains([loop], part) or not flow.may_follow(site.call, part):
                continue
            if isinstance(part, Call) and part.called_name in _WRITING and self._is_given(part, buffer, function):
                return  # used anew
            if self._is(part, buffer, function) or (isinstance(part, Call) and self._may_use(part, buffer, function)):
                yield part

    def _is_given(self, call: Call, buffer: Variable, function: FunctionInfo) -> bool:
        return any(
            self._names.variable(one, function) == buffer for one in call.arguments[: _WRITING[call.called_name]]
        )


def _statements(loop: Loop) -> Iterator[Statement]:
    waiting = list(loop.body)
    while waiting:
        statement = waiting.pop()
        yield statement
        for body in statement.bodies():
            waiting.extend(body)


def _is_round(loop: Loop, call: Call) -> bool:
    parts = walk(loop.test) if loop.test is not None else ()
    return loop.iterable is None and (contains(loop.body, call) or any(part is call for part in parts))


def _is_beginning(buffer: Expression) -> bool:
    """Say whether the read writes to where the buffer begins, and does not go on in it."""
    inner = strip_casts(buffer)
    return isinstance(inner, Name | Attribute) or (
        isinstance(inner, Call) and inner.called_name in ("data", "begin") and not inner.arguments
    )
