"""What is nothing in a function once a read gave nothing: which variables, and what conditions come to."""

from __future__ import annotations

from collections.abc import Callable

from localsocket_review.analysis.names import Names, Variable
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Await,
    Binary,
    Call,
    Cast,
    Display,
    Expression,
    Literal,
    Name,
    Slice,
    Starred,
    Subscript,
    Unary,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Assign

_SAME = frozenset({"decode", "strip", "rstrip", "lstrip", "trimmed", "tobytes", "lower", "upper", "data", "simplified"})
_LENGTHS = frozenset({"len", "size", "length", "count", "strlen", "int", "bytes", "str", "bytearray", "memoryview"})
_UNBOUND = frozenset(f"{kind}.{method}" for kind in ("bytes", "str") for method in _SAME)  # `bytes.decode(data)`
_WITH_ENCODING = 2  # arguments of `str(data, "utf-8")`
_PASSING = frozenset({"wait_for", "shield"})  # asyncio's: they give what they are given
_WRITING = frozenset({"write", "fwrite", "send"})  # they give how much they have written: of nothing, nothing
_ENDED = frozenset({"at_eof", "atEnd", "isEmpty", "isNull", "empty", "is_closing"})
_STARTING = frozenset({"startswith", "endswith", "startsWith", "endsWith", "contains"})
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SOMETHING = 1 << 20  # stands for every size and text that is not nothing


class NothingRead:
    """Evaluates expressions of a function in which one read gave nothing.

    `source` is what is read from, where that is a variable. `held_by` are the variables that hold the nothing at this
    place; whoever runs the function keeps them up to date.
    """

    def __init__(self, names: Names, read: Call, function: FunctionInfo, source: Expression | None) -> None:
        self._names = names
        self._read = read
        self._function = function
        self.source = self.variable(source) if source is not None else None
        self.held_by: set[Variable] = set()
        self._find_nothing()

    def _find_nothing(self) -> None:
        """Find the variables that hold nothing once the read gave nothing."""
        for _ in range(2):
            for statement in self._function.statements():
                if isinstance(statement, Assign) and statement.operator == "=" and statement.value is not None:
                    target: Expression | None = statement.target
                    if isinstance(target, Display):
                        target = target.items[0] if target.items else None
                    if target is not None and self.number(statement.value) == 0:
                        self._add(target, statement.value)
            for part in self._function.expressions():
                if isinstance(part, Assignment) and self.number(part.value) == 0:
                    self._add(part.target, part.value)

    def _add(self, target: Expression, value: Expression) -> None:
        variable = self.variable(target)
        if variable is not None and not isinstance(value, Literal):
            self.held_by.add(variable)

    def variable(self, expression: Expression) -> Variable | None:
        """Return the variable that a name or a member stands for."""
        if not isinstance(expression, Name | Attribute):
            return None
        return self._names.variable(expression, self._function)

    def number(self, expression: Expression) -> int | None:
        """Return the value, 0 for what is empty, `_SOMETHING` for a text or size that is not; None if nobody knows."""
        match expression:
            case Cast(value=value) | Await(value=value) | Starred(value=value) | Assignment(value=value):
                return self.number(value)
            case Call():
                return self._of_call(expression)
            case Name() | Attribute():
                return 0 if self.variable(expression) in self.held_by else None
            case Literal(value=bool() | None):
                return None
            case Literal(value=int(number)):
                return number
            case Literal(value=str() | bytes() as text):
                return _SOMETHING if text else 0
            case Subscript(index=Slice(parts=(*_, last))):
                return 0 if self.number(last) == 0 else None
            case Unary(operator="-", operand=Literal(value=int(number))):
                return -number
        return None

    def _of_call(self, call: Call) -> int | None:
        if call is self._read:
            return 0
        if call.called_name == "sizeof":
            return _SOMETHING
        if call.called_name == "bytesAvailable" and self._read.called_name == "waitForReadyRead":
            is_same = call.receiver is not None and self.variable(call.receiver) == self.source
            return 0 if is_same and self.source is not None else None
        if call.called_name in _WRITING and any(self.number(one) == 0 for one in call.arguments if _is_size(one)):
            return 0
        if call.called_name in _PASSING and call.arguments:
            return self.number(call.arguments[0])
        if dotted(call.function) in _UNBOUND and call.arguments:
            return self.number(call.arguments[0])
        if call.receiver is not None and call.called_name in _SAME | _LENGTHS:
            found = self.number(call.receiver)
            return found if found == 0 else None
        if call.called_name in _LENGTHS and 0 < len(call.arguments) <= _WITH_ENCODING:
            return 0 if self.number(call.arguments[0]) == 0 else None
        return None

    def truth(self, test: Expression) -> bool | None:
        """Say what a condition comes to; None if nobody knows."""
        match test:
            case Unary(operator="not", operand=operand):
                found = self.truth(operand)
                return None if found is None else not found
            case Binary(operator="and" | "or" as operator, left=left, right=right):
                sides = (self.truth(left), self.truth(right))
                decisive = operator == "or"
                if decisive in sides:
                    return decisive
                return None if None in sides else not decisive
            case Binary(operator=operator, left=left, right=right):
                return self._compared(operator, left, right)
            case Call(called_name=name) if name in _ENDED:
                asked = self.number(test.receiver) if test.receiver is not None else None
                return True if name in ("at_eof", "atEnd", "is_closing") or asked == 0 else None
            case Call(called_name=name) if name in _STARTING and test.receiver is not None:
                return False if self.number(test.receiver) == 0 else None
            case Call(called_name="isinstance", arguments=(asked, kind)) if self.number(asked) == 0:
                return True if any(dotted(part) in ("bytes", "str") for part in walk(kind)) else None
            case Literal(value=value):
                return bool(value)
        number = self.number(test)
        return None if number is None else bool(number)

    def _compared(self, operator: str, left: Expression, right: Expression) -> bool | None:
        if operator in ("in", "not in"):
            found = self._contained(left, right)
            return None if found is None else found is (operator == "in")
        if operator in ("is", "is not"):
            return operator == "is not" if self.number(left) == 0 and _is_none(right) else None
        if (state := _state_asked(left, right)) is not None:
            return state is (operator == "==")
        one, other = self.number(left), self.number(right)
        if one is None and other == 0 and operator in FLIPPED:
            one, other, operator = other, one, FLIPPED[operator]
        if one is None or (other is None and one != 0):
            return None
        if other is None:
            return True if operator in ("!=", "<") else False if operator in ("==", ">") else None
        return _COMPARE[operator](one, other) if operator in _COMPARE else None

    def _contained(self, item: Expression, container: Expression) -> bool | None:
        if self.number(container) == 0:
            return False
        if self.number(item) == 0 and isinstance(container, Display):
            return any(self.number(one) == 0 for one in container.items)
        return None


_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}


def _state_asked(left: Expression, right: Expression) -> bool | None:
    """Say what `socket->state() == …` is once the peer has closed."""
    if not isinstance(left, Call) or left.called_name != "state":
        return None
    name = getattr(right, "name", getattr(right, "identifier", ""))
    return {"ConnectedState": False, "UnconnectedState": True}.get(name)


def _is_size(expression: Expression) -> bool:
    return isinstance(strip_casts(expression), Name | Attribute)


def _is_none(expression: Expression) -> bool:
    return isinstance(expression, Literal) and expression.value is None
