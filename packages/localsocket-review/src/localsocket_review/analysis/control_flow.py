"""The order in which a function's statements may run: what comes before what, and under which condition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Binary, Conditional, Expression, Unary, walk
from localsocket_review.model.statements import Statement


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition that is known to be true (`holds`) or false where it guards."""

    test: Expression
    holds: bool


@dataclass(slots=True, eq=False)
class FlowNode:
    """A statement without those inside it, or a `guard`: the beginning of one side of a branch.

    What `never_returns` ends the function by an exception, or the program.
    """

    index: int
    statement: Statement | None = None
    expressions: tuple[Expression, ...] = ()
    guard: Guard | None = None
    never_returns: bool = False
    successors: list[FlowNode] = field(default_factory=list)
    predecessors: list[FlowNode] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class FlowGraph:
    """The nodes of one function, from `entry` to `exit`."""

    nodes: list[FlowNode] = field(default_factory=list)

    def add(self, statement: Statement | None = None, expressions: Sequence[Expression] = ()) -> FlowNode:
        node = FlowNode(len(self.nodes), statement, tuple(expressions))
        self.nodes.append(node)
        return node

    @property
    def entry(self) -> FlowNode:
        return self.nodes[0]

    @property
    def exit(self) -> FlowNode:
        return self.nodes[1]


class ControlFlow:
    """The flow of one function."""

    def __init__(self, function: FunctionInfo, graph: FlowGraph) -> None:
        self.function = function
        self.graph = graph
        self._position: dict[Expression, tuple[FlowNode, int]] = {}
        self._above: dict[Expression, Expression | None] = {}  # what an expression is a part of
        for node in graph.nodes:
            for root in node.expressions:
                self._above[root] = None
                for number, expression in enumerate(walk(root), len(self._position)):
                    self._position[expression] = (node, number)
                    self._above.update(dict.fromkeys(expression.children(), expression))
        self._dominators = _immediate_dominators(graph.entry)
        self._dominated = _spans(self._dominators, graph.entry.index)
        self._outer_guards: dict[int, list[Guard]] = {}

    @property
    def nodes(self) -> list[FlowNode]:
        return self.graph.nodes

    def node_of(self, expression: Expression) -> FlowNode | None:
        found = self._position.get(expression)
        return None if found is None else found[0]

    def part_of(self, expression: Expression) -> Expression | None:
        """Return what the expression is a part of, if it is no whole statement's."""
        return self._above.get(expression)

    def dominates(self, first: Expression, second: Expression) -> bool:
        """Say whether every path to `second` runs `first` before."""
        one, other = self._position.get(first), self._position.get(second)
        if one is None or other is None or first is second:
            return False
        if one[0] is not other[0]:
            return self._node_dominates(one[0], other[0])
        # An expression is numbered before what is inside it, and evaluated after it.
        if second in self._way_up(first):
            return True
        return one[1] < other[1] and first not in self._way_up(second)

    def _way_up(self, expression: Expression) -> list[Expression]:
        """Return the expression, what it is a part of, and so on up to that of the whole statement."""
        way = [expression]
        while (above := self._above.get(way[-1])) is not None:
            way.append(above)
        return way

    def _node_dominates(self, first: FlowNode, second: FlowNode) -> bool:
        if first is second:
            return True
        span, place = self._dominated.get(first.index), self._dominated.get(second.index)
        return span is not None and place is not None and span[0] <= place[0] < span[1]

    def may_follow(self, first: Expression, second: Expression) -> bool:
        """Say whether `second` may run after `first`, in the same run of the function."""
        one, other = self.node_of(first), self.node_of(second)
        if one is None or other is None:
            return False
        return (one is other and self.dominates(first, second)) or _reaches(one, other)

    def is_in_loop(self, expression: Expression) -> bool:
        node = self.node_of(expression)
        return node is not None and _reaches(node, node)

    def can_avoid(self, start: Expression, avoided: Sequence[Expression], goal: Expression | None = None) -> bool:
        """Say whether a path leads from `start` to `goal`, or to the end of the function, past all that is avoided."""
        node = self.node_of(start)
        target = self.graph.exit if goal is None else self.node_of(goal)
        stops = [found for expression in avoided if (found := self.node_of(expression)) is not None]
        return node is not None and target is not None and _reaches(node, target, stops)

    def is_sure(self, done: Expression, use: Expression) -> bool:
        """Say whether `done` has been evaluated, and raised nothing, wherever `use` is evaluated."""
        node, goal = self.node_of(done), self.node_of(use)
        if node is None or goal is None or not self.dominates(done, use):
            return False
        handlers = [after for after in node.successors if _is_handler(after) and after is not goal]
        others = [after for after in node.successors if after not in handlers]
        return not others or not any(one is goal or _reaches(one, goal, [node]) for one in handlers)

    def leads_to(self, start: FlowNode, goal: FlowNode, stops: set[int]) -> bool:
        """Say whether a path leads from one node on to the other, past the nodes with these numbers."""
        return _reaches(start, goal, [self.nodes[index] for index in stops])

    def guards(self, expression: Expression) -> list[Guard]:
        """Return every condition known to hold, or not to hold, where the expression is evaluated."""
        node = self.node_of(expression)
        if node is None:
            return []
        if node.index not in self._outer_guards:
            self._outer_guards[node.index] = list(self._guards_above(node))
        return [*self._inner_guards(expression), *self._outer_guards[node.index]]

    def _guards_above(self, node: FlowNode) -> Iterator[Guard]:
        current: int | None = node.index
        while current is not None:
            guard = self.nodes[current].guard
            if guard is not None:
                yield from decompose(guard)
            above = self._dominators.get(current)
            current = None if above == current else above

    def _inner_guards(self, expression: Expression) -> Iterator[Guard]:
        """Yield the conditions inside of the same statement: of `a and f()`, `a ? f() : g()`."""
        for outer, inside in pairwise(reversed(self._way_up(expression))):
            match outer:
                case Binary(operator="and" | "or" as operator, left=left, right=right) if inside is right:
                    yield from decompose(Guard(left, operator == "and"))
                case Conditional(test=test, then=then) if inside is not test:
                    yield from decompose(Guard(test, inside is then))


def _is_handler(node: FlowNode) -> bool:
    """Say whether a node is where exceptions are caught."""
    return node.statement is None and not node.expressions and node.guard is None


def decompose(guard: Guard) -> Iterator[Guard]:
    """Yield the simple conditions that follow from a compound one."""
    match guard:
        case Guard(Unary(operator="not", operand=inner), holds):
            yield from decompose(Guard(inner, not holds))
        case Guard(Binary(operator="and", left=left, right=right), True):
            yield from decompose(Guard(left, True))
            yield from decompose(Guard(right, True))
        case Guard(Binary(operator="or", left=left, right=right), False):
            yield from decompose(Guard(left, False))
            yield from decompose(Guard(right, False))
        case _:
            yield guard


def _reaches(first: FlowNode, second: FlowNode, stops: Sequence[FlowNode] = ()) -> bool:
    """Say whether a path leads from one node on to the other, past the stops."""
    seen = {stop.index for stop in stops}
    waiting = list(first.successors)
    while waiting:
        node = waiting.pop()
        if node.index in seen:
            continue
        if node is second:
            return True
        seen.add(node.index)
        waiting.extend(node.successors)
    return False


def _immediate_dominators(entry: FlowNode) -> dict[int, int]:
    """Return each reachable node's nearest dominator, by Cooper, Harvey and Kennedy's method."""
    order = _reverse_postorder(entry)
    rank = {node.index: position for position, node in enumerate(order)}
    nearest = {entry.index: entry.index}

    def meet(one: int, other: int) -> int:
        while one != other:
            while rank[one] > rank[other]:
                one = nearest[one]
            while rank[other] > rank[one]:
                other = nearest[other]
        return one

    changed = True
    while changed:
        changed = False
        for node in order[1:]:
            known = [before.index for before in node.predecessors if before.index in nearest]
            found = known[0]
            for other in known[1:]:
                found = meet(found, other)
            if nearest.get(node.index) != found:
                nearest[node.index] = found
                changed = True
    return nearest


def _spans(dominators: dict[int, int], entry: int) -> dict[int, tuple[int, int]]:
    """Return a number of each node in the tree of dominators, and the first one behind those of all that it dominates.

    So whether one dominates another is told at once: large functions are asked that a million times.
    """
    below: defaultdict[int, list[int]] = defaultdict(list)
    for node, nearest in dominators.items():
        if node != nearest:
            below[nearest].append(node)
    order: list[int] = []
    waiting = [entry]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += below[node]
    sizes: dict[int, int] = {}
    for node in reversed(order):
        sizes[node] = 1 + sum(sizes[one] for one in below[node])
    return {node: (number, number + sizes[node]) for number, node in enumerate(order)}


def _reverse_postorder(entry: FlowNode) -> list[FlowNode]:
    seen = {entry.index}
    finished: list[FlowNode] = []
    stack = [(entry, iter(entry.successors))]
    while stack:
        node, rest = stack[-1]
        following = next((after for after in rest if after.index not in seen), None)
        if following is None:
            finished.append(node)
            stack.pop()
        else:
            seen.add(following.index)
            stack.append((following, iter(following.successors)))
    return finished[::-1]
