"""LS403: something is written down and used by nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.unused import Unused
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_SOME = 3  # how many names stand for many
_ONE = {"functions": "function", "parameters": "parameter", "variables": "variable", "members": "member"}
_ONE |= {"imports": "import", "includes": "include"}
_DEAD_STORE = "CWE-563"


def check(facts: Facts) -> Iterator[Finding]:
    for unit in facts.program.units:
        if not facts.subject.concerns(unit):
            continue
        groups: defaultdict[tuple[str, bool], list[Unused]] = defaultdict(list)
        for unused in facts.unused.of_unit(unit):
            groups[unused.kind, unused.is_certain].append(unused)
        for (kind, is_certain), found in groups.items():
            yield _finding(kind, is_certain, sorted(found, key=lambda one: one.place))


def _finding(kind: str, is_certain: bool, found: list[Unused]) -> Finding:
    listed = ", ".join(f"`{one.label}`" for one in found[:_SOME])
    more = f" and {len(found) - _SOME} more" if len(found) > _SOME else ""
    what = f"The {_ONE[kind]} {listed} is" if len(found) == 1 else f"{len(found)} {kind} are"
    names = "" if len(found) == 1 else f": {listed}{more}"
    evidence = [(one.place, f"`{one.label}`") for one in found]
    if is_certain:
        cwe = _DEAD_STORE if kind in ("variables", "members") else None
        return RULE.finding(found[0].place, f"{what} never used{names}.", evidence, cwe=cwe)
    message = f"{what} not used in the files given{names}."
    return RULE.finding(found[0].place, message, evidence, severity=Severity.NOTE, repair=_REPAIR_OF_PUBLIC)


_REPAIR_OF_PUBLIC = "remove it, unless other files use it"

RULE = Rule(
    id="LS403",
    title="unused function, member, variable, parameter or import",
    severity=Severity.LOW,
    cwe="CWE-561",
    why=(
        "Unused code is still read, compiled and maintained by everybody who changes the file, and it may be the "
        "rest of something that was meant to happen."
    ),
    repair="remove it",
    unless=(
        "a framework calls it: a virtual, an override, a protocol's callback, a handler's method, a test",
        "Qt finds it by its name: a slot on_object_signal, SLOT() text, Q_INVOKABLE, Q_PROPERTY",
        "it is decorated, a dunder name, in __all__, or an entry point",
        "a base class, a signal or whoever is handed the function dictates its parameters",
        "a public function may be used by files that were not given: a note only",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad='import json\nimport socket\n\ndef ask(sock, retries):\n    sock.sendall(b"?")\n',
            good='import socket\n\ndef ask(sock):\n    sock.sendall(b"?")\n',
        ),
        Example(
            Language.CPP,
            bad="static int retries(void) { return 3; }\nint ask(int fd) { return fd; }\n",
            good="int ask(int fd) { return fd; }\n",
        ),
    ),
    check=check,
)
