"""LS405: what the compiler could check, or one constant could say, is spelled out by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePath

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, Literal
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language, Unit
from localsocket_review.rules.rule import Example, Rule

_MANY = 3  # a number or two explain themselves by where they stand


def check(facts: Facts) -> Iterator[Finding]:
    for unit in facts.program.units:
        if facts.subject.concerns(unit):
            yield from _connected_by_text(unit)
            yield from _bare_timeouts(facts, unit)
    yield from _endpoints_twice(facts)


# --- SIGNAL() and SLOT() ------------------------------------------------------------------------------------------


def _connected_by_text(unit: Unit) -> Iterator[Finding]:
    places = [
        call.place
        for function in unit.every_function()
        for call in function.calls()
        if call.called_name == "connect" and any(_is_text(argument) for argument in call.arguments)
    ]
    if places:
        how_many = "A connection is" if len(places) == 1 else f"{len(places)} connections are"
        message = f"{how_many} made by the text of SIGNAL() and SLOT(), which only fails when the program runs."
        repair = "connect to the members themselves: `&QLocalSocket::readyRead`"
        if unit.language is Language.PYTHON:
            repair = "connect the signal itself: `socket.readyRead.connect(self.read)`"
        yield RULE.finding(places[0], message, [(place, "here") for place in places], repair=repair)


def _is_text(argument: Expression) -> bool:
    return isinstance(argument, Call) and argument.called_name in ("SIGNAL", "SLOT")


# --- time-outs ----------------------------------------------------------------------------------------------------


def _bare_timeouts(facts: Facts, unit: Unit) -> Iterator[Finding]:
    found = [
        (number, site.place)
        for function in unit.every_function()
        for call in function.calls()
        if (site := facts.calls.site(call, function)) is not None and (number := _bare_number(site)) is not None
    ]
    if len(found) < _MANY:
        return
    listed = ", ".join(f"{number:g}" for number in sorted({number for number, _ in found}))
    message = (
        f"{len(found)} time-outs are bare numbers, {listed}: nothing says what each is for or which belong together."
    )
    evidence = [(place, f"{number:g}") for number, place in found]
    yield RULE.finding(found[0][1], message, evidence, repair="give each time-out a name, once")


def _bare_number(site: Site) -> float | None:
    """Return the time-out that a call is given as a number without a name; 0 and -1 have a meaning of their own."""
    argument = site.argument("timeout")
    if argument in site.call.keywords.values():
        return None
    match argument:
        case Literal(value=int(number) | float(number)) if number > 0:
            return number
    return None


# --- endpoints ----------------------------------------------------------------------------------------------------


def _endpoints_twice(facts: Facts) -> Iterator[Finding]:
    served: defaultdict[str, list[tuple[Place, FunctionInfo]]] = defaultdict(list)
    for text, place, function in _written(facts, Act.BIND | Act.LISTEN):
        served[text].append((place, function))
    told: set[tuple[str, str]] = set()
    for text, place, function in _written(facts, Act.CONNECT):
        group = facts.neighbours.of(function.unit)
        near = [one for one in served[text] if one[1].unit in group]
        for other, server in near or (one for one in served[text] if _are_side_by_side(one[1].unit, function.unit)):
            if other != place and server is not function and (text, place.file) not in told:
                told.add((text, place.file))
                message = (
                    f"The name `{text}` is written in the server and again in the client: change one, "
                    "and they no longer meet."
                )
                evidence = [(other, "the server's"), (place, "the client's")]
                yield RULE.finding(place, message, evidence, repair="write the name once, as a constant for both")


def _written(facts: Facts, acts: Act) -> Iterator[tuple[str, Place, FunctionInfo]]:
    """Yield the names that stand in the text as a whole, and where."""
    for site in facts.calls.sites(acts):
        endpoint = site.argument("endpoint")
        if endpoint is None or facts.transports.is_network_site(site):
            continue
        for text in sorted(facts.values.endpoint(endpoint, site.function), key=str):
            name = text.literal or ""
            if name.strip("\0/") and text.place is not None:
                yield name, text.place, site.function


def _are_side_by_side(one: Unit, other: Unit) -> bool:
    return one.language is other.language and PurePath(one.path).parent == PurePath(other.path).parent


RULE = Rule(
    id="LS405",
    title="spelled out: SIGNAL() text, bare time-outs, a name written twice",
    severity=Severity.NOTE,
    cwe=None,
    why=(
        "A slot named by a string, a number without a name and a name written twice stay as they are when the rest "
        "changes, and only the running program shows it."
    ),
    repair="say it once, where the compiler or the reader can check it",
    unless=(
        "there are one or two time-outs in the file, or they are given by name as in `timeout=2`",
        "0 and -1 are no durations: they ask for no waiting, or waiting for ever",
        "server and client take the name from one constant",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad=(
                'def serve(server):\n    server.bind("editor.sock")\n\n'
                'def call(client):\n    client.connect("editor.sock")\n'
            ),
            good=(
                'NAME = "editor.sock"\n\ndef serve(server):\n    server.bind(NAME)\n\n'
                "def call(client):\n    client.connect(NAME)\n"
            ),
        ),
        Example(
            Language.CPP,
            bad="connect(socket, SIGNAL(readyRead()), this, SLOT(read()));\n",
            good="connect(socket, &QLocalSocket::readyRead, this, &Reader::read);\n",
        ),
    ),
    check=check,
)
