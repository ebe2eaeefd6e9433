"""Conditions under which data is used: whether they keep a number small, or let only known texts through."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.conditions import OF_CHARACTERS, Conditions
from localsocket_review.analysis.control_flow import ControlFlow, FlowNode, Guard, decompose
from localsocket_review.analysis.definitions import Definition, Definitions, How
from localsocket_review.analysis.growing import Growing, are_about_the_same
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Binary,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Subscript,
    strip_casts,
    walk,
)
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Branch, Loop, Raise, Return, Statement, contains
from localsocket_review.model.unit import Language

_FARTHEST = 2  # helpers of helpers that a condition is followed through
_Check = Callable[[Guard, Variable, FunctionInfo], bool]


class Checks:
    """Reads the conditions that guard an expression."""

    def __init__(
        self,
        program: Program,
        names: Names,
        calls: ProgramCalls,
        definitions: Definitions,
        conditions: Conditions,
        flow_of: Callable[[FunctionInfo], ControlFlow],
    ) -> None:
        self._program = program
        self._names = names
        self._calls = calls
        self._definitions = definitions
        self._conditions = conditions
        self._flow_of = flow_of
        self._growing = Growing(calls)
        self._refusing: dict[FunctionInfo, list[Expression]] = {}
        self._checked: dict[tuple[FunctionInfo, Variable, _Check], list[tuple[int, Expression]]] = {}

    def is_bounded(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a variable is known, where it is used, to be below something."""
        return self._is_checked(expression, function, self._conditions.bounds)

    def is_in_range(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a variable is known, where it is used, to be below something and not below nothing."""
        return self.is_bounded(expression, function) and self._is_checked(
            expression, function, self._conditions.is_not_negative
        )

    def is_plain_name(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a variable is known, where it is used, to lead out of no directory."""
        return self._is_checked(expression, function, self._conditions.keeps_inside)

    def is_restricted(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a variable is known, where it is used, to hold one of the texts that the program allows."""
        return self._is_checked(expression, function, self._conditions.restricts)

    # --- on each way from a definition to a use -------------------------------------------------------------------

    def bounds_since(self, definition: Definition, variable: Variable, use: Expression) -> bool:
        """Say whether a value is known to be below something on each way from its definition to its use."""
        return self._checks_since(definition, variable, use, self._conditions.bounds)

    def keeps_in_range_since(self, definition: Definition, variable: Variable, use: Expression) -> bool:
        """Say whether a value is known to be inside of a range on each way from its definition to its use."""
        return self.bounds_since(definition, variable, use) and self._checks_since(
            definition, variable, use, self._conditions.is_not_negative
        )

    def keeps_inside_since(self, definition: Definition, variable: Variable, use: Expression) -> bool:
        """Say whether a name is known to lead out of no directory on each way from its definition to its use."""
        return self._checks_since(definition, variable, use, self._conditions.keeps_inside)

    def restricts_since(self, definition: Definition, variable: Variable, use: Expression) -> bool:
        """Say whether a text is known to be an allowed one on each way from its definition to its use."""
        return self._checks_since(definition, variable, use, self._conditions.restricts)

    def _checks_since(self, definition: Definition, variable: Variable, use: Expression, check: _Check) -> bool:
        function = definition.function
        flow = self._flow_of(function)
        goal = flow.node_of(use)
        is_given = definition.how is How.PARAMETER
        start = flow.graph.entry if is_given or definition.value is None else flow.node_of(definition.value)
        if goal is None or start is None or start is goal:
            return False
        element = _element_of(use, flow)
        passed = {
            index
            for known in (variable, *self._same_as(definition, start, flow))
            for index, test in self._conditions_on(known, function, check)
            if not self._asks_of_other_element(test, known, element, function)
        }
        if not passed:
            return False
        others = self._definitions.reaching(function).nodes_that_set(variable) - {start.index}
        return not flow.leads_to(start, goal, (passed | others) - {goal.index})

    def _conditions_on(self, variable: Variable, function: FunctionInfo, check: _Check) -> list[tuple[int, Expression]]:
        """Return behind which nodes the variable has been checked, and by what: asked for each of its definitions."""
        asked = (function, variable, check)
        if asked not in self._checked:
            flow = self._flow_of(function)
            self._checked[asked] = [
                (node.index, one.test)
                for node in flow.nodes
                if node.guard is not None
                for one in decompose(node.guard)
                if self._holds(one, variable, function, check)
            ]
            if check == self._conditions.bounds:
                self._checked[asked] += self._made_to_fit(variable, function, flow)
        return self._checked[asked]

    def _made_to_fit(
        self, variable: Variable, function: FunctionInfo, flow: ControlFlow
    ) -> Iterator[tuple[int, Expression]]:
        """Yield the nodes at which there is more room for what was too large: `if (at >= s->size) grow(s, at);`."""
        for call in self._growing.calls_in(function):
            node = flow.node_of(call)
            for guard in flow.guards(call):
                if node is None or not are_about_the_same(call, guard.test):
                    continue
                if self._holds(Guard(guard.test, not guard.holds), variable, function, self._conditions.bounds):
                    yield node.index, guard.test

    def _same_as(self, definition: Definition, start: FlowNode, flow: ControlFlow) -> list[Variable]:
        """Return the variable that this one was set to, if it keeps its value: what is known of it is known of both."""
        value = strip_casts(definition.value) if definition.value is not None else None
        other = self._names.variable(value, definition.function) if isinstance(value, Name) else None
        if other is None or definition.how is not How.VALUE:
            return []
        setting = self._definitions.reaching(definition.function).nodes_that_set(other)
        is_set_later = any(flow.leads_to(start, flow.nodes[index], set()) for index in setting)
        return [] if is_set_later else [other]

    def _is_checked(self, expression: Expression, function: FunctionInfo, checks: _Check) -> bool:
        variable = self._names.variable(expression, function)
        if variable is None:
            return False
        flow = self._flow_of(function)
        element = _element_of(expression, flow)
        return any(
            self._holds(guard, variable, function, checks)
            and not self._asks_of_other_element(guard.test, variable, element, function)
            and not self._is_set_after(guard.test, variable, expression, function)
            for guard in flow.guards(expression)
        ) or self._is_refused_before(expression, variable, function, checks)

    def _asks_of_other_element(
        self, test: Expression, variable: Variable, element: object, function: FunctionInfo
    ) -> bool:
        """Say whether the condition only asks of other elements than the one that is used: `words[0] == "show"`."""
        asked = [part for part in walk(test) if isinstance(part, Name | Attribute)]
        named = {part for part in asked if self._names.variable(part, function) == variable}
        elements = [part for part in walk(test) if isinstance(part, Subscript) and strip_casts(part.value) in named]
        others = {strip_casts(part.value) for part in elements if _constant(part.index) not in (None, element)}
        return bool(named) and named == others

    def _holds(
        self, guard: Guard, variable: Variable, function: FunctionInfo, check: _Check, farthest: int = _FARTHEST
    ) -> bool:
        """Say whether a condition checks the variable: itself, each side of it, or what it stands for."""
        test = strip_casts(guard.test)
        match test:
            case Binary(operator="or" | "and" as operator, left=left, right=right) if guard.holds is (operator == "or"):
                sides = (Guard(left, guard.holds), Guard(right, guard.holds))
                return all(
                    any(self._holds(one, variable, function, check, farthest) for one in decompose(side))
                    for side in sides
                )
            case Binary(operator="is" | "is not" | "==" | "!=" as operator, left=left, right=Literal(value=None)):
                inner = left.value if isinstance(left, Assignment) else left
                is_there = guard.holds is (operator in ("is not", "!="))
                if self._holds(Guard(inner, is_there), variable, function, check, farthest):
                    return True
            case Assignment(value=value):
                return self._holds(Guard(value, guard.holds), variable, function, check, farthest)
        if check(guard, variable, function):
            return True
        if farthest == 0:
            return False
        if isinstance(test, Call):
            return self._is_answered(test, guard.holds, variable, function, check, farthest)
        return isinstance(test, Name) and self._is_noted(test, guard.holds, variable, function, check, farthest)

    def _is_noted(
        self, name: Name, holds: bool, variable: Variable, function: FunctionInfo, check: _Check, farthest: int
    ) -> bool:
        """`known = name in ALLOWED`, asked afterwards."""
        made = [one for one in self._definitions.at(name, function) if one.how is not How.DECLARED]
        if len(made) != 1 or made[0].how is not How.VALUE or made[0].value is None or made[0].function is not function:
            return False
        value = made[0].value
        return not self._is_set_after(value, variable, name, function) and any(
            self._holds(one, variable, function, check, farthest - 1) for one in decompose(Guard(value, holds))
        )

    def _is_answered(
        self, call: Call, holds: bool, variable: Variable, function: FunctionInfo, check: _Check, farthest: int
    ) -> bool:
        """`is_known(name)`, where each return of the helper that answers so has checked what it was given."""
        given = self._parameter_given(call, variable, function)
        if given is None:
            return False
        callee, parameter = given
        returned = [one.value for one in callee.statements() if isinstance(one, Return)]
        return bool(returned) and all(
            value is not None and self._answers_checked(value, holds, parameter, callee, check, farthest)
            for value in returned
        )

    def _answers_checked(
        self, value: Expression, holds: bool, parameter: Variable, callee: FunctionInfo, check: _Check, farthest: int
    ) -> bool:
        if isinstance(value, Literal) and bool(value.value) is not holds:
            return True
        guards = [*decompose(Guard(value, holds)), *self._flow_of(callee).guards(value)]
        return any(self._holds(one, parameter, callee, check, farthest - 1) for one in guards)

    def _parameter_given(
        self, call: Call, variable: Variable, function: FunctionInfo
    ) -> tuple[FunctionInfo, Variable] | None:
        """Return the helper that the call runs, and its parameter that is the variable."""
        callees = self._calls.callees(call, function)
        if len(callees) != 1 or callees[0].is_constructor:
            return None
        for argument, parameter in zip(call.arguments, callees[0].parameters, strict=False):
            if self._names.variable(strip_casts(argument), function) == variable:
                return callees[0], Variable(callees[0], parameter.name)
        return None

    # --- what raises unless it is so --------------------------------------------------------------------------------

    def _is_refused_before(self, use: Expression, variable: Variable, function: FunctionInfo, check: _Check) -> bool:
        """Say whether something stands before the use that raises an exception for what is not allowed."""
        flow = self._flow_of(function)
        if check == self._conditions.restricts and self._is_walked_before(use, variable, function):
            return True
        return any(
            self._refuses(part, variable, function, check)
            and flow.is_sure(part, use)
            and not self._is_set_after(part, variable, use, function)
            for part in self._refusing_parts(function)
        )

    def _is_walked_before(self, use: Expression, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether a loop of C looks at each character before, and leaves the function for one that is not plain."""
        if function.unit.language is not Language.CPP:
            return False
        flow = self._flow_of(function)
        for loop in function.statements():
            if not isinstance(loop, Loop) or loop.test is None or contains([loop], use):
                continue
            if not flow.dominates(loop.test, use) or self._is_set_after(loop.test, variable, use, function):
                continue
            if any(self._refuses_characters(one, variable, function) for one in loop.body):
                return True
        return False

    def _refuses_characters(self, statement: Statement, variable: Variable, function: FunctionInfo) -> bool:
        match statement:
            case Branch(test=test, then=[*_, Return() | Raise()]):
                asked = [one.test for one in decompose(Guard(test, False)) if one.holds]
                return any(
                    isinstance(one, Call)
                    and one.called_name in OF_CHARACTERS
                    and any(self._leads_into(argument, variable, function) for argument in one.arguments)
                    for one in asked
                )
        return False

    def _leads_into(self, expression: Expression, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether this is a character of the text: `name[at]`, or `*at` where `at` began as `name`."""
        found = self._names.variable(expression, function)
        if found == variable:
            return True
        made = self._definitions.at(strip_casts(expression), function) if found is not None else []
        return any(
            one.how is How.VALUE and one.value is not None and self._names.variable(one.value, function) == variable
            for one in made
        )

    def _refusing_parts(self, function: FunctionInfo) -> list[Expression]:
        """Return the calls and look-ups of a function that may raise for what they are given."""
        if function not in self._refusing:
            self._refusing[function] = [
                part
                for part in function.expressions()
                if isinstance(part, Call | Subscript) and self._may_refuse(part, function)
            ]
        return self._refusing[function]

    def _may_refuse(self, part: Call | Subscript, function: FunctionInfo) -> bool:
        if isinstance(part, Subscript):
            return function.unit.language is Language.PYTHON and isinstance(part.index, Name | Attribute)
        if part.called_name == "relative_to" or self.is_enumeration(part, function):
            return True
        callees = self._calls.callees(part, function) if part.arguments else []
        return len(callees) == 1 and any(node.never_returns for node in self._flow_of(callees[0]).nodes)

    def _refuses(self, part: Expression, variable: Variable, function: FunctionInfo, check: _Check) -> bool:
        match part:
            case Subscript(value=value, index=index):
                is_table = strip_casts(value) is not index and not self._conditions.reads(value, variable, function)
                is_key = self._names.variable(index, function) == variable
                return is_table and is_key and check == self._conditions.restricts and self._is_table(value, function)
            case Call(called_name="relative_to") as call if call.receiver is not None:
                return check == self._conditions.keeps_inside and self._conditions.reads(
                    call.receiver, variable, function
                )
            case Call() as call if self.is_enumeration(call, function):
                return check == self._conditions.restricts and any(
                    self._conditions.reads(one, variable, function) for one in call.arguments
                )
            case Call() as call:
                given = self._parameter_given(call, variable, function)
                return given is not None and self._comes_back_checked(*given, check)
        return False

    def _is_table(self, value: Expression, function: FunctionInfo) -> bool:
        """Say whether this is a dictionary of the program's own: looking up what is not there raises."""
        made = [one.value for one in self._definitions.at(value, function) if one.how is How.VALUE]
        return bool(made) and all(isinstance(one, Display) and one.kind == "dict" for one in made)

    def _comes_back_checked(self, callee: FunctionInfo, parameter: Variable, check: _Check) -> bool:
        """Say whether a helper comes back only when what it was given has been checked."""
        flow = self._flow_of(callee)
        stops = {
            node.index
            for node in flow.nodes
            if node.never_returns
            or (
                node.guard is not None
                and any(self._holds(one, parameter, callee, check, _FARTHEST - 1) for one in decompose(node.guard))
            )
        }
        return len(stops) > 1 and not flow.leads_to(flow.graph.entry, flow.graph.exit, stops)

    def is_enumeration(self, call: Call, function: FunctionInfo) -> bool:
        """Say whether this makes a member of an enumeration, which raises for what is none."""
        found = self._program.class_named(self._names.external(call.function, function), function.unit)
        return found is not None and not {"Enum", "StrEnum", "IntEnum", "enum.Enum", "enum.StrEnum"}.isdisjoint(
            self._program.bases_of(found)
        )

    def _is_set_after(self, test: Expression, variable: Variable, use: Expression, function: FunctionInfo) -> bool:
        """Say whether the variable has got another value between the condition and its use."""
        flow = self._flow_of(function)
        return any(
            definition.how in (How.VALUE, How.PART, How.FILLED)
            and definition.function is function
            and definition.value is not None
            and flow.dominates(test, definition.value)
            for definition in self._definitions.of_variable(variable, use, function)
        )


def _element_of(use: Expression, flow: ControlFlow) -> object:
    """Return the constant by which an element of what is used is taken, or nothing where all of it is."""
    above = use if isinstance(use, Subscript) else flow.part_of(use)
    return _constant(above.index) if isinstance(above, Subscript) and above.index is not use else None


def _constant(index: Expression) -> object:
    return index.value if isinstance(index, Literal) else None
