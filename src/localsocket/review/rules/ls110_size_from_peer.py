"""LS110: a peer chooses how much memory is taken, or how much is waited for."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket.review.analysis.calls import Site
from localsocket.review.analysis.facts import Facts
from localsocket.review.apis.meaning import Act
from localsocket.review.findings import Finding, Severity
from localsocket.review.model.unit import Language
from localsocket.review.rules.rule import Example, Rule, steps_of

# What makes an object of a size, and as well of a text: only a number is a size.
_TAKES_TEXTS_TOO = frozenset(
    {"bytes", "bytearray", "QByteArray", "QString", "string", "vector", "QVector", "deque", "fill"}
)


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.ALLOCATE | Act.RECEIVE):
        size = site.argument("size")
        if size is None or _gives_what_is_there(site):
            continue
        trace = facts.taint.received_size(size, site.function)
        if trace is None:
            continue
        if site.api.method in _TAKES_TEXTS_TOO and not any(step.makes_number for step in trace):
            continue
        evidence = [*steps_of(trace), (site.place, "used as a size here")]
        yield RULE.finding(site.place, "A peer chooses this size, and nothing keeps it below a maximum.", evidence)


def _gives_what_is_there(site: Site) -> bool:
    """Qt's read returns at most what has arrived already."""
    return bool(site.api.act & Act.RECEIVE) and site.api.name.startswith("Q")


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
        "the number has one or two bytes",
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
