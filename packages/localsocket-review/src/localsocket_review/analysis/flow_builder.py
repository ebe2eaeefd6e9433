"""Building a function's flow graph from its statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from localsocket_review.analysis.constant_conditions import constant_truth
from localsocket_review.analysis.control_flow import FlowGraph, FlowNode, Guard
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Binary, Call, Expression, strip_casts
from localsocket_review.model.statements import (
    Branch,
    Break,
    Choice,
    Continue,
    Evaluate,
    Goto,
    Label,
    Loop,
    Raise,
    Return,
    Statement,
    Try,
    With,
)

Ends = Callable[[Call, FunctionInfo], bool]
Asserted = Callable[[Call, FunctionInfo], Expression | None]


def build_flow(
    function: FunctionInfo, ends: Ends = lambda *_: False, asserted: Asserted = lambda *_: None
) -> FlowGraph:
    """Return the graph; `ends` says of which calls nothing comes back, `asserted` what holds where others do."""
    return _Builder(function, ends, asserted).build()


@dataclass(slots=True)
class _Surroundings:
    """Where a statement's leaving leads: the ends of loops, and the handlers of the innermost try."""

    after_loop: list[FlowNode] | None = None
    next_round: list[FlowNode] | None = None
    handlers: list[FlowNode] = field(default_factory=list)


class _Builder:
    """Builds the flow: each method takes the nodes that lead in, and returns those that lead out."""

    def __init__(self, function: FunctionInfo, ends: Ends, asserted: Asserted) -> None:
        self._function = function
        self._ends = ends
        self._asserted = asserted
        self._graph = FlowGraph()
        self._labels: dict[str, FlowNode] = {}
        self._jumps: list[tuple[FlowNode, str]] = []

    def build(self) -> FlowGraph:
        function = self._function
        entry, end = self._graph.add(), self._graph.add()
        before = [entry]
        if function.base_calls:
            bases = self._graph.add(None, function.base_calls)
            _link(before, bases)
            before = [bases]
        _link(self._block(function.body or [], before, _Surroundings()), end)
        for node, label in self._jumps:
            _link([node], self._labels.get(label, end))
        return self._graph

    def _node(
        self,
        statement: Statement | None,
        before: list[FlowNode],
        around: _Surroundings,
        *expressions: Expression | None,
    ) -> FlowNode:
        node = self._graph.add(statement, [found for found in expressions if found is not None])
        _link(before, node)
        for handler in around.handlers:
            _link([node], handler)
        return node

    def _assume(self, test: Expression | None, holds: bool, before: list[FlowNode]) -> list[FlowNode]:
        if test is None:
            return before
        if constant_truth(test) is (not holds):
            return []  # this side never runs
        return [self._held(test, holds, before)]

    def _block(self, body: Sequence[Statement], before: list[FlowNode], around: _Surroundings) -> list[FlowNode]:
        for statement in body:
            before = self._statement(statement, before, around)
        return before

    def _statement(self, statement: Statement, before: list[FlowNode], around: _Surroundings) -> list[FlowNode]:
        match statement:
            case Branch(test=test, then=then, otherwise=otherwise):
                node = self._node(statement, before, around, test)
                ends = self._block(then, self._assume(test, True, [node]), around)
                return [*ends, *self._block(otherwise, self._assume(test, False, [node]), around)]
            case Loop():
                return self._loop(statement, before, around)
            case Choice():
                return self._choice(statement, before, around)
            case Try():
                return self._try(statement, before, around)
            case With(items=items, body=body):
                expressions = [part for context, target in items for part in (context, target)]
                node = self._node(statement, before, around, *expressions)
                if any(isinstance(context, Call) and context.called_name == "suppress" for context, _ in items):
                    return self._suppressed(body, node, around)
                return self._block(body, [node], around)
            case _:
                return self._simple(statement, before, around)

    def _simple(self, statement: Statement, before: list[FlowNode], around: _Surroundings) -> list[FlowNode]:
        node = self._node(statement, before, around, *statement.expressions())
        match statement:
            case Return() | Raise():
                node.never_returns = isinstance(statement, Raise)
                _link([node], self._graph.exit)
                return []
            case Break() if around.after_loop is not None:
                around.after_loop.append(node)
                return []
            case Continue() if around.next_round is not None:
                around.next_round.append(node)
                return []
            case Goto(label=label):
                self._jumps.append((node, label))
                return []
            case Label(name=name):
                self._labels[name] = node
            case Evaluate(value=value):
                return self._after(value, node)
        return [node]

    def _after(self, value: Expression, node: FlowNode) -> list[FlowNode]:
        """Return what leads on from an expression: nothing, where it is a call of what never comes back."""
        match strip_casts(value):
            case Call() as call if self._ends(call, self._function):
                node.never_returns = True
                _link([node], self._graph.exit)
                return []
            case Call() as call if (test := self._asserted(call, self._function)) is not None:
                _link([node], self._graph.exit)  # `ASSERT_DIE(size < most);`
                return [self._held(test, True, [node])]
            case Binary(operator="and" | "or" as operator, left=left, right=Call() as call) if self._ends(
                call, self._function
            ):
                _link([node], self._graph.exit)  # `name in known or sys.exit(1)`
                return [self._held(left, operator == "or", [node])]
        return [node]

    def _held(self, test: Expression, holds: bool, before: list[FlowNode]) -> FlowNode:
        node = self._graph.add()
        node.guard = Guard(test, holds)
        _link(before, node)
        return node

    def _suppressed(self, body: list[Statement], start: FlowNode, around: _Surroundings) -> list[FlowNode]:
        after = self._graph.add()
        inside = _Surroundings(around.after_loop, around.next_round, [after])
        _link(self._block(body, [start], inside), after)
        return [after]

    def _loop(self, loop: Loop, before: list[FlowNode], around: _Surroundings) -> list[FlowNode]:
        left: list[FlowNode] = []
        next_round: list[FlowNode] = []
        inside = _Surroundings(left, next_round, around.handlers)
        if loop.tests_last:
            top = self._node(None, before, around)
            ends = self._block(loop.body, [top], inside)
            head = self._node(loop, [*ends, *next_round], around, loop.test)
            _link(self._assume(loop.test, True, [head]), top)
            return [*left, *(self._assume(loop.test, False, [head]) if loop.test is not None else [])]
        if loop.iterable is not None:
            source = self._node(None, before, around, loop.iterable)
            head = self._node(loop, [source], around, loop.target)
        else:
            head = self._node(loop, before, around, loop.test)
        ends = [*self._block(loop.body, self._assume(loop.test, True, [head]), inside), *next_round]
        if loop.step is not None:
            ends = [self._node(None, ends, around, loop.step)]
        _link(ends, head)
        is_endless = loop.test is None and loop.iterable is None
        done = [] if is_endless else self._assume(loop.test, False, [head])
        return [*left, *self._block(loop.otherwise, done, around)]

    def _choice(self, choice: Choice, before: list[FlowNode], around: _Surroundings) -> list[FlowNode]:
        head = self._node(choice, before, around, choice.subject)
        left: list[FlowNode] = []
        inside = _Surroundings(left, around.next_round, around.handlers)
        falling: list[FlowNode] = []
        unmatched = [head]
        for case in choice.cases:
            if case.values:
                start = self._assume(_case_test(choice, case.values), True, [head])
            else:
                start, unmatched = [head], []
            ends = self._block(case.body, [*start, *falling], inside)
            falling = ends if case.falls_through and case is not choice.cases[-1] else []
            if not falling:
                left.extend(ends)
        return [*left, *unmatched]

    def _try(self, statement: Try, before: list[FlowNode], around: _Surroundings) -> list[FlowNode]:
        # Where any statement of the body may lead once it was tried: the first one has always been tried before.
        caught = self._graph.add()
        inside = _Surroundings(around.after_loop, around.next_round, [caught])
        ends = self._block(statement.otherwise, self._block(statement.body, before, inside), around)
        for handler in statement.handlers:
            node = self._node(None, [caught], around, *handler.types)
            ends = [*ends, *self._block(handler.body, [node], around)]
        if statement.finally_body:
            ends = self._block(statement.finally_body, [*ends, caught], around)
            _link(ends, self._graph.exit)  # an exception goes on after what is done in any case
        elif all(handler.types for handler in statement.handlers):
            _link([caught], self._graph.exit)
        return ends


def _case_test(choice: Choice, values: tuple[Expression, ...]) -> Expression:
    tests: list[Expression] = [Binary(value.place, "==", choice.subject, value) for value in values]
    whole = tests[0]
    for test in tests[1:]:
        whole = Binary(test.place, "or", whole, test)
    return whole


def _link(sources: Sequence[FlowNode], target: FlowNode) -> None:
    for source in sources:
        if target not in source.successors:
            source.successors.append(target)
            target.predecessors.append(source)
