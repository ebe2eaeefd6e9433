"""Connections that are put into an array of fixed size, one behind the other, with no regard to how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    COMPARISONS,
    Attribute,
    Binary,
    Call,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language

_LONGEST_INDEX = 5  # of what loops go by: i, at, slot, index; a longer name may well be that of a limit


@dataclass(frozen=True, slots=True)
class UncountedConnection:
    """Where an accepted connection is put into the array of this name."""

    accepted: Place
    kept: Place
    array: str


def uncounted_connections(facts: Facts) -> Iterator[UncountedConnection]:
    """Yield where the next element takes a local connection while nothing compares their number with the room."""
    for accept in facts.calls.sites(Act.ACCEPT):
        function = accept.function
        if function.unit.language is not Language.CPP or facts.transports.is_network_site(accept):
            continue
        for target, value in function.assignments("="):
            element = _element(target)
            if element is None or not _has_connection(facts, value, accept):
                continue
            counter = facts.names.variable(_counted(element.index), function)
            if counter is None or not _is_fixed(facts, element.value, function):
                continue
            if _is_counted_up(facts, counter, function) and not _is_compared(facts, counter, function):
                yield UncountedConnection(accept.place, target.place, dotted(strip_casts(element.value)))


def _element(target: Expression) -> Subscript | None:
    """Return the element of an array of which a whole or a field is set: `clients[count++]`, `clients[count].fd`."""
    whole = strip_casts(target)
    while isinstance(whole, Attribute):
        whole = strip_casts(whole.value)
    return whole if isinstance(whole, Subscript) else None


def _has_connection(facts: Facts, value: Expression, accept: Site) -> bool:
    return any(
        part is accept.call or any(one.expression is accept.call for one in facts.origins.of(part, accept.function))
        for part in walk(value)
        if isinstance(part, Call | Name)
    )


def _counted(index: Expression) -> Expression:
    index = strip_casts(index)
    return index.operand if isinstance(index, Unary) and index.operator == "++" else index


def _is_fixed(facts: Facts, array: Expression, function: FunctionInfo) -> bool:
    variable = facts.names.variable(array, function)
    made = [one.value for one in facts.definitions.everywhere(variable)] if variable is not None else []
    return any(isinstance(one, Call) and one.called_name == "[]" for one in made)


def _is_counted_up(facts: Facts, counter: Variable, function: FunctionInfo) -> bool:
    """Say whether the function adds to the counter: an index that was searched for is another thing."""
    ups = [one.operand for one in function.expressions() if isinstance(one, Unary) and one.operator == "++"]
    ups += [target for target, _ in function.assignments("+=")]
    is_set = any(facts.names.variable(target, function) == counter for target, _ in function.assignments("="))
    return not is_set and any(facts.names.variable(one, function) == counter for one in ups)


def _is_compared(facts: Facts, counter: Variable, function: FunctionInfo) -> bool:
    """Say whether anything in the file compares the counter with more than nothing, or than the index of a loop."""
    for other in function.unit.every_function():
        for part in other.expressions():
            if not isinstance(part, Binary) or part.operator not in COMPARISONS:
                continue
            for one, limit in ((part.left, part.right), (part.right, part.left)):
                if facts.names.variable(_counted(one), other) == counter and not _is_no_limit(limit):
                    return True
    return False


def _is_no_limit(limit: Expression) -> bool:
    limit = strip_casts(limit)
    return (isinstance(limit, Literal) and not limit.value) or (
        isinstance(limit, Name) and not limit.identifier.isupper() and len(limit.identifier) <= _LONGEST_INDEX
    )
