"""A defect that the rules find, as somebody may speak of it, and what shows that a call does not have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localsocket_review.analysis.facts import Facts
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    COMPARISONS,
    Assignment,
    Attribute,
    Binary,
    Call,
    Expression,
    Name,
    Unary,
    dotted,
    strip_casts,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Branch, Loop


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect that rules find, and the words for it.

    - `said` are words for what is wrong, `remedies` those for what would be right: that one is missing complains, too.
    - Only findings whose text matches `message` are about it.
    - Without any word of `code` in the program it cannot be there.
    - Where the rules find nothing, a word of `prevented_by` shows that it is seen to: in what the claim speaks of, or
      anywhere if that `is_once_for_all`. `is_prevented_in` tells it of a function, `is_prevented_at` of a call.
    - `topics` are names that belong to what is said.
    """

    name: str
    title: str
    examples: tuple[str, ...]
    rules: tuple[str, ...]
    said: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    message: str = ""
    code: tuple[str, ...] = ()
    prevented_by: tuple[str, ...] = ()
    topics: frozenset[str] = frozenset()
    is_once_for_all: bool = False
    is_prevented_in: Callable[[FunctionInfo], bool] | None = None
    is_prevented_at: Callable[[Call, FunctionInfo, Facts], tuple[Place, str] | None] | None = None


# --- what prevents a defect at a call ---------------------------------------------------------------------------------


def has_time_out(call: Call, function: FunctionInfo, facts: Facts) -> tuple[Place, str] | None:
    site = facts.calls.site(call, function)
    timeout = site.argument("timeout") if site is not None else None
    numbers = facts.values.numbers(timeout, function) if timeout is not None else frozenset()
    return (call.place, f"waits for {max(numbers):g} ms") if numbers and min(numbers) >= 0 else None


def is_tested(call: Call, function: FunctionInfo, _: Facts) -> tuple[Place, str] | None:
    """Find a condition on the call itself, or on the variable that takes its result."""
    takers = {dotted(target) for target, value in function.assignments() if strip_casts(value) is call}
    for statement in function.statements():
        if isinstance(statement, Branch | Loop) and statement.test is not None:
            for part in _operands(statement.test):
                if part is call or (isinstance(part, Name | Attribute) and dotted(part) in takers - {""}):
                    return statement.test.place, "tested here"
    return None


def _operands(test: Expression) -> Iterator[Expression]:
    """Yield what a condition asks: `socket` of `!socket`, and not of `socket->isOpen()`."""
    match strip_casts(test):
        case Binary(operator=operator, left=left, right=right) if operator in ("and", "or") or operator in COMPARISONS:
            yield from _operands(left)
            yield from _operands(right)
        case Unary(operator="not", operand=operand):
            yield from _operands(operand)
        case Assignment(target=target, value=value):
            yield target
            yield from _operands(value)
        case other:
            yield other
