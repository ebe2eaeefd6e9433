"""LS116: a Windows named pipe that remote clients reach, that another program may have made, or that all may open."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.expressions import Expression, Literal, dotted, strip_casts
from localsocket_review.model.program import last_word
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_REJECT_REMOTE, _FIRST_INSTANCE = 0x8, 0x80000


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.MAKE_PIPE):
        if "list" in site.api.roles:
            if _is_nothing(facts, site.argument("list"), site):
                message = "An empty access list lets every user, and every machine on the network, open the pipe."
                yield RULE.finding(site.place, message, [(site.place, "no list is given")], cwe="CWE-284")
            continue
        missing = list(_missing(facts, site))
        if missing:
            message = f"The named pipe {' and '.join(words for words, _ in missing)}."
            yield RULE.finding(site.place, message, [(site.place, f"made here: {note}") for _, note in missing])


def _missing(facts: Facts, site: Site) -> Iterator[tuple[str, str]]:
    """Yield what the pipe lacks, in words and as the program would say it."""
    if _lacks(facts, site, "pipe_mode", _REJECT_REMOTE):
        yield "can be opened from other machines", "no PIPE_REJECT_REMOTE_CLIENTS"
    if _lacks(facts, site, "open_mode", _FIRST_INSTANCE) and not _is_next(facts, site):
        yield "may be one that another program made", "no FILE_FLAG_FIRST_PIPE_INSTANCE"
    if "security" in site.api.roles and _is_nothing(facts, site.argument("security"), site):
        yield "has the default access list", "security attributes are NULL"


def _is_next(facts: Facts, site: Site) -> bool:
    """Say whether this makes one more instance of a pipe whose first one was made so that nobody came before."""
    for first in facts.calls.sites(Act.MAKE_PIPE):
        if first.call is site.call or first.function.unit is not site.function.unit or "list" in first.api.roles:
            continue
        bits = facts.access.bits(first.argument("open_mode"), first.function)
        if bits & _FIRST_INSTANCE and _is_same_pipe(facts, first, site) and _comes_before(facts, first, site):
            return True
    return False


def _is_same_pipe(facts: Facts, one: Site, other: Site) -> bool:
    """Say whether two calls name the same pipe: one text, one variable, or a member of one object."""
    name, name_of_other = one.argument("pipe"), other.argument("pipe")
    if name is None or name_of_other is None:
        return False
    texts = facts.values.texts(name, one.function)
    if texts & facts.values.texts(name_of_other, other.function):
        return True
    variable = facts.names.variable(strip_casts(name), one.function)
    return variable is not None and variable == facts.names.variable(strip_casts(name_of_other), other.function)


def _comes_before(facts: Facts, first: Site, site: Site) -> bool:
    """Say whether the first instance has been made on every way here, as far as one function shows."""
    return first.function is not site.function or facts.flow(site.function).dominates(first.call, site.call)


def _lacks(facts: Facts, site: Site, role: str, flag: int) -> bool:
    """Say whether the mode is known, at least in part, and has not the flag."""
    mode = site.argument(role)
    if mode is None:
        return False
    bits = facts.access.bits(mode, site.function)
    is_known = bits or facts.values.numbers(mode, site.function)
    return bool(is_known) and not bits & flag


def _is_nothing(facts: Facts, expression: Expression | None, site: Site) -> bool:
    """Say whether an argument is NULL, in the end."""
    if expression is None:
        return site.function.unit.language is Language.PYTHON and site.api.method != "SetSecurityDescriptorDacl"
    for origin in facts.origins.of(expression, site.function):
        made = strip_casts(origin.expression)
        if isinstance(made, Literal) and made.value in (None, 0):
            return True
        if last_word(dotted(made)) == "NULL":
            return True
    return False


RULE = Rule(
    id="LS116",
    title="named pipe open to the network, to squatters or to everyone",
    severity=Severity.MEDIUM,
    cwe="CWE-923",
    why=(
        "By default a pipe can be opened from other machines, another program may already have taken its name, and "
        "its access list lets every user read from it."
    ),
    repair="pass PIPE_REJECT_REMOTE_CLIENTS, FILE_FLAG_FIRST_PIPE_INSTANCE and an access list that names only the user",
    unless=("all three are given", "the first instance of the same pipe was made with FILE_FLAG_FIRST_PIPE_INSTANCE"),
    examples=(
        Example(
            Language.CPP,
            bad=("CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE, 1, 4096, 4096, 0, nullptr);\n"),
            good=(
                "CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE,\n"
                "                 PIPE_TYPE_MESSAGE | PIPE_REJECT_REMOTE_CLIENTS, 1, 4096, 4096, 0, &onlyThisUser);\n"
            ),
        ),
        Example(
            Language.PYTHON,
            bad=(
                "win32pipe.CreateNamedPipe(name, win32pipe.PIPE_ACCESS_DUPLEX, win32pipe.PIPE_TYPE_MESSAGE,\n"
                "                          1, 4096, 4096, 0, None)\n"
            ),
            good=(
                "win32pipe.CreateNamedPipe(name, win32pipe.PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE,\n"
                "                          win32pipe.PIPE_TYPE_MESSAGE | PIPE_REJECT_REMOTE_CLIENTS,\n"
                "                          1, 4096, 4096, 0, only_this_user)\n"
            ),
        ),
    ),
    check=check,
)
