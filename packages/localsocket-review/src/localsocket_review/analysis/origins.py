"""Where a value was made: the way back through variables, members, parameters and results, to the calls at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.definitions import Definition, Definitions, How
from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.struct_fields import StructFields
from localsocket_review.model.declarations import FunctionInfo, Parameter
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Binary,
    Call,
    Cast,
    Conditional,
    Display,
    Expression,
    Literal,
    Name,
    Subscript,
    strip_casts,
)
from localsocket_review.model.statements import Return


@dataclass(frozen=True, slots=True)
class Origin:
    """An expression that makes a value, or the part `part` of it; `parameter` is one that no known caller gives."""

    expression: Expression
    function: FunctionInfo
    part: int | None = None
    parameter: Parameter | None = None


class Origins:
    """Follows values back. A variable that a call fills, as a buffer, is where the way ends."""

    def __init__(self, names: Names, calls: ProgramCalls, definitions: Definitions, fields: StructFields) -> None:
        self._names = names
        self._fields = fields
        self._calls = calls
        self._definitions = definitions
        self.inquiry = Inquiry()

    def of(self, expression: Expression, function: FunctionInfo, part: int | None = None) -> list[Origin]:
        """Return everything that the expression's value may have been made by."""
        return self._of(strip_casts(expression), function, part)

    @memo(at_itself=lambda *_: [])
    def _of(self, expression: Expression, function: FunctionInfo, part: int | None) -> list[Origin]:
        return list(dict.fromkeys(self._follow(expression, function, part)))

    def _follow(self, expression: Expression, function: FunctionInfo, part: int | None) -> Iterator[Origin]:
        match expression:
            case Name() | Attribute():
                yield from self._variable(expression, function, part)
            case Subscript(value=value, index=Literal(value=int(index))):
                yield from self.of(value, function, index)
            case Display(items=items) if part is not None and part < len(items):
                yield from self.of(items[part], function, None)
            case Conditional(then=left, otherwise=right) | Binary(operator="or" | "and", left=left, right=right):
                yield from self._each((left, right), function, part)
            case Assignment(value=value) | Cast(value=value):
                yield from self.of(value, function, part)
            case Call():
                yield from self._call(expression, function, part)
            case _:
                yield Origin(expression, function, part)

    def _each(self, expressions: Iterable[Expression], function: FunctionInfo, part: int | None) -> Iterator[Origin]:
        for expression in expressions:
            yield from self.of(expression, function, part)

    def _call(self, call: Call, function: FunctionInfo, part: int | None) -> Iterator[Origin]:
        known = self._calls.api_of(call, function) is not None
        callees = [] if known else self._calls.callees(call, function)
        returned = [
            (statement.value, callee)
            for callee in callees
            if not callee.is_constructor
            for statement in callee.statements()
            if isinstance(statement, Return) and statement.value is not None
        ]
        if not returned:
            yield Origin(call, function, part)
        for value, callee in returned:
            yield from self.of(value, callee, part)

    def _variable(self, expression: Expression, function: FunctionInfo, part: int | None) -> Iterator[Origin]:
        followed = False
        asked = self._names.variable(expression, function)
        for definition in self._definitions.at(expression, function):
            if asked is None or definition.variable.path != asked.path:
                continue  # of the whole of which this is a member, or the other way round
            if part is not None and _is_memory(definition.value):
                continue  # what is in an element was put there later
            if definition.how is How.PARAMETER:
                followed = True
                yield from self._parameter(definition, expression, part)
            elif definition.how in (How.VALUE, How.PART) and definition.value is not None:
                followed = True
                inside = definition.part if definition.how is How.PART else part
                yield from self.of(definition.value, definition.function, inside)
        if followed:
            return
        given = self._fields.given(expression, function) if isinstance(expression, Attribute) else []
        for value, setter in given:
            yield from self.of(value, setter, part)
        if not given:
            yield Origin(expression, function, part)

    def _parameter(self, definition: Definition, expression: Expression, part: int | None) -> Iterator[Origin]:
        parameter, function = definition.parameter, definition.function
        given = self._calls.values_given(function, parameter.name) if parameter is not None else []
        if not given:
            yield Origin(expression, function, part, parameter)
        for value, caller in given:
            yield from self.of(value, caller, part)


def _is_memory(value: Expression | None) -> bool:
    """Say whether an array is declared with it, whose elements have no value yet: `int ends[2]`."""
    return isinstance(value, Call) and value.called_name == "[]"
