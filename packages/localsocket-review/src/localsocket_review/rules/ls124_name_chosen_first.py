"""LS124: a name is chosen because it is free, and bound later, when it need not be."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.effects import Effect
from localsocket_review.analysis.facts import Facts
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.unit import Language
from localsocket_review.rules.chosen_names import ChosenName, chosen_name
from localsocket_review.rules.ls105_shared_directory import is_in_shared_directory
from localsocket_review.rules.rule import Example, Rule


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.BIND):
        chosen = chosen_name(facts, site)
        if chosen is None or _is_put_elsewhere(facts, chosen) or facts.transports.is_network_site(site):
            continue
        if not facts.seclusion.is_secluded(site.function, Effect(site, site.call), takes_names=True):
            evidence = [(chosen.call.place, "asked here" if chosen.is_asked else "chosen here")]
            yield RULE.finding(site.place, _message(chosen), [*evidence, (site.place, "bound here")])


def _is_put_elsewhere(facts: Facts, chosen: ChosenName) -> bool:
    """Say whether the name is made in a directory which nothing shows to be everybody's."""
    if chosen.directory is None:
        return False
    return not any(map(is_in_shared_directory, facts.values.endpoint(chosen.directory, chosen.function)))


def _message(chosen: ChosenName) -> str:
    name = chosen.by
    if chosen.is_asked:
        return f"{name}() only tells that the name was free then; until bind, any user can take it first."
    if chosen.is_file:
        return f"The file that {name} made has to be removed before bind, and then any user can take the name."
    return f"{name}() only tells that a name was free; until bind, any user can guess it and take it first."


RULE = Rule(
    id="LS124",
    title="name chosen first and bound later",
    severity=Severity.MEDIUM,
    cwe="CWE-377",
    why=(
        "mktemp, tempnam and tmpnam look for an unused name and return it; their manual pages warn against them. A "
        "loop that asks for a free name, and the name of a temporary file that is gone, are no "
        "better. Until bind, another user can take the name, which is easily guessed, and pose as "
        "the server; or bind fails, and the program with it."
    ),
    repair="make a directory with mkdtemp, which is yours alone, and bind any name in it",
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
