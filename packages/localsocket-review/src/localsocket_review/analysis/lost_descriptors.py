"""C descriptors that a function opens and leaves without having closed them, stored them or handed them on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.constant_conditions import truth_where
from localsocket_review.analysis.control_flow import ControlFlow, FlowNode
from localsocket_review.analysis.descriptor_uses import (
    DescriptorUse,
    DescriptorUses,
    is_invalid,
    is_plain_local,
    with_those_above,
)
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign, Branch, Goto, Label, Raise, Return, Statement, statements_in
from localsocket_review.model.unit import Language

_OPEN = 1 << 16  # stands for every descriptor that is open


class LostBy(Enum):
    RETURN = auto()  # a return, or the end of the function
    AGAIN = auto()  # the variable is given another descriptor, in the next round of a loop


@dataclass(frozen=True, slots=True)
class Lost:
    """A descriptor that `opened` gave, and the first place at which nothing has it any more."""

    opened: Call
    function: FunctionInfo
    name: str
    place: Place
    kind: LostBy


class LostDescriptors:
    """Walks from each call that opens something over every path of its function."""

    def __init__(self, names: Names, calls: ProgramCalls, flow_of: Callable[[FunctionInfo], ControlFlow]) -> None:
        self._names = names
        self._uses = DescriptorUses(names, calls)
        self._flow_of = flow_of

    def of(self, function: FunctionInfo) -> Iterator[Lost]:
        """Yield what the function loses, each descriptor once."""
        if function.unit.language is not Language.CPP or function.kind is FunctionKind.MODULE:
            return
        for target, value in function.assignments():
            made = strip_casts(value)
            if isinstance(made, Call) and isinstance(target, Name) and self._uses.opens(made, function):
                variable = self._names.variable(target, function)
                if variable is not None and is_plain_local(variable, function):
                    yield from self._lost(made, target, variable, function)

    def _lost(self, opened: Call, target: Name, variable: Variable, function: FunctionInfo) -> Iterator[Lost]:
        walk_on = _Walk(self._uses, self._flow_of(function), opened, variable, function)
        place = walk_on.lost_at()
        if place is not None:
            yield Lost(opened, function, target.identifier, *place)


class _Walk:
    """The paths from one call that opens a descriptor."""

    def __init__(
        self, uses: DescriptorUses, flow: ControlFlow, opened: Call, variable: Variable, function: FunctionInfo
    ) -> None:
        self._uses = uses
        self._flow = flow
        self._opened = opened
        self._variable = variable
        self._function = function
        guards = flow.guards(opened)
        self._inside = {id(guard.test): guard.holds for guard in guards}
        self._known = [(guard.test, guard.holds) for guard in guards if self._is_steady(guard.test)]
        self._is_opened_lazily = any(self._is_it(part) for guard in guards for part in walk(guard.test))
        self._labels = {one.name for one in function.statements() if isinstance(one, Label)}
        self._releasing = {
            id(branch) for branch in function.statements() if isinstance(branch, Branch) and self._may_release(branch)
        }

    def lost_at(self) -> tuple[Place, LostBy] | None:
        start = self._flow.node_of(self._opened)
        if start is None or self._is_held_elsewhere() or self._is_used_with(start):
            return None
        found: list[tuple[Place, LostBy]] = []
        seen: set[int] = set()
        waiting = list(start.successors)
        while waiting:
            node = waiting.pop()
            if node is start:
                found.extend([] if self._is_opened_lazily else [(self._opened.place, LostBy.AGAIN)])
            elif node.index not in seen:
                seen.add(node.index)
                lost, following = self._at(node)
                found.extend([(lost, LostBy.RETURN)] if lost is not None else [])
                waiting.extend(following)
        return min(found, key=lambda one: (one[1] is LostBy.AGAIN, one[0].line), default=None)

    def _is_held_elsewhere(self) -> bool:
        """Say whether something else may close it: a pointer to it, a lambda, a macro that names it."""
        name, function = self._variable.path, self._function
        word = re.compile(rf"\b{re.escape(name)}\b")
        macros = function.unit.macros
        used = {part.identifier for part in function.expressions() if isinstance(part, Name)}
        if any(one in macros and word.search(macros[one].value) for one in used):
            return True
        if any(isinstance(one, Assign) and self._points(one.value) for one in function.statements()):
            return True
        return any(
            isinstance(part, Name) and part.identifier == name
            for nested in function.nested
            for part in nested.expressions()
        ) or any(name in nested.captures or {"&", "="} & set(nested.captures) for nested in function.nested)

    def _points(self, value: Expression | None) -> bool:
        return value is not None and any(
            isinstance(part, Unary) and part.operator == "&" and self._is_it(strip_casts(part.operand))
            for part in ([value, *getattr(value, "items", ())] if not isinstance(value, Call) else ())
        )

    def _is_it(self, expression: Expression) -> bool:
        return self._uses.is_variable(expression, self._variable, self._function)

    def _is_used_with(self, start: FlowNode) -> bool:
        """Say whether the statement that opens it hands it on as well: `if ((fd = open(…)) < 0 || keep(fd))`."""
        return any(self._use(part, above, start) is DescriptorUse.GONE for part, above in self._named_in(start))

    def _named_in(self, node: FlowNode) -> Iterator[tuple[Expression, list[Expression]]]:
        for root in node.expressions:
            for part, above in with_those_above(root):
                if self._is_it(part):
                    yield part, above

    def _use(self, part: Expression, above: list[Expression], node: FlowNode) -> DescriptorUse:
        found = self._uses.use_of(part, above, self._function)
        statement = node.statement
        if self._is_polled(part, above, statement):
            return DescriptorUse.NEUTRAL
        if found is not DescriptorUse.ROOT:
            return found
        root = above[0] if above else part
        if isinstance(statement, Assign):
            return DescriptorUse.SET if statement.target is root else DescriptorUse.GONE
        return DescriptorUse.GONE if isinstance(statement, Return) else DescriptorUse.NEUTRAL

    def _is_polled(self, part: Expression, above: list[Expression], statement: Statement | None) -> bool:
        """Say whether it is only put into the structure of one poll(): `struct pollfd p = {fd, POLLIN, 0}`."""
        if not isinstance(statement, Assign):
            return False
        if isinstance(statement.target, Name):
            is_whole = isinstance(statement.value, Display) and above == [statement.value]
            return is_whole and statement.type.endswith("pollfd")
        if not isinstance(statement.target, Attribute) or statement.target.name != "fd" or statement.value is not part:
            return False
        holder = statement.target.value
        declared = self._function.declared_types()
        return isinstance(holder, Name) and declared.get(holder.identifier, "").endswith("pollfd")

    def _at(self, node: FlowNode) -> tuple[Place | None, list[FlowNode]]:
        """Return where the descriptor is lost, if it is here, and where the walk goes on."""
        if node is self._flow.graph.exit:
            return self._end(), []
        if node.guard is not None:
            return None, [] if self._is_ruled_out(node.guard.test, node.guard.holds) else node.successors
        if isinstance(node.statement, Raise):
            is_left = node.successors == [self._flow.graph.exit]
            return (node.statement.place, []) if is_left else (None, node.successors)
        uses = {self._use(part, above, node) for part, above in self._named_in(node)}
        if (
            uses & {DescriptorUse.GONE, DescriptorUse.SET}
            or node.never_returns
            or id(node.statement) in self._releasing
        ):
            return None, []
        if isinstance(node.statement, Goto) and node.statement.label not in self._labels:
            return None, []  # a label that a macro sets
        if isinstance(node.statement, Return):
            return self._of_return(node.statement), []
        return None, node.successors

    def _of_return(self, statement: Return) -> Place | None:
        return None if self._function.name == "main" else statement.place

    def _end(self) -> Place | None:
        """Return the last line of a function that ends without a return."""
        if self._function.name == "main":
            return None
        last = list(statements_in(self._function.body or []))[-1].place
        end = self._function.place.end_line or last.end_line or last.line
        return Place(last.file, end) if self._function.place.end_line > self._function.place.line else last

    def _is_ruled_out(self, test: Expression, holds: bool) -> bool:
        truth = self._truth(test)
        if truth is not None:
            return truth is not holds
        return any(known is not holds and _is_same(test, other) for other, known in self._known)

    def _is_steady(self, test: Expression) -> bool:
        """Say whether the condition is the same later on: nothing that it names is set twice, and it calls nothing."""
        names = {part.identifier for part in walk(test) if isinstance(part, Name)}
        parameters = {parameter.name for parameter in self._function.parameters}
        targets = [getattr(target, "identifier", "") for target, _ in self._function.assignments()]
        return not any(isinstance(part, Call | Unary) and not _is_negation(part) for part in walk(test)) and all(
            targets.count(name) <= (name not in parameters) for name in names
        )

    def _truth(self, test: Expression) -> bool | None:
        """Return whether a condition holds while the descriptor is open, or None where that depends on more."""
        return truth_where(test, self._number, self._is_known)

    def _is_known(self, test: Expression) -> bool | None:
        """`a && (fd = open(…)) != -1`: it was opened, so `a` holds."""
        is_here = id(test) in self._inside and self._flow.node_of(test) is self._flow.node_of(self._opened)
        return self._inside[id(test)] if is_here else None

    def _number(self, expression: Expression) -> int | None:
        match strip_casts(expression):
            case Assignment(target=target) if self._is_it(target):
                return _OPEN
            case Name() as name if self._is_it(name):
                return _OPEN
            case Literal(value=int(number)):
                return number
            case inner if is_invalid(inner):
                return -1
        return None

    def _may_release(self, branch: Branch) -> bool:
        """Say whether a side lets go of it and goes on: `if (result < 0) close(fd);`, of which we cannot say more."""
        if self._truth(branch.test) is not None:
            return False
        return any(
            not _leaves(side)
            and any(
                self._uses.use_of(part, above, self._function) is DescriptorUse.GONE
                for inner in statements_in(side)
                for root in inner.expressions()
                for part, above in with_those_above(root)
                if self._is_it(part)
            )
            for side in (branch.then, branch.otherwise)
            if side
        )


def _leaves(side: list[Statement]) -> bool:
    """Say whether what follows the branch is not come to from this side, at a first look."""
    return type(side[-1]).__name__ in ("Return", "Raise", "Break", "Continue", "Goto")


def _is_negation(part: Expression) -> bool:
    return isinstance(part, Unary) and part.operator in ("not", "-")


def _is_same(one: Expression, other: Expression) -> bool:
    """Say whether two conditions are written alike."""
    if type(one) is not type(other):
        return False
    if any(getattr(one, word, None) != getattr(other, word, None) for word in ("identifier", "name", "operator")):
        return False
    if isinstance(one, Literal) and isinstance(other, Literal):
        return one.value == other.value
    inner, others = list(one.children()), list(other.children())
    return len(inner) == len(others) and all(map(_is_same, inner, others))
