"""LS120: a peer chooses which element of an array is used."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Expression,
    Literal,
    Subscript,
    Unary,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.unit import Language
from localsocket_review.rules.counted_connections import uncounted_connections
from localsocket_review.rules.rule import Example, Rule, steps_of

# What finds its element by a key, or grows to it: no index leads out of it.
_KEYED = re.compile(r"map|hash|dict|json|variant|settings|object|cache|set\b", re.IGNORECASE)
# A place in memory: an array, a pointer, or a container whose operator[] does not check.
_NUMBER = re.compile(r"(?:const )?(?:unsigned|signed|long|short|int|s?size_t|q?s?u?int\d*(?:_t)?|uint|ulong|off_t)\b.*")
_REFUSE = "compare the count with the number of elements before the accept, and close what exceeds it"


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions(Language.CPP):
        for expression in function.expressions():
            place_in = _place_in_memory(expression)
            if place_in is None or _is_keyed(facts, place_in[0], function):
                continue
            if not _has_room_for(facts, place_in[0], place_in[1], function):
                yield from _chosen(facts, expression, *place_in, function)
    for site in facts.calls.sites(Act.COPY_TEXT):
        match site.argument("buffer"):
            case Binary(operator="+", left=array, right=index) if facts.inference.is_pointer(array, site.function):
                yield from _chosen(facts, site.call, array, index, site.function)
    for one in uncounted_connections(facts):
        message = (
            f"Each connection takes another element of `{one.array}`, and nothing compares their number with its size."
        )
        evidence = [(one.accepted, "accepted here"), (one.kept, "kept here")]
        yield RULE.finding(one.kept, message, evidence, repair=_REFUSE, cwe="CWE-787")


def _place_in_memory(expression: Expression) -> tuple[Expression, Expression] | None:
    """Return what is indexed and by what: `table[at]`, `*(table + at)`."""
    match expression:
        case Subscript(value=value, index=index):
            return value, index
        case Unary(operator="*", operand=Binary(operator="+", left=left, right=right)):
            return left, right
    return None


def _has_room_for(facts: Facts, array: Expression, index: Expression, function: FunctionInfo) -> bool:
    """Say whether the memory was taken by a size that the index is a part of: `malloc(size + 1)`, then `name[size]`."""
    match index, array:  # `reply->data[reply->size - 1]`: the structure says how much of it there is
        case Binary(operator="-", left=Attribute(value=one), right=Literal(value=1)), Attribute(value=other):
            return dotted(one) == dotted(other) != ""
    variable = facts.names.variable(index, function)
    if variable is None:
        return False
    for definition in facts.definitions.at(array, function):
        made = strip_casts(definition.value) if definition.value is not None else None
        api = facts.calls.api_of(made, definition.function) if isinstance(made, Call) else None
        if isinstance(made, Call) and api is not None and api.act & Act.ALLOCATE:
            sums = [one for one in made.arguments if isinstance(one, Binary) and one.operator == "+"]
            if any(facts.names.variable(part, function) == variable for one in sums for part in walk(one)):
                return True
    return False


def _is_keyed(facts: Facts, value: Expression, function: FunctionInfo) -> bool:
    return _KEYED.search(facts.inference.type_of(value, function)) is not None


def _chosen(
    facts: Facts, use: Expression, array: Expression, index: Expression, function: FunctionInfo
) -> Iterator[Finding]:
    trace = facts.taint.received_offset(index, function)
    if trace is None:
        return
    is_number = any(step.makes_number for step in trace) or _NUMBER.fullmatch(facts.inference.type_of(index, function))
    if is_number or facts.inference.is_pointer(array, function):
        message = "A peer chooses this index, and nothing keeps it inside the array."
        yield RULE.finding(use.place, message, [*steps_of(trace), (use.place, "used as an index here")])


RULE = Rule(
    id="LS120",
    title="index from the wire without a range check",
    severity=Severity.HIGH,
    cwe="CWE-129",
    why=(
        "C and C++ compute an address from whatever the index is. One that a peer chooses reads or writes memory "
        "before or after the array; a signed one that was only compared with the maximum may still be negative."
    ),
    repair="compare the index with both ends of the array before it is used, or use .at()",
    unless=(
        "the index was compared with both ends of its range",
        "an unsigned index was compared with the maximum",
        "the container finds its elements by key",
        "the memory was allocated for the index and more: `malloc(size + 1)`",
        "the number of connections is compared with the room for them",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="int which = atoi(line);\nhandlers[which](client);\n",
            good="int which = atoi(line);\nif (which >= 0 && which < COUNT)\n    handlers[which](client);\n",
        ),
    ),
    check=check,
    follows_data=True,
)
