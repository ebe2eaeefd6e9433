"""LS119: a format is what a peer sent."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.expressions import Expression, Literal, strip_casts
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.FORMAT):
        pattern = site.argument("pattern")
        if pattern is None or _is_another(site, pattern):
            continue
        trace = facts.taint.received(pattern, site.function)
        if trace is not None:
            message = f"{site.call.called_name}() uses what a peer sent as its format."
            yield RULE.finding(site.place, message, [*steps_of(trace), (site.place, "used as a format here")])


def _is_another(site: Site, pattern: Expression) -> bool:
    """Say whether a text stands where the stream or descriptor would: a program's own `dprintf("%d", count)`."""
    if "buffer" in site.api.roles or pattern not in site.call.arguments:
        return False
    before = map(strip_casts, site.call.arguments[: site.call.arguments.index(pattern)])
    return any(isinstance(one, Literal) and isinstance(one.value, str) for one in before)


RULE = Rule(
    id="LS119",
    title="received text used as a format",
    severity=Severity.HIGH,
    cwe="CWE-134",
    why=(
        "Every % in a format asks for an argument that nobody passed: the peer reads the program's memory with %x and "
        "%s, and writes to it with %n."
    ),
    repair='pass the text as an argument: printf("%s", text)',
    unless=(
        "the text is an argument, and the format is a string of the program",
        "the text was compared with the allowed ones",
        "a text stands first where the function of that name takes a descriptor: it is the program's own",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="char line[100];\nread(client, line, sizeof line - 1);\nsyslog(LOG_INFO, line);\n",
            good='char line[100];\nread(client, line, sizeof line - 1);\nsyslog(LOG_INFO, "%s", line);\n',
        ),
    ),
    check=check,
    follows_data=True,
)
