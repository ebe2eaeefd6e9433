"""LS122: a peer chooses how often a loop goes round, or how long the program sleeps."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.carried_data import Trace
from localsocket_review.analysis.facts import Facts
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Expression,
    Name,
    Subscript,
    Unary,
    dotted,
    walk,
)
from localsocket_review.model.statements import Assign, Break, Goto, Loop, Raise, Return, expressions_in, statements_in
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of

_COMPARING = frozenset({"<", "<=", ">", ">=", "!="})


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        for statement in function.statements():
            if isinstance(statement, Loop) and not _ends_early(facts, statement, function):
                yield from _rounds(facts, statement, function)
    for site in facts.calls.sites(Act.SLEEP):
        seconds = site.argument("seconds")
        trace = facts.taint.received_size(seconds, site.function) if seconds is not None else None
        if trace is not None and any(step.makes_number for step in trace):
            message = "A peer chooses how long this sleeps, and nothing keeps it below a maximum."
            yield RULE.finding(site.place, message, [*steps_of(trace), (site.place, "slept here")])


def _rounds(facts: Facts, loop: Loop, function: FunctionInfo) -> Iterator[Finding]:
    for bound in () if _multiplies(loop) else _bounds(loop):
        if bound is loop.test and facts.inference.is_pointer(bound, function):
            continue  # `for (; each; each = each->next)`: as many as there are
        trace = facts.taint.received_size(bound, function)
        if trace is not None and any(step.makes_number for step in trace) and not _is_counted(facts, trace):
            message = "A peer chooses how often this loop goes round, and nothing keeps it below a maximum."
            yield RULE.finding(bound.place, message, [*steps_of(trace), (bound.place, "counted to here")])
            return


def _is_counted(facts: Facts, trace: Trace) -> bool:
    """Say whether the number is what a timer or an event counter gave."""
    return any(
        site.place == trace[0].place and facts.streams.reads_counter(site) for site in facts.calls.sites(Act.RECEIVE)
    )


def _multiplies(loop: Loop) -> bool:
    """Say whether each round makes what is compared larger by a factor: `while (room < size) room *= 2;`."""
    compared = [*walk(loop.test)] if loop.test is not None else []
    names = {dotted(part) for part in compared if isinstance(part, (Name, Attribute))} - {""}
    return any(
        isinstance(one, Assign) and one.operator in ("*=", "<<=") and dotted(one.target) in names
        for one in statements_in(loop.body)
    )


def _bounds(loop: Loop) -> Iterator[Expression]:
    """Yield what the number of rounds depends on: `i < n`, `n--`, `range(n)`."""
    match loop.iterable:
        case Call(called_name="range", arguments=arguments):
            yield from arguments
    match loop.test:
        case Binary(operator=operator, left=left, right=right) if operator in _COMPARING:
            yield from (left, right)
        case Unary(operator="--" | "++", operand=operand):
            yield operand
        case Name() as name:
            yield name


def _ends_early(facts: Facts, loop: Loop, function: FunctionInfo) -> bool:
    """Say whether something in the loop may end it, or each round needs something that the peer has to send."""
    if any(isinstance(each, (Break, Return, Raise, Goto)) for each in statements_in(loop.body)):
        return True
    inside = list(expressions_in(loop.body))
    if any(isinstance(part, Binary) and part.operator == ">>" for part in inside):
        return True
    if function.unit.language is Language.PYTHON and any(_uses_counter(part, loop) for part in inside):
        return True
    return any(isinstance(part, Call) and _waits(facts, part, function) for part in inside)


def _uses_counter(part: Expression, loop: Loop) -> bool:
    """`data[i]` ends a Python loop with an IndexError."""
    target = loop.target
    return (
        isinstance(part, Subscript)
        and isinstance(target, Name)
        and any(isinstance(one, Name) and one.identifier == target.identifier for one in walk(part.index))
    )


def _waits(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether a call receives, itself or in a function of the program that it runs."""
    api = facts.calls.api_of(call, function)
    if api is not None:
        return bool(api.act & (Act.RECEIVE | Act.WAIT))
    return any(facts.effects.may_do(callee, Act.RECEIVE) for callee in facts.calls.callees(call, function))


RULE = Rule(
    id="LS122",
    title="rounds of a loop, or seconds of sleep, from the wire",
    severity=Severity.MEDIUM,
    cwe="CWE-834",
    why="One small message keeps the program busy, or asleep, for as long as its sender likes; everybody else waits.",
    repair="compare the number with a maximum before the loop, and close the connection when it is larger",
    unless=(
        "the number was compared with a maximum",
        "each round receives something from the peer",
        "something in the loop ends it",
        "what is compared with the number grows by a factor in each round",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="int rounds = atoi(line);\nfor (int i = 0; i < rounds; i++)\n    blink();\n",
            good=(
                "int rounds = atoi(line);\n"
                "if (rounds > 10)\n"
                "    return;\n"
                "for (int i = 0; i < rounds; i++)\n"
                "    blink();\n"
            ),
        ),
        Example(
            Language.PYTHON,
            bad="rounds = int(connection.recv(10))\nfor _ in range(rounds):\n    blink()\n",
            good="rounds = min(int(connection.recv(10)), 10)\nfor _ in range(rounds):\n    blink()\n",
        ),
    ),
    check=check,
    follows_data=True,
)
