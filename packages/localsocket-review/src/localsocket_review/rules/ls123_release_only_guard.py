"""LS123: an assertion stands where received data must be checked."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.carried_data import Trace
from localsocket_review.analysis.facts import Facts
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Expression,
    Name,
    Subscript,
    Unary,
    walk,
)
from localsocket_review.model.statements import Assign, Branch, Raise
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of

_MACROS = frozenset({"assert", "Q_ASSERT", "Q_ASSERT_X"})  # which a release leaves out
# What keeps a value in bounds or in a list. Comparing for equality is left out: that is how tests look at answers.
_KEEPING = frozenset({"<", "<=", ">", ">=", "in", "not in"})
# What came from farther away is a state of the program's own by then, which it asserts about itself.
_NEAR = 1  # how many calls it may have gone through
_CHECKING = frozenset({"isalnum", "isidentifier", "isdigit", "isdecimal", "is_relative_to", "fullmatch", "match"})


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        for test, words in _assertions(function):
            trace = _checked(facts, test, function)
            if trace is not None:
                message = f"{words} checks what a peer sent: a build or run without assertions checks nothing."
                yield RULE.finding(test.place, message, [*steps_of(trace), (test.place, "asserted here")])


def _assertions(function: FunctionInfo) -> Iterator[tuple[Expression, str]]:
    """Yield what is asserted; Python's statement is read as a branch that raises in the same place."""
    if function.unit.language is Language.PYTHON:
        for statement in function.statements():
            match statement:
                case Branch(place=place, test=Unary(operator="not", operand=test), then=[Raise(place=raised)]):
                    if place == raised:
                        yield test, "An assert"
        return
    for call in function.calls():
        if call.called_name in _MACROS and call.arguments:
            yield call.arguments[0], f"{call.called_name}()"


def _checked(facts: Facts, test: Expression, function: FunctionInfo) -> Trace | None:
    """Return the way of the received value that the assertion keeps in bounds, or to what is allowed."""
    passing = {part for each in walk(test) if isinstance(each, Comprehension) for part in _bound_in(each)}
    for part in walk(test):
        sides: tuple[Expression, ...]
        match part:
            case Binary(operator=operator, left=left, right=right) if operator in _KEEPING:
                sides = (left,) if operator in ("in", "not in") else (left, right)
            case Call() as call if call.called_name in _CHECKING:
                sides = (call.receiver or test, *call.arguments)
            case _:
                continue
        for side in sides:
            if isinstance(side, Name) and side.identifier in passing:
                continue  # nothing but the assertion uses it
            if isinstance(side, Name | Attribute | Subscript | Call):
                trace = facts.taint.received_size(side, function) or facts.taint.received(side, function)
                if trace is not None and _is_near(trace) and not _is_own_count(facts, side, function):
                    return trace
    return None


def _bound_in(each: Comprehension) -> Iterator[str]:
    for target, _ in each.loops:
        yield from (part.identifier for part in walk(target) if isinstance(part, Name))


def _is_near(trace: Trace) -> bool:
    return sum(not step.makes_number for step in trace[1:]) <= _NEAR


def _is_own_count(facts: Facts, value: Expression, function: FunctionInfo) -> bool:
    """Say whether the value is how much a read gave, or a sum of that: the program's own request bounds it."""
    if facts.chunks.is_count(value, function):
        return True
    variable = facts.names.variable(value, function)
    return variable is not None and any(
        isinstance(statement, Assign)
        and statement.operator == "+="
        and statement.value is not None
        and facts.names.variable(statement.target, function) == variable
        and facts.chunks.is_count(statement.value, function)
        for statement in function.statements()
    )


RULE = Rule(
    id="LS123",
    title="assertion where received data must be checked",
    severity=Severity.MEDIUM,
    cwe="CWE-617",
    why=(
        "python -O, NDEBUG and QT_NO_DEBUG leave assertions out, and with them the only check of what a peer sent. "
        "Where they are kept, a peer can end the program with one message."
    ),
    repair="check it with an if, and refuse the message or close the connection",
    unless=(
        "the value does not come from a peer",
        "equality is asserted, as tests do with an answer",
        "it says how much a read gave, which the program itself bounds, or what has become of the data far away",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad=(
                'size = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")\n'
                "assert size <= 65536\nbody = bytearray(size)\n"
            ),
            good=(
                'size = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")\n'
                'if size > 65536:\n    raise ProtocolError("too long")\nbody = bytearray(size)\n'
            ),
        ),
        Example(
            Language.CPP,
            bad="recv(fd, &size, sizeof size, MSG_WAITALL);\nassert(size <= sizeof body);\n",
            good="recv(fd, &size, sizeof size, MSG_WAITALL);\nif (size > sizeof body)\n    return -1;\n",
        ),
    ),
    check=check,
)
