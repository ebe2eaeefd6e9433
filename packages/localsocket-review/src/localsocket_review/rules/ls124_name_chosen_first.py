"""LS124: a name is chosen because it is free, and bound later, when it need not be."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.effects import Effect
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.texts import Hole
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.expressions import Call
from localsocket_review.model.unit import Language
from localsocket_review.rules.ls105_shared_directory import is_in_shared_directory
from localsocket_review.rules.rule import Example, Rule

_CHOOSING = frozenset({"mktemp", "tempnam", "tmpnam", "tmpnam_r", "unique_path"})
# What makes a file, which has to be removed before bind: then the name is free again, for others too.
_MAKING = frozenset({"mkstemp", "mkstemps", "mkostemp", "mkostemps"})
_IN_PLACE = frozenset({"mktemp", "tmpnam", "tmpnam_r"}) | _MAKING  # which write the name to what they are given, in C


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.BIND):
        chosen = _chosen(facts, site)
        if chosen is None or _is_put_elsewhere(facts, chosen, site):
            continue
        if not facts.transports.is_network_site(site) and not _is_secluded(facts, site):
            message = (
                f"What {chosen.called_name}() made has to be removed before bind, and then any user can take the name."
                if chosen.called_name in _MAKING
                else f"{chosen.called_name}() only tells that a name was free; until bind, any user can take it first, "
                "and work it out."
            )
            yield RULE.finding(site.place, message, [(chosen.place, "chosen here"), (site.place, "bound here")])


def _is_put_elsewhere(facts: Facts, chosen: Call, site: Site) -> bool:
    """Say whether Python's mktemp is told a directory which nothing shows to be everybody's."""
    if site.function.unit.language is not Language.PYTHON:
        return False
    directory = chosen.keywords.get("dir") or next(iter(chosen.arguments[2:3]), None)
    maker = next((one for one in facts.program.functions if any(call is chosen for call in one.calls())), None)
    if directory is None or maker is None:
        return False
    return not any(map(is_in_shared_directory, facts.values.endpoint(directory, maker)))


def _is_secluded(facts: Facts, site: Site) -> bool:
    return facts.seclusion.is_secluded(site.function, Effect(site, site.call))


def _chosen(facts: Facts, site: Site) -> Call | None:
    """Return the call that chose the name: the path is what it gave, or what it wrote to."""
    endpoint = site.argument("endpoint")
    if endpoint is None:
        return None
    texts = facts.values.endpoint(endpoint, site.function)
    made = [part.origin for text in texts for part in text.parts if isinstance(part, Hole)]
    made += [one.expression for one in facts.origins.of(endpoint, site.function)]
    for one in made:
        if isinstance(one, Call) and one.called_name in _CHOOSING:
            return one
    if site.function.unit.language is not Language.CPP:
        return None
    for call in site.function.calls():
        if call.called_name in _IN_PLACE and call.arguments and facts.flow(site.function).dominates(call, site.call):
            written = facts.values.texts(call.arguments[0], site.function)
            if texts & written:
                return call
    return None


RULE = Rule(
    id="LS124",
    title="name chosen first and bound later",
    severity=Severity.MEDIUM,
    cwe="CWE-377",
    why=(
        "mktemp, tempnam and tmpnam look for a name that nobody has, and give it back; their manual pages warn of it. "
        "Until bind, another user can take the name, which is easily worked out, and is the server for whoever "
        "connects; or bind fails, and the program with it."
    ),
    repair="make a directory by mkdtemp, which is yours alone, and bind any name in it",
    unless=("the name lies in a directory that mkdtemp made, or in one of the program's own",),
    examples=(
        Example(
            Language.PYTHON,
            bad="server.bind(tempfile.mktemp())\n",
            good='server.bind(os.path.join(tempfile.mkdtemp(), "control"))\n',
        ),
        Example(
            Language.CPP,
            bad="strcpy(address.sun_path, tempnam(NULL, NULL));\nbind(fd, (struct sockaddr *)&address, size);\n",
            good=(
                "if (!mkdtemp(directory))\n    return -1;\n"
                'snprintf(address.sun_path, size, "%s/control", directory);\n'
                "bind(fd, (struct sockaddr *)&address, sizeof address);\n"
            ),
        ),
    ),
    check=check,
)
