"""Conditions that are always true or always false, as they are written: `if (0)`, `if 5 * 7 == 35`."""

from __future__ import annotations

import operator
from collections.abc import Callable

from localsocket_review.model.expressions import Binary, Expression, Literal, Unary

Constant = int | str | bytes | float | None

_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LARGEST = 1 << 64


def constant_truth(test: Expression) -> bool | None:
    """Return whether a condition always holds or never does, and None where that depends on anything."""
    match test:
        case Literal(value=bool() | int() | None as value):
            return bool(value)
        case Unary(operator="not", operand=operand):
            inside = constant_truth(operand)
            return None if inside is None else not inside
        case Binary(operator="and" | "or" as joined, left=left, right=right):
            sides = (constant_truth(left), constant_truth(right))
            if (joined == "or") in sides:
                return joined == "or"
            return None if None in sides else joined == "and"
    number = _number(test)
    return None if number is None else bool(number)


def _number(expression: Expression) -> int | None:
    match expression:
        case Literal(value=int(number)):
            return number
        case Unary(operator="-", operand=operand):
            inside = _number(operand)
            return None if inside is None else -inside
        case Binary(operator=sign, left=left, right=right) if sign in _OPERATORS:
            one, other = _number(left), _number(right)
            if one is None or other is None or abs(one) > _LARGEST or abs(other) > _LARGEST:
                return None
            return int(_OPERATORS[sign](one, other))
    return None
