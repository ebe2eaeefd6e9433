"""LS104: a name in Linux' abstract namespace, and nobody asks who connects."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.keys import gives_key, key_of
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.expressions import Call, Literal, Unary
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule


def check(facts: Facts) -> Iterator[Finding]:
    named = [site for site in facts.calls.sites(Act.BIND | Act.CONNECT | Act.CHMOD) if facts.access.is_abstract(site)]
    serving = {site.function.unit for site in named if not site.api.act & Act.CONNECT}
    found = [site for site in named if not _is_checked(facts, site) and not _is_for_paths(facts, site)]
    servers = [site for site in found if not site.api.act & Act.CONNECT]
    clients = [site for site in found if site.api.act & Act.CONNECT and site.function.unit not in serving]
    for site in servers:
        message = (
            "An abstract name has no permissions: every user of this machine may connect, and nothing checks who does."
        )
        yield RULE.finding(site.place, message, [(site.place, "taken here")])
    for site in clients:
        message = "An abstract name belongs to whoever takes it first, and nothing checks who answers."
        yield RULE.finding(
            site.place, message, [(site.place, "connected to here")], severity=Severity.LOW, cwe="CWE-668"
        )


def _is_checked(facts: Facts, site: Site) -> bool:
    if site.api.name.startswith("localsocket."):
        return True  # checks its peers by itself
    if gives_key(site) and facts.keys.is_secret(key_of(site), site.function):
        return True
    if facts.access.asks_for_credentials(site.function.unit):
        return True
    if site.function.unit.language is not Language.CPP or site.api.act & Act.CONNECT:
        return False
    # In C, the file that makes the server is often another one of the program than that which accepts and asks.
    accepting = {one.function.unit for one in facts.calls.sites(Act.ACCEPT)}
    program = facts.neighbours.of(site.function.unit)
    return any(unit in accepting and facts.access.asks_for_credentials(unit) for unit in program)


def _is_for_paths(facts: Facts, site: Site) -> bool:
    """Say whether this is run for names alone that do not begin with a zero byte: `if not name.startswith("\\0")`."""
    for guard in facts.flow(site.function).guards(site.call):
        test, holds = guard.test, guard.holds
        while isinstance(test, Unary) and test.operator == "not":
            test, holds = test.operand, not holds
        match test:
            case Call(called_name="startswith", arguments=(Literal(value=str() | bytes() as text), *_)):
                if text[:1] in ("\0", b"\0") and not holds:
                    return True
    return False


RULE = Rule(
    id="LS104",
    title="abstract name without a check of credentials",
    severity=Severity.MEDIUM,
    cwe="CWE-306",
    why=(
        "Names in the abstract namespace are not files: no mode and no directory keeps anybody out, not even "
        "programs in containers that share the network. Only the peer's uid, which the system gives, shows who "
        "connects."
    ),
    repair="use a path in a private directory, or compare the uid of SO_PEERCRED before you read or send",
    unless=(
        "the program asks who the peer is",
        "the peers prove that they have a key",
        "that part of the code is for names that do not begin with a zero byte",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad='server.bind("\\0editor")\n',
            good='server.bind(os.path.join(os.environ["XDG_RUNTIME_DIR"], "editor"))\n',
        ),
        Example(
            Language.CPP,
            bad="server.setSocketOptions(QLocalServer::AbstractNamespaceOption);\n",
            good="server.setSocketOptions(QLocalServer::UserAccessOption);\n",
        ),
    ),
    check=check,
)
