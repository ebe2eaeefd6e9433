"""LS121: the size of what is allocated is computed from a number that a peer chose, and may wrap around."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Binary, Expression, Literal, walk
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of

_MEMORY = frozenset({"malloc", "realloc", "alloca", "g_malloc", "operator new"})


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.ALLOCATE):
        size = site.argument("size") if site.api.method in _MEMORY else None
        for factor, function in _factors(facts, size, site.function) if size is not None else ():
            trace = facts.taint.received_size(factor, function)
            if trace is not None:
                message = "A peer chooses a factor of this size: the product may wrap around to a small one."
                yield RULE.finding(site.place, message, [*steps_of(trace), (site.place, "multiplied here")])
                break


def _factors(facts: Facts, size: Expression, function: FunctionInfo) -> Iterator[tuple[Expression, FunctionInfo]]:
    """Yield what is multiplied in the size, there or where it was computed: `bytes = count * sizeof(struct item)`."""
    made = [(one.expression, one.function) for one in facts.origins.of(size, function)]
    for whole, where in dict.fromkeys([(size, function), *made]):
        for part in walk(whole):
            if isinstance(part, Binary) and part.operator in ("*", "<<"):
                yield from ((side, where) for side in (part.left, part.right) if not isinstance(side, Literal))


RULE = Rule(
    id="LS121",
    title="arithmetic on a received number before memory is allocated",
    severity=Severity.HIGH,
    cwe="CWE-190",
    why=(
        "A product that does not fit its type wraps around: a large count gives a small piece of memory, and the loop "
        "that fills it writes far past its end."
    ),
    repair="compare the number with a maximum first, or let calloc() or reallocarray() multiply",
    unless=(
        "the number was compared with a maximum",
        "calloc() multiplies, which checks",
        "the factors are the program's own",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="uint32_t count = ntohl(head);\nstruct item *items = malloc(count * sizeof *items);\n",
            good=(
                "uint32_t count = ntohl(head);\n"
                "if (count > 1000)\n"
                "    return -1;\n"
                "struct item *items = malloc(count * sizeof *items);\n"
            ),
        ),
    ),
    check=check,
    follows_data=True,
)
