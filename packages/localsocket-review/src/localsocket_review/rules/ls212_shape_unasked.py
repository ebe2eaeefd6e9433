"""LS212: a message is used as if it were what it should be, and nobody has asked."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Evidence, Finding, Severity
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of
from localsocket_review.rules.server_loops import Failing, failing_in

_READS = frozenset({"recv", "recvfrom", "read"})
_CATCHING = "catch what a malformed message raises, for each connection, inside the loop; then close that one"


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.RECEIVE):
        if site.function.unit.language is Language.CPP and site.api.method in _READS:
            yield from _taken_unasked(facts, site)
    for function in facts.functions(Language.PYTHON):
        for failing in failing_in(facts, function):
            yield _ends_server(failing)


def _taken_unasked(facts: Facts, site: Site) -> Iterator[Finding]:
    """A structure is taken from a message, which may be shorter; where bytes are a stream, LS207 says so."""
    if not facts.streams.is_socket(site) or (facts.streams.is_stream(site) and site.api.act & Act.CHUNK):
        return
    use = None if facts.transports.is_network_site(site) else facts.unasked_shapes.laid_over(site)
    if use is not None:
        message = (
            "A shorter message leaves old bytes in the buffer; fields are used, and nothing checks how "
            "many bytes arrived."
        )
        evidence = [(site.place, "received here"), (use.place, "taken here")]
        yield RULE.finding(use.place, message, evidence, cwe="CWE-908")


def _ends_server(failing: Failing) -> Finding:
    message = (
        f"A message of another shape makes this raise {failing.error}; nothing in the loop catches it, and the server "
        "ends."
    )
    evidence = [*steps_of(failing.trace), Evidence(failing.place, "raises here")]
    evidence.append(Evidence(failing.loop.place, "loop that it ends"))
    return RULE.finding(failing.place, message, evidence, repair=_CATCHING, cwe="CWE-248")


RULE = Rule(
    id="LS212",
    title="message whose shape is not checked",
    severity=Severity.MEDIUM,
    cwe="CWE-1287",
    why=(
        "A peer can send anything: half a structure, a list where an object is expected, one word instead of two. "
        "In C the missing fields of a short message hold what was on the stack before. In Python the error leaves "
        "the loop that accepts connections, and one malformed message ends the server for everybody."
    ),
    repair="compare how many bytes arrived with the size of the structure, before any field is used",
    unless=(
        "the number of bytes received is compared with what is taken",
        "the error is caught inside the loop",
        "the key or the type is checked first",
        "a thread, a task or a framework of servers handles each connection, which alone ends",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="if (recv(fd, &order, sizeof order, 0) <= 0)\n    return -1;\nreturn run(order.kind);\n",
            good="if (recv(fd, &order, sizeof order, 0) != sizeof order)\n    return -1;\nreturn run(order.kind);\n",
        ),
        Example(
            Language.PYTHON,
            bad=(
                "while True:\n    connection, _ = server.accept()\n    with connection:\n"
                '        order = json.loads(connection.makefile().readline(4096))\n        run(order["kind"])\n'
            ),
            good=(
                "while True:\n    connection, _ = server.accept()\n    with connection:\n        try:\n"
                '            order = json.loads(connection.makefile().readline(4096))\n            run(order["kind"])\n'
                "        except (ValueError, TypeError, KeyError):\n            continue\n"
            ),
        ),
    ),
    check=check,
)
