"""Conditions whose truth is known: as they are written, `if (0)`, or where a number is known, `if (fd < 0)`."""

from __future__ import annotations

import operator
from collections.abc import Callable

from localsocket_review.model.expressions import Binary, Call, Expression, Literal, Unary

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
_COMPARING = frozenset({"==", "!=", "<", "<=", ">", ">="})
# What tells a compiler which way is the usual one.
_HINTS = frozenset({"__builtin_expect", "likely", "unlikely", "G_LIKELY", "G_UNLIKELY", "Q_LIKELY", "Q_UNLIKELY"})


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


def truth_where(
    test: Expression,
    number_of: Callable[[Expression], int | None],
    known: Callable[[Expression], bool | None] = lambda _: None,
) -> bool | None:
    """Return whether a condition holds where `number_of` knows the numbers, and `known` whole conditions in it."""
    found = known(test)
    if found is not None:
        return found
    match test:
        case Unary(operator="not", operand=operand):
            inside = truth_where(operand, number_of, known)
            return None if inside is None else not inside
        case Call(called_name=name, arguments=(first, *_)) if name in _HINTS:
            return truth_where(first, number_of, known)
        case Binary(operator="and" | "or" as joined, left=left, right=right):
            sides = (truth_where(left, number_of, known), truth_where(right, number_of, known))
            if (joined == "or") in sides:
                return joined == "or"
            return None if None in sides else joined == "and"
        case Binary(operator=sign, left=left, right=right) if sign in _COMPARING:
            one, other = number_of(left), number_of(right)
            return None if one is None or other is None else bool(_OPERATORS[sign](one, other))
    number = number_of(test)
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
