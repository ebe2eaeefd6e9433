"""LS110: a peer chooses how much memory is taken, or how much is waited for."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Evidence, Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Binary,
    Call,
    Comprehension,
    Display,
    Expression,
    Literal,
    Name,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Return
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of

# What makes an object of a size, and as well of a text: only a number is a size.
_MESSAGE = "A peer chooses this size, and nothing keeps it below a maximum."
_TAKES_TEXTS_TOO = frozenset(
    {"bytes", "bytearray", "QByteArray", "QString", "string", "vector", "QVector", "deque", "fill"}
)


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.ALLOCATE | Act.RECEIVE):
        size = _without_position(facts, site)
        if size is None or _gives_what_is_there(site):
            continue
        if _is_made_of_parts(facts, site, size):
            continue
        trace = facts.taint.received_size(size, site.function)
        if trace is None:
            continue
        if site.api.method in _TAKES_TEXTS_TOO and not any(step.makes_number for step in trace):
            continue
        place = trace[-1].place if _is_wrapper(facts, site, size) else site.place
        yield RULE.finding(place, _MESSAGE, [*steps_of(trace), (site.place, "used as a size here")])
    for function in facts.functions(Language.PYTHON):
        yield from _repeated(facts, function)
    for site in facts.calls.sites(Act.COPY_TEXT | Act.WRITE_OUT):
        yield from _copied(facts, site)


def _without_position(facts: Facts, site: Site) -> Expression | None:
    """Return the size; of `read(fd, at, end - at)` the end alone, since what came has only moved `at` on to it."""
    size, buffer = site.argument("size"), site.argument("buffer")
    match strip_casts(size) if size is not None else None:
        case Binary(operator="-", left=end, right=position) if buffer is not None:
            at = facts.names.variable(strip_casts(buffer), site.function)
            if at is not None and facts.names.variable(strip_casts(position), site.function) == at:
                return end
    return size


def _is_made_of_parts(facts: Facts, site: Site, size: Expression) -> bool:
    """Say whether what seems a size is what the object is made of: `bytes([1, 2])`, `bytes(request)`."""
    if site.api.method not in _TAKES_TEXTS_TOO or site.function.unit.language is not Language.PYTHON:
        return False
    kind = facts.inference.type_of(size, site.function)
    is_object = bool(kind) and facts.program.class_named(kind, site.function.unit) is not None
    return isinstance(size, Display | Comprehension) or is_object


def _is_wrapper(facts: Facts, site: Site, size: Expression) -> bool:
    """Say whether a function only takes memory for its callers, of whom one did not ask: `xrealloc(old, size)`."""
    function = site.function
    is_given = isinstance(size, Name) and size.identifier in {one.name for one in function.parameters}
    holders = set(facts.ownership.holders(site.call, function))
    return (
        is_given
        and bool(site.api.act & Act.ALLOCATE)
        and any(
            isinstance(one, Return)
            and one.value is not None
            and (strip_casts(one.value) is site.call or facts.names.variable(one.value, function) in holders)
            for one in function.statements()
        )
    )


def _copied(facts: Facts, site: Site) -> Iterator[Finding]:
    """`memcpy(into, from, size)`: signed sizes, too, since a negative one is a huge one."""
    size = _without_position(facts, site)
    if size is None or _is_allocated_for(facts, size, site):
        return
    trace = facts.taint.received_offset(size, site.function)
    if trace is not None and (any(step.makes_number for step in trace) or not isinstance(size, Call)):
        message = "A peer chooses how many bytes are copied, and nothing keeps it inside the buffer."
        yield RULE.finding(site.place, message, [*steps_of(trace), (site.place, "used as a size here")], cwe="CWE-787")


def _is_allocated_for(facts: Facts, size: Expression, copied: Site) -> bool:
    """Say whether memory was taken by the same number, which is told where it was taken."""
    variable = facts.names.variable(size, copied.function)
    return variable is not None and any(
        any(facts.names.variable(part, copied.function) == variable for part in walk(taken))
        for site in facts.calls.sites(Act.ALLOCATE, copied.function)
        if (taken := site.argument("size")) is not None
    )


def _repeated(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    """`[0.0] * count`, `b"\\0" * size`."""
    for expression in function.expressions():
        match expression:
            case Binary(operator="*", left=Display() | Literal(value=bytes() | str()), right=count):
                trace = facts.taint.received_size(count, function)
                if trace is not None:
                    evidence = [*steps_of(trace), Evidence(expression.place, "repeated as often here")]
                    yield RULE.finding(expression.place, _MESSAGE, evidence)


def _gives_what_is_there(site: Site) -> bool:
    """Qt's read returns at most what has arrived already."""
    return bool(site.api.act & Act.RECEIVE) and not site.api.act & Act.ALLOCATE and site.api.name.startswith("Q")


RULE = Rule(
    id="LS110",
    title="size from the wire without a maximum",
    severity=Severity.MEDIUM,
    cwe="CWE-789",
    why=(
        "A length in a header is a promise that a peer need not keep. Four bytes can ask for four gigabytes: the "
        "program takes the memory at once, or waits for bytes that never come."
    ),
    repair="compare the size with a maximum before it is used, and close the connection when it is larger",
    unless=(
        "a comparison with a maximum guards the use",
        "the size is cut to a maximum by min()",
        "the number has at most three bytes",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad='(size,) = struct.unpack("!I", head)\nbody = connection.recv(size)\n',
            good=(
                '(size,) = struct.unpack("!I", head)\n'
                "if size > MAXIMUM:\n"
                "    raise ValueError(size)\n"
                "body = connection.recv(size)\n"
            ),
        ),
        Example(
            Language.CPP,
            bad="quint32 size;\nstream >> size;\nbuffer.resize(size);\n",
            good=(
                "quint32 size;\n"
                "stream >> size;\n"
                "if (size > maximum)\n"
                "    return socket->abort();\n"
                "buffer.resize(size);\n"
            ),
        ),
    ),
    check=check,
    follows_data=True,
)
