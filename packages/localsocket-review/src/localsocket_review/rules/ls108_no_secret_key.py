"""LS108: a multiprocessing Listener, Client or manager without a key, or with one that is written in the code."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.keys import gives_key, key_of
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Expression
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.LISTEN | Act.CONNECT):
        if gives_key(site):
            yield from _of_call(facts, site)
    for function in facts.functions(Language.PYTHON):
        for statement in function.statements():
            match statement:
                case Assign(target=Attribute(name="authkey"), value=Expression() as key):
                    yield from _constant(facts, key, function)


def _of_call(facts: Facts, site: Site) -> Iterator[Finding]:
    key, address = key_of(site), site.argument("endpoint")
    if address is None or facts.transports.is_address_of_network(address, site.function):
        return
    if key is not None and not facts.keys.is_absent(key, site.function):
        yield from _constant(facts, key, site.function)
    elif not site.api.act & Act.UNPICKLE and "**" not in site.call.keywords:  # a manager makes itself a key
        message = (
            f"{site.api.method} has no authkey: whoever reaches the address is let in and can pose as the other end."
        )
        yield RULE.finding(site.place, message, [(site.place, "without authkey")])


def _constant(facts: Facts, key: Expression, function: FunctionInfo) -> Iterator[Finding]:
    place = facts.keys.constant(key, function)
    if place is not None:
        message = "The key is written in the code: whoever can read the program has it."
        yield RULE.finding(key.place, message, [(place, "written here"), (key.place, "used here")], cwe="CWE-798")
        return
    place = facts.keys.guessable(key, function)
    if place is not None:
        message = "Every user of this machine can work out the key: it is made of a name or number that all know."
        yield RULE.finding(key.place, message, [(place, "made here"), (key.place, "used here")], cwe="CWE-330")


RULE = Rule(
    id="LS108",
    title="no key, or one that is not secret",
    severity=Severity.HIGH,
    cwe="CWE-306",
    why=(
        "The key is all that multiprocessing checks of the other end. Without one, or with one that is written in "
        "the program, everybody who reaches the address is a peer, and their pickles are run."
    ),
    repair="make the key with secrets.token_bytes(32) and pass it on in a file of mode 0600 or by an open descriptor",
    unless=(
        "the key is random, or read from outside the program, and not only made of a user's name or number",
        "no address is given: it is then one in a private directory",
        "a manager without a key, which makes itself one",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad='listener = Listener(path, authkey=b"secret")\n',
            good="listener = Listener(path, authkey=pathlib.Path(key_file).read_bytes())\n",
        ),
    ),
    check=check,
)
