"""Where a variable's value comes from: the definitions that reach a place, over every path of the function."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from localsocket_review.analysis.control_flow import ControlFlow, FlowNode
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.outputs import GivenBack, Output
from localsocket_review.apis.c_library import PATTERN_AT
from localsocket_review.apis.meaning import Act, Api
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, Parameter
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Binary,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Starred,
    Subscript,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign, Evaluate, Loop, Statement, With

_ADDING_METHODS = frozenset(
    {
        "append",
        "extend",
        "add",
        "insert",
        "update",
        "push_back",
        "prepend",
        "setdefault",
        "appendleft",
        "put",
        "put_nowait",
        "enqueue",
        "assign",
        "emplace",
        "emplace_back",
        "emplace_front",
        "push",
        "push_front",
        "set",
    }
)


class How(Enum):
    """How a definition gives its value."""

    VALUE = auto()  # the variable is the value
    PART = auto()  # it is the part `part` of the value
    ELEMENT = auto()  # it is one of the value's elements
    EXTENDED = auto()  # the value is joined to what it was: `+=`
    ADDED = auto()  # the value is put into it: an element, a text copied into a buffer
    FILLED = auto()  # the call `value` writes into it
    GIVEN_BACK = auto()  # the function of the program that `value` calls sets it
    PARAMETER = auto()
    DECLARED = auto()  # it has no value yet


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    variable: Variable
    how: How
    place: Place
    function: FunctionInfo
    value: Expression | None = None
    part: int = 0
    parameter: Parameter | None = None
    output: Output | None = None  # what the called function sets, where it is GIVEN_BACK

    @property
    def adds(self) -> bool:
        """Say whether what the variable held before is still in it."""
        return self.how in (How.ADDED, How.FILLED, How.GIVEN_BACK) or "." in self.variable.path


class ReachingDefinitions:
    """The definitions of one function, and which of them reach each of its nodes."""

    def __init__(self, flow: ControlFlow, made_by: Callable[[FlowNode], Iterator[Definition]]) -> None:
        self._flow = flow
        self.all: list[Definition] = []
        self._of_root: defaultdict[Variable, int] = defaultdict(int)
        self._untouched: dict[Variable, set[int]] = {}  # the nodes that it comes to as it was before the function
        self._made: dict[int, list[int]] = {}
        self._stops: defaultdict[Variable, set[int]] = defaultdict(set)  # the nodes after which nothing of it is left
        for node in flow.nodes:
            numbers = []
            for definition in made_by(node):
                numbers.append(len(self.all))
                self._of_root[definition.variable.root] |= 1 << len(self.all)
                self.all.append(definition)
                if not definition.adds:
                    self._stops[definition.variable.root].add(node.index)
            self._made[node.index] = numbers
        self._before = self._solve()

    def _solve(self) -> dict[int, int]:
        before = dict.fromkeys(range(len(self._flow.nodes)), 0)
        waiting = deque(self._flow.nodes)
        while waiting:
            node = waiting.popleft()
            after = self._after(node, before[node.index])
            for following in node.successors:
                if after & ~before[following.index]:
                    before[following.index] |= after
                    waiting.append(following)
        return before

    def _after(self, node: FlowNode, reaching: int) -> int:
        for number in self._made[node.index]:
            definition = self.all[number]
            if not definition.adds:
                reaching &= ~self._of_root[definition.variable.root]
            reaching |= 1 << number
        return reaching

    def reaching(self, variable: Variable, node: FlowNode) -> list[Definition]:
        """Return the definitions of the variable, or of what it is part of, that may hold where the node begins."""
        mask = self._before[node.index] & self._of_root[variable.root]
        found = []
        while mask:
            lowest = mask & -mask
            definition = self.all[lowest.bit_length() - 1]
            if _concerns(definition.variable.path, variable.path):
                found.append(definition)
            mask ^= lowest
        return found

    def nodes_that_set(self, variable: Variable) -> set[int]:
        """Return the nodes after which nothing is left of what the variable held before."""
        return self._stops[variable.root]

    def reaches_from_outside(self, variable: Variable, node: FlowNode) -> bool:
        """Say whether some path to the node leaves the variable as it was before the function began."""
        root = variable.root
        if root not in self._untouched:
            self._untouched[root] = self._reached_without(self._stops[root])
        return node.index in self._untouched[root]

    def _reached_without(self, stops: set[int]) -> set[int]:
        """Return the nodes to which a path leads that passes none of the stops before."""
        entry = self._flow.graph.entry
        reached: set[int] = set()
        waiting = [entry] if entry.index not in stops else []
        while waiting:
            node = waiting.pop()
            if node.index not in reached:
                reached.add(node.index)
                waiting.extend(node.successors if node.index not in stops else ())
        return reached


def _concerns(defined: str, asked: str) -> bool:
    return defined == asked or asked.startswith(f"{defined}.") or defined.startswith(f"{asked}.")


class Definitions:
    """The definitions of every function of a program, worked out when they are first asked for."""

    def __init__(
        self,
        program: Program,
        names: Names,
        flow_of: Callable[[FunctionInfo], ControlFlow],
        api_of: Callable[[Call, FunctionInfo], Api | None],
        member_named: Callable[[Expression, FunctionInfo], Variable | None],
        filled_by: Callable[[Call, FunctionInfo], Iterable[Expression]],
        given_back_by: Callable[[Call, FunctionInfo], Iterable[GivenBack]],
    ) -> None:
        self._program = program
        self._names = names
        self._flow_of = flow_of
        self._api_of = api_of
        self._member_named = member_named
        self._filled_by = filled_by
        self._given_back_by = given_back_by
        self._reaching: dict[FunctionInfo, ReachingDefinitions] = {}
        self._everywhere: defaultdict[Variable, list[Definition]] | None = None

    def at(self, expression: Expression, function: FunctionInfo) -> list[Definition]:
        """Return what may have given the variable, which the expression names, its value.

        A definition in the same function is one that reaches the expression. What may come from outside of the
        function, as a member's or global's value does, stands for every definition elsewhere.
        """
        variable = self._names.variable(expression, function)
        return [] if variable is None else self.of_variable(variable, expression, function)

    def of_variable(self, variable: Variable, where: Expression, function: FunctionInfo) -> list[Definition]:
        """Return the variable's definitions as they are where the expression `where` is evaluated."""
        reaching = self.reaching(function)
        node = self._flow_of(function).node_of(where)
        if node is None:
            return self.everywhere(variable)
        found = reaching.reaching(variable, node)
        if variable.owner is not function and reaching.reaches_from_outside(variable, node):
            found = [*found, *(other for other in self.everywhere(variable) if other.function is not function)]
        return found

    def of_member(self, expression: Expression, function: FunctionInfo) -> list[Definition]:
        """Return what the methods of its class give the member of another object: `settings.mode`, in any object."""
        member = self._member_named(expression, function)
        if member is None or member == self._names.variable(expression, function):
            return []
        return self.everywhere(member)

    def everywhere(self, variable: Variable) -> list[Definition]:
        """Return every definition of the variable, in whichever function."""
        if self._everywhere is None:
            self._everywhere = defaultdict(list)
            for function in self._program.functions:
                for definition in (*self._of_function(function), *self._of_other_objects(function)):
                    self._everywhere[definition.variable.root].append(definition)
            for found in self._program.classes:
                for definition in self._of_members(found):
                    self._everywhere[definition.variable.root].append(definition)
        return [found for found in self._everywhere[variable.root] if _concerns(found.variable.path, variable.path)]

    def reaching(self, function: FunctionInfo) -> ReachingDefinitions:
        if function not in self._reaching:
            flow = self._flow_of(function)
            self._reaching[function] = ReachingDefinitions(flow, lambda node: self._made_by(node, flow, function))
        return self._reaching[function]

    def _of_function(self, function: FunctionInfo) -> Iterator[Definition]:
        yield from self._parameters(function)
        for statement in function.statements():
            yield from self._by_statement(statement, function)
            for root in statement.expressions():
                yield from self._by_expression(root, function)

    def _of_other_objects(self, function: FunctionInfo) -> Iterator[Definition]:
        """Yield what is given to members from outside: `session.name = text`."""
        for statement in function.statements():
            if (
                isinstance(statement, Assign)
                and isinstance(statement.target, Attribute)
                and statement.value is not None
            ):
                member = self._member_named(statement.target, function)
                if member is not None and member != self._names.variable(statement.target, function):
                    yield Definition(member, How.VALUE, statement.target.place, function, statement.value)

    def _of_members(self, found: ClassInfo) -> Iterator[Definition]:
        for member in found.members.values():
            if member.default is not None and found.unit.body is not None and found.unit.language == "c++":
                variable = Variable(found, member.name)
                yield Definition(variable, How.VALUE, member.place, found.body or found.unit.body, member.default)

    def _made_by(self, node: FlowNode, flow: ControlFlow, function: FunctionInfo) -> Iterator[Definition]:
        if node is flow.graph.entry:
            yield from self._parameters(function)
        for root in node.expressions:
            yield from self._by_expression(root, function)
        if node.statement is not None:
            yield from self._by_statement(node.statement, function)

    def _parameters(self, function: FunctionInfo) -> Iterator[Definition]:
        for parameter in function.parameters:
            variable = Variable(function, parameter.name)
            yield Definition(variable, How.PARAMETER, parameter.place, function, parameter=parameter)

    def _by_statement(self, statement: Statement, function: FunctionInfo) -> Iterator[Definition]:
        match statement:
            case Assign(target=target, value=None):
                yield from self._assign(target, None, How.DECLARED, function)
            case Assign(target=target, value=Expression() as value, operator="&=" | "%=" as operator):
                cut = Binary(statement.place, operator[0], target, value)
                yield from self._assign(target, cut, How.VALUE, function)
            case Assign(target=target, value=value, operator=operator):
                yield from self._assign(target, value, How.VALUE if operator == "=" else How.EXTENDED, function)
            case Evaluate(value=Binary(operator=">>", right=target) as stream) if function.unit.language == "python":
                yield from self._assign(target, stream, How.FILLED, function)
            case Evaluate(value=Binary(operator="<<") as stream) if function.unit.language == "c++":
                yield from self._streamed_into(stream, function)
            case Loop(target=Expression() as target, iterable=iterable):
                yield from self._assign(target, iterable, How.ELEMENT, function)
            case With(items=items):
                for context, taken in items:
                    if taken is not None:
                        yield from self._assign(taken, context, How.VALUE, function)

    def _assign(
        self, target: Expression, value: Expression | None, how: How, function: FunctionInfo
    ) -> Iterator[Definition]:
        if isinstance(target, Display):
            for part, item in enumerate(target.items):
                inside = How.PART if how is How.VALUE else how
                for definition in self._assign(item, value, inside, function):
                    yield Definition(definition.variable, inside, item.place, function, value, part)
            return
        if isinstance(target, Starred):
            target = target.value
        variable = self._names.variable(target, function)
        if variable is None:
            return
        is_inside = isinstance(strip_casts(target), Subscript) or (isinstance(target, Unary) and target.operator == "*")
        if is_inside and how in (How.VALUE, How.EXTENDED):
            how = How.ADDED
        yield Definition(variable, how, target.place, function, value)

    def _streamed_into(self, stream: Expression, function: FunctionInfo) -> Iterator[Definition]:
        """`words << text << 1`: each is put into what stands first."""
        added = []
        while isinstance(stream, Binary) and stream.operator == "<<":
            added.append(stream.right)
            stream = stream.left
        for value in reversed(added):
            yield from self._assign(stream, value, How.ADDED, function)

    def _by_expression(self, root: Expression, function: FunctionInfo) -> Iterator[Definition]:
        """Yield what is written inside an expression: assignments, streams into variables, calls that fill a buffer."""
        for expression in walk(root):
            match expression:
                case Assignment(target=target, value=value, operator=operator):
                    yield from self._assign(target, value, How.VALUE if operator == "=" else How.EXTENDED, function)
                case Binary(operator=">>", right=target) if function.unit.language == "c++":
                    yield from self._assign(target, expression, How.FILLED, function)
                case Call():
                    yield from self._by_call(expression, function)

    def _set_by_name(self, call: Call, function: FunctionInfo) -> Iterator[Definition]:
        """`setattr(one, "name", text)`."""
        owner, name, value = call.arguments
        if isinstance(name, Literal) and isinstance(name.value, str):
            yield from self._assign(Attribute(call.place, owner, name.value), value, How.VALUE, function)

    def _given_back(self, call: Call, given: GivenBack, function: FunctionInfo) -> Iterator[Definition]:
        whole = strip_casts(given.argument)
        target = Attribute(call.place, whole, given.output.field) if given.output.field else whole
        for made in self._assign(target, call, How.GIVEN_BACK, function):
            yield replace(made, output=given.output)

    def _by_call(self, call: Call, function: FunctionInfo) -> Iterator[Definition]:
        if isinstance(call.function, Attribute) and call.function.name in _ADDING_METHODS:
            for argument in (*call.arguments, *call.keywords.values()):
                yield from self._assign(call.function.value, argument, How.ADDED, function)
            return
        if call.called_name in ("setattr", "object.__setattr__") and len(call.arguments) == 3:
            yield from self._set_by_name(call, function)
            return
        for given in self._given_back_by(call, function):
            yield from self._given_back(call, given, function)
        api = self._api_of(call, function)
        for buffer in self._filled_by(call, function) if api is None else ():
            yield from self._assign(buffer, call, How.FILLED, function)
        if api is not None and isinstance(first := api.roles.get("buffers_from"), int) and call.arguments:
            is_received = bool(api.act & Act.RECEIVE)  # sd_bus_message_read() gives what a peer sent, sscanf() not
            for buffer in call.arguments[first:]:
                value, how = (call, How.FILLED) if is_received else (call.arguments[0], How.ADDED)
                yield from self._assign(buffer, value, how, function)
        if call.called_name in ("recvmsg", "readv"):
            for buffer in _scattered_buffers(function):
                yield from self._assign(buffer, call, How.FILLED, function)
        position = api.roles.get("buffer") if api is not None else None
        if api is None or not isinstance(position, int) or len(call.arguments) <= position:
            return
        buffer = _viewed(call.arguments[position])
        if api.act & Act.COPY_TEXT and isinstance(source_at := api.roles.get("source"), int):
            source = (
                call.receiver
                if source_at < 0
                else call.arguments[source_at]
                if source_at < len(call.arguments)
                else None
            )
            is_text = api.method not in PATTERN_AT
            yield from self._assign(buffer, source if is_text else call, How.ADDED, function)
        else:
            yield from self._assign(buffer, call, How.FILLED, function)


def _viewed(buffer: Expression) -> Expression:
    """Return what Asio's `buffer(text, size)` lets a call write to."""
    is_view = isinstance(buffer, Call) and buffer.called_name in ("buffer", "dynamic_buffer", "mutable_buffer")
    return buffer.arguments[0] if is_view and isinstance(buffer, Call) and buffer.arguments else buffer


def _scattered_buffers(function: FunctionInfo) -> Iterator[Expression]:
    """Yield the buffers that the function names for scattered input: `part.iov_base = text`, `{.iov_base = text}`."""
    for statement in function.statements():
        match statement:
            case Assign(target=Attribute(name="iov_base"), value=Expression() as buffer):
                yield buffer
            case Assign(type=declared, value=Display(items=items, keys=keys)) if "iovec" in declared:
                for key, item in zip(keys, items, strict=False):
                    if key is None or (isinstance(key, Name) and key.identifier == "iov_base"):
                        yield item.items[0] if isinstance(item, Display) and item.items else item
                        break


def is_made_of_parameters(definition: Definition) -> bool:
    """Say whether the value depends on who calls the function that defines it."""
    parameters = {parameter.name for parameter in definition.function.parameters}
    return definition.value is not None and any(
        isinstance(part, Name) and part.identifier in parameters for part in walk(definition.value)
    )
