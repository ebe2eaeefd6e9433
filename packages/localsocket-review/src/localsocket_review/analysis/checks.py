"""Conditions under which data is used: whether they keep a number small, or let only known texts through."""

from __future__ import annotations

from collections.abc import Callable

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow, Guard
from localsocket_review.analysis.definitions import Definitions, How
from localsocket_review.analysis.filling import Filling
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Cast,
    Expression,
    Literal,
    Name,
    Unary,
    dotted,
    strip_casts,
    walk,
)

_CHECKING = frozenset(
    {
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
    }
)
# What looks for a piece of a text.
_LOOKING = frozenset(
    {
        "strchr",
        "strrchr",
        "strstr",
        "strpbrk",
        "memchr",
        "find",
        "rfind",
        "index",
        "indexOf",
        "contains",
        "find_first_of",
    }
)
_UPPER = {"<", "<=", "=="}
_LOWER = {">", ">=", "=="}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_Check = Callable[[Guard, Variable, FunctionInfo], bool]


class Checks:
    """Reads the conditions that guard an expression."""

    def __init__(
        self,
        names: Names,
        calls: ProgramCalls,
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

    def is_in_range(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a variable is known, where it is used, to be below something and not below nothing."""
        return self.is_bounded(expression, function) and self._is_checked(expression, function, self._is_not_negative)

    def is_plain_name(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a variable is known, where it is used, to lead out of no directory."""
        return self._is_checked(expression, function, self._keeps_inside)

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

    def _is_not_negative(self, guard: Guard, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether the condition keeps the variable from being negative."""
        match guard.test:
            case Binary(operator="in", left=left):
                return guard.holds and self._reads(left, variable, function)
            case Binary(operator=operator, left=left, right=right) if operator in _FLIPPED:
                if self._reads(right, variable, function):
                    operator, left, right = _FLIPPED[operator], right, left
                if not self._reads(left, variable, function) or self._reads(right, variable, function):
                    return False
                if isinstance(left, Cast) and "unsigned" in left.type.replace("size_t", "unsigned"):
                    return True  # one comparison for both ends
                operator = operator if guard.holds else _NEGATED[operator]
                return operator in _LOWER and not _is_negative(right)
        return False

    def _keeps_inside(self, guard: Guard, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether the condition lets no name with a separator or with two dots through."""
        test, holds = guard.test, guard.holds
        match test:
            case Binary(operator="==" | "!=" as operator, left=left, right=right) if _is_nothing(right):
                test, holds = left, holds is not (operator == "==")  # strchr(…) == NULL, find(…) == npos
            case Binary(operator=">=" | ">" | "<" as operator, left=left, right=Literal(value=0 | -1)):
                test, holds = left, holds is not (operator == "<")  # indexOf(…) >= 0
        match test:
            case Binary(operator="in" | "not in" as contained, left=Literal(value=text), right=right):
                return holds is not (contained == "in") and _separates(text) and self._reads(right, variable, function)
            case Call() as call if call.called_name in _LOOKING:
                texts = [part.value for part in call.arguments if isinstance(part, Literal)]
                return not holds and any(map(_separates, texts)) and self._reads(call, variable, function)
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
        return (
            any(self._filling.by(expression, function))
            if api is None
            else not api.roles.keys().isdisjoint({"buffer", "buffers_from"})
        )

    def _reads(self, expression: Expression, variable: Variable, function: FunctionInfo) -> bool:
        return any(
            self._names.variable(part, function) == variable
            for part in walk(expression)
            if isinstance(part, (Name, Attribute))
        )


def _is_negative(expression: Expression) -> bool:
    """`>= -1` keeps -1."""
    return isinstance(expression, Unary) and expression.operator == "-"


def _is_nothing(expression: Expression) -> bool:
    """What says that a piece was not found: NULL, nullptr, std::string::npos, -1."""
    name = dotted(strip_casts(expression)).rpartition(".")[2]
    is_none = isinstance(expression, Literal) and expression.value in (None, 0)
    return is_none or _is_negative(expression) or name in ("NULL", "nullptr", "npos")


def _separates(text: object) -> bool:
    """Say whether a name without this piece leads out of no directory."""
    return text in ("/", "..", "../", b"/", b"..", b"../", ord("/"))
