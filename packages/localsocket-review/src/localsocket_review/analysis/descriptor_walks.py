"""The paths from a call that opens a descriptor to where nothing has it any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from localsocket_review.analysis.constant_conditions import truth_where
from localsocket_review.analysis.control_flow import ControlFlow, FlowNode
from localsocket_review.analysis.descriptor_uses import DescriptorUse, DescriptorUses, is_invalid, with_those_above
from localsocket_review.analysis.names import Variable
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Call,
    Cast,
    Conditional,
    Display,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import (
    Assign,
    Branch,
    Goto,
    Label,
    Loop,
    Raise,
    Return,
    Statement,
    statements_in,
)

_FREEING = frozenset({"free", "g_free", "xfree"})
_OPEN = 1 << 16  # stands for every descriptor that is open


class LostBy(Enum):
    RETURN = auto()  # a return, or the end of the function
    FREE = auto()  # free() of the structure that has it
    AGAIN = auto()  # the variable is given another descriptor, in the next round of a loop


@dataclass(frozen=True, slots=True)
class WalkStart:
    """A call from which on a descriptor is open, or open still.

    `gives` is what the call gives on the paths that are walked, where that is not the descriptor: nothing for a pipe()
    that has made two of them, -1 for a lock that was not given. `kept_in` is the variable that has it.
    """

    call: Call
    variable: Variable
    end: int | None = None  # which of two
    gives: int | None = None
    kept_in: Expression | None = None
    is_failure: bool = False
    holder: str = ""  # the variable that points to the structure whose field it is

    @property
    def name(self) -> str:
        if self.holder:
            return self.variable.path.replace(".", "->")
        return self.variable.path if self.end is None else f"{self.variable.path}[{self.end}]"


class DescriptorWalk:
    """The paths from one start, over which the descriptor is open."""

    def __init__(self, uses: DescriptorUses, flow: ControlFlow, start: WalkStart, function: FunctionInfo) -> None:
        self._uses = uses
        self._flow = flow
        self._start = start
        self._opened = start.call
        self._variable = start.variable
        self._function = function
        guards = flow.guards(start.call)
        self._inside = {id(guard.test): guard.holds for guard in guards}
        self._known = [(guard.test, guard.holds) for guard in guards if self._is_steady(guard.test)]
        self._is_opened_lazily = any(self._is_it(part) for guard in guards for part in walk(guard.test))
        self._labels = {one.name for one in function.statements() if isinstance(one, Label)}
        self._releasing = {
            id(branch) for branch in function.statements() if isinstance(branch, Branch) and self._may_release(branch)
        }

    def lost_at(self) -> tuple[Place, LostBy] | None:
        """Return the first place where nothing has the descriptor any more."""
        start = self._flow.node_of(self._opened)
        if start is None or self._is_held_elsewhere() or self._is_used_with(start):
            return None
        if isinstance(start.statement, Return):
            is_told = self._start.is_failure and self._is_outcome(start.statement.value)
            return (start.statement.place, LostBy.RETURN) if is_told else None
        found: list[tuple[Place, LostBy]] = []
        seen: set[tuple[int, bool]] = set()
        waiting = [(node, not self._start.is_failure) for node in start.successors]
        while waiting:
            node, is_asked = waiting.pop()
            if node is start:
                is_lost = not self._is_opened_lazily and not self._start.is_failure
                found.extend([(self._opened.place, LostBy.AGAIN)] if is_lost else [])
            elif (node.index, is_asked) not in seen:
                seen.add((node.index, is_asked))
                is_asked = is_asked or self._asks_outcome(node)
                lost, following = self._at(node) if is_asked else (None, self._unasked(node))
                by = LostBy.FREE if self._frees(node) else LostBy.RETURN
                found.extend([(lost, by)] if lost is not None else [])
                waiting.extend((after, is_asked) for after in following)
        return min(found, key=lambda one: (one[1] is LostBy.AGAIN, one[0].line), default=None)

    def is_kept(self) -> bool:
        """Say whether the function closes it, and never stores it or hands it on."""
        named = [one for node in self._flow.nodes for one in self._named_in(node) if self._is_gone(*one, node)]
        closing = [above for _, above in named if _is_closing(above)]
        return bool(closing) and len(closing) == len(named) and not self._is_held_elsewhere()

    def _is_gone(self, part: Expression, above: list[Expression], node: FlowNode) -> bool:
        return self._use(part, above, node) is DescriptorUse.GONE

    def _asks_outcome(self, node: FlowNode) -> bool:
        """Say whether a condition asks what the call gave, or that is returned for others to ask."""
        if isinstance(node.statement, Return):
            return self._is_outcome(node.statement.value)
        test = node.guard.test if node.guard is not None else None
        return test is not None and self._truth(test) is not None and any(map(self._is_outcome, walk(test)))

    def _unasked(self, node: FlowNode) -> list[FlowNode]:
        """Go on as long as nobody uses what the call gave: who uses it unasked ends there when it has failed."""
        is_left = node is self._flow.graph.exit or node.never_returns or isinstance(node.statement, Return | Raise)
        is_used = not isinstance(node.statement, Branch | Loop) and any(
            self._is_outcome(part) for root in node.expressions for part in walk(root)
        )
        is_gone = any(self._use(part, above, node) is not DescriptorUse.NEUTRAL for part, above in self._named_in(node))
        return [] if is_left or is_used or is_gone else node.successors

    def _is_outcome(self, expression: Expression | None) -> bool:
        """Say whether this is what the call gave: the call itself, or the variable that keeps it."""
        expression = None if expression is None else strip_casts(expression)
        kept_in = self._start.kept_in
        return expression is self._opened or (
            expression is not None and kept_in is not None and _is_same(expression, kept_in)
        )

    def _is_held_elsewhere(self) -> bool:
        """Say whether something else may close it: a pointer to it, a lambda, a macro that names it."""
        name, function = self._start.holder or self._variable.path, self._function
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
        if self._start.holder:
            return self._uses.is_field(expression, self._variable, self._function)
        if self._start.end is None:
            return self._uses.is_variable(expression, self._variable, self._function)
        return (
            isinstance(expression, Subscript)
            and self._uses.is_variable(expression.value, self._variable, self._function)
            and isinstance(expression.index, Literal)
            and expression.index.value == self._start.end
        )

    def _is_array(self, part: Expression, above: list[Expression]) -> bool:
        """Say whether both ends are meant: the array, or one of them that is not told."""
        if self._start.end is None or not self._uses.is_variable(part, self._variable, self._function):
            return False
        outer = above[-1] if above else None
        return not (isinstance(outer, Subscript) and isinstance(outer.index, Literal))

    def _is_used_with(self, start: FlowNode) -> bool:
        """Say whether the statement that opens it hands it on as well: `if ((fd = open(…)) < 0 || keep(fd))`."""
        return any(
            self._use(part, above, start) is DescriptorUse.GONE
            for part, above in self._named_in(start)
            if self._start.gives is None or self._opened not in above
        )

    def _named_in(self, node: FlowNode) -> Iterator[tuple[Expression, list[Expression]]]:
        for root in node.expressions:
            for part, above in with_those_above(root):
                if self._is_it(part) or self._is_array(part, above) or self._is_holder(part, above):
                    yield part, above

    def _is_holder(self, part: Expression, above: list[Expression]) -> bool:
        """Say whether the structure is named that has it, or a place in it by its address, and not a field's value."""
        if not self._start.holder or not isinstance(part, Name) or part.identifier != self._start.holder:
            return False
        outer = [one for one in reversed(above) if not isinstance(one, Attribute)]
        return outer[:1] == above[-1:] or (bool(outer) and isinstance(outer[0], Unary) and outer[0].operator == "&")

    def _frees(self, node: FlowNode) -> bool:
        return any(
            isinstance(above[-1], Call) and above[-1].called_name in _FREEING
            for part, above in self._named_in(node)
            if above and self._is_holder(part, above)
        )

    def _use(self, part: Expression, above: list[Expression], node: FlowNode) -> DescriptorUse:
        found = self._uses.use_of(part, above, self._function)
        if isinstance(node.statement, Return) and self._is_returned_on_condition(node.statement, part, above):
            return DescriptorUse.NEUTRAL
        statement = node.statement
        if self._is_polled(part, above, statement):
            return DescriptorUse.NEUTRAL
        if found is not DescriptorUse.ROOT:
            return found
        root = above[0] if above else part
        if isinstance(statement, Assign):
            return DescriptorUse.SET if statement.target is root else DescriptorUse.GONE
        return DescriptorUse.GONE if isinstance(statement, Return) else DescriptorUse.NEUTRAL

    def _is_returned_on_condition(self, statement: Return, part: Expression, above: list[Expression]) -> bool:
        """`return ok ? fd : -1`: where it is not ok, the descriptor is lost."""
        value = statement.value
        if not isinstance(value, Conditional) or [one for one in above if not isinstance(one, Cast)] != [value]:
            return False
        sides = {True: strip_casts(value.then), False: strip_casts(value.otherwise)}
        if not is_invalid(sides[False] if sides[True] is part else sides[True]):
            return False
        given = sides[True] is part
        known = [*self._known, *((guard.test, guard.holds) for guard in self._flow.guards(value.test))]
        return self._truth(value.test) is not given and not _is_known_by(value.test, given, known)

    def _is_polled(self, part: Expression, above: list[Expression], statement: Statement | None) -> bool:
        """Say whether it is only put into what one poll() is given: `struct pollfd p = {fd, POLLIN, 0}`."""
        if not isinstance(statement, Assign):
            return False
        if isinstance(statement.target, Name):
            is_part = all(isinstance(one, Display) for one in above) and above[:1] == [statement.value]
            return is_part and statement.type.removesuffix("[]").endswith("pollfd") and not self._closes_polled()
        if not isinstance(statement.target, Attribute) or statement.target.name != "fd" or statement.value is not part:
            return False
        holder = statement.target.value
        if isinstance(holder, Subscript) and isinstance(holder.index, Literal):
            holder = holder.value
        declared = self._function.declared_types()
        is_polled = isinstance(holder, Name) and declared.get(holder.identifier, "").removesuffix("[]").endswith(
            "pollfd"
        )
        return is_polled and not self._closes_polled()

    def _closes_polled(self) -> bool:
        """Say whether the function closes what it finds in such a structure: then that keeps descriptors."""
        return any(
            isinstance(argument, Attribute) and argument.name == "fd"
            for call in self._function.calls()
            if call.called_name == "close"
            for argument in call.arguments
        )

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
        if self._frees(node) and node.statement is not None:
            return node.statement.place, []
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
        inner = strip_casts(expression)
        gives = self._start.gives
        if gives is not None and (
            self._is_outcome(inner) or (isinstance(inner, Assignment) and self._is_outcome(inner.value))
        ):
            return gives
        match inner:
            case Assignment(target=target) if self._is_it(target):
                return _OPEN
            case Name() | Subscript() | Attribute() if self._is_it(inner):
                return _OPEN
            case Literal(value=int(number)):
                return number
            case Literal(value=None):
                return 0
            case _ if is_invalid(inner):
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


def _is_closing(above: list[Expression]) -> bool:
    """Say whether what stands above the descriptor gives it to close()."""
    calls = [one for one in above if not isinstance(one, Cast)][-1:]
    return any(isinstance(one, Call) and one.called_name == "close" for one in calls)


def _is_negation(part: Expression) -> bool:
    return isinstance(part, Unary) and part.operator in ("not", "-")


def _is_known_by(test: Expression, holds: bool, known: list[tuple[Expression, bool]]) -> bool:
    """Say whether another condition, written alike, tells that this one holds, or that it does not."""
    while isinstance(test, Unary) and test.operator == "not":
        test, holds = test.operand, not holds
    return any(is_so is holds and _is_same(test, other) for other, is_so in known)


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
