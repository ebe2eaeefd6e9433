"""Conditions under which data is used: whether they keep a number small, or let only known texts through."""

from __future__ import annotations

from collections.abc import Callable

from localsocket_review.analysis.calls import Calls
from localsocket_review.analysis.control_flow import ControlFlow, Guard
from localsocket_review.analysis.definitions import Definitions, How
from localsocket_review.analysis.filling import Filling
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Expression,
    Literal,
    Name,
    strip_casts,
    walk,
)

_CHECKING = frozenset(
    [
        "fullmatch",
        "match",
        "regex_match",
        "isalnum",
        "isidentifier",
        "isdigit",
        "isdecimal",
        "is_relative_to",
        "contains",
        "count",
        "exactMatch",
        "hasMatch",
        "startswith",
        "startsWith",
        "has_key",
    ]
)
_UPPER = {"<", "<=", "=="}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_Check = Callable[[Guard, Variable, FunctionInfo], bool]


class Checks:
    """Reads the conditions that guard an expression."""

    def __init__(
        self,
        names: Names,
        calls: Calls,
        definitions: Definitions,
        filling: Filling,
        flow_of: Callable[[FunctionInfo], ControlFlow],
    ) -> None:
        self._names = names
        self._calls = calls
        self._definitions = definitions
        self._filling = filling
        self._flow_of = flow_of

    def is_bounded(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a variable is known, where it is used, to be below something."""
        return self._is_checked(expression, function, self._bounds)

    def is_restricted(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a variable is known, where it is used, to hold one of the texts that the program allows."""
        return self._is_checked(expression, function, self._restricts)

    def _is_checked(self, expression: Expression, function: FunctionInfo, checks: _Check) -> bool:
        variable = self._names.variable(expression, function)
        return variable is not None and any(
            checks(guard, variable, function) and not self._is_set_after(guard, variable, expression, function)
            for guard in self._flow_of(function).guards(expression)
        )

    def _is_set_after(self, guard: Guard, variable: Variable, use: Expression, function: FunctionInfo) -> bool:
        """Say whether the variable has got another value between the condition and its use."""
        flow = self._flow_of(function)
        return any(
            definition.how in (How.VALUE, How.PART, How.FILLED)
            and definition.function is function
            and definition.value is not None
            and flow.dominates(guard.test, definition.value)
            for definition in self._definitions.of_variable(variable, use, function)
        )

    def _bounds(self, guard: Guard, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether the condition keeps the variable below something."""
        match guard.test:
            case Binary(operator="in", left=left):
                return guard.holds and self._reads(left, variable, function)
            case Binary(operator=operator, left=left, right=right) if operator in _FLIPPED:
                if self._reads(right, variable, function) and not self._reads(left, variable, function):
                    operator = _FLIPPED[operator]
                    left, right = right, left
                if not self._reads(left, variable, function):
                    return False
                operator = operator if guard.holds else _NEGATED[operator]
                return operator in _UPPER and not self._reads(right, variable, function)
        return False

    def _restricts(self, guard: Guard, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether the condition lets only known texts through."""
        match guard.test:
            case Binary(operator="in" | "not in" as operator, left=left):
                return guard.holds is (operator == "in") and self._reads(left, variable, function)
            case Binary(operator="==" | "!=" as operator, left=left, right=right):
                constant = isinstance(strip_casts(left), Literal) or isinstance(strip_casts(right), Literal)
                is_equal = guard.holds is (operator == "==")
                is_filling = any(self._fills(part, function) for part in walk(guard.test))
                return is_equal and constant and not is_filling and self._reads(guard.test, variable, function)
            case Call() as call if call.called_name in _CHECKING:
                return guard.holds and self._reads(call, variable, function)
        return False

    def _fills(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether this receives into what it is given: what is compared then is how that went."""
        if not isinstance(expression, Call):
            return False
        api = self._calls.api_of(expression, function)
        return any(self._filling.by(expression, function)) if api is None else "buffer" in api.roles

    def _reads(self, expression: Expression, variable: Variable, function: FunctionInfo) -> bool:
        return any(
            self._names.variable(part, function) == variable
            for part in walk(expression)
            if isinstance(part, (Name, Attribute))
        )
