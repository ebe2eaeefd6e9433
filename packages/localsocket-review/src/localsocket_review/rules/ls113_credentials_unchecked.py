"""LS113: the system is asked who the peer is, and nobody looks whether it answered."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.expressions import Assignment, Attribute, Call, Cast, Expression, Name, strip_casts, walk
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign, Branch, Evaluate
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.credentials.questions:
        if site.function.unit.language is not Language.CPP:
            continue
        if _is_dropped(site):
            message = f"{site.api.method}() may fail, and then the credentials are whatever the variable held before."
            yield RULE.finding(site.place, message, [(site.place, "the result is dropped here")])
        elif (used := _used_before_test(facts, site)) is not None:
            message = f"The credentials are used before the result of {site.api.method}() is checked."
            yield RULE.finding(site.place, message, [(site.place, "asked here"), (used, "used here")])
        elif (used := _used_after_failure(facts, site)) is not None:
            message = f"If {site.api.method}() fails, that is only logged, and the credentials are used all the same."
            yield RULE.finding(site.place, message, [(site.place, "asked here"), (used, "used here")])


def _is_dropped(site: Site) -> bool:
    """Say whether the result goes nowhere, or into a variable that nothing reads."""
    for statement in site.function.statements():
        if isinstance(statement, Evaluate) and _without_casts(statement.value) is site.call:
            return True
        if isinstance(statement, Assign) and statement.value is not None and strip_casts(statement.value) is site.call:
            return isinstance(statement.target, Name) and not any(_reads(site, statement.target))
    return False


def _used_before_test(facts: Facts, site: Site) -> Place | None:
    """Return where the credentials are read on a way that does not look at the result, which a variable holds."""
    holder = _holder(site)
    if holder is None:
        return None
    flow = facts.flow(site.function)
    reads = list(_reads(site, holder))
    uses = _uses(facts, site)
    return next((use.place for use in uses if not any(flow.dominates(one, use) for one in reads)), None)


def _used_after_failure(facts: Facts, site: Site) -> Place | None:
    """Return where the credentials are read although a condition has found that there are none: it only tells."""
    flow, holder = facts.flow(site.function), _holder(site)
    asked: list[Expression] = [site.call] if holder is None else list(_reads(site, holder))
    tests = [one for one in site.function.statements() if isinstance(one, Branch) and not one.otherwise]
    for branch in tests:
        if not any(one in asked for one in walk(branch.test)) or not _only_tells(facts, branch, site):
            continue
        for use in _uses(facts, site):
            is_guarded = any(one in asked for guard in flow.guards(use) for one in walk(guard.test))
            if flow.dominates(branch.test, use) and not is_guarded:
                return use.place
    return None


def _only_tells(facts: Facts, branch: Branch, site: Site) -> bool:
    """Say whether nothing but calls that come back is done in the branch."""
    return all(
        isinstance(one, Evaluate)
        and isinstance(one.value, Call)
        and not facts.endings.lets_go(one.value, site.function)
        and not facts.endings.may_end(one.value, site.function)
        for one in branch.then
    )


def _holder(site: Site) -> Name | None:
    """Return the variable that takes the result."""
    stored = [one for one in site.function.statements() if isinstance(one, Assign) and one.value is site.call]
    return stored[0].target if stored and isinstance(stored[0].target, Name) else None


def _uses(facts: Facts, site: Site) -> Iterator[Attribute]:
    """Yield the reads of the credentials that come after the question on every way."""
    function, held = site.function, site.argument("buffer")
    credentials = facts.names.variable(held, function) if held is not None else None
    for part in function.expressions() if credentials is not None else ():
        is_read = isinstance(part, Attribute) and facts.names.variable(part.value, function) == credentials
        if is_read and isinstance(part, Attribute) and facts.flow(function).dominates(site.call, part):
            yield part


def _without_casts(expression: Expression) -> Expression:
    while isinstance(expression, (Cast, Assignment)):
        expression = expression.value
    return expression


def _reads(site: Site, target: Name) -> Iterator[Name]:
    for statement in site.function.statements():
        for root in statement.expressions():
            written = statement.target if isinstance(statement, Assign) else None
            for part in walk(root):
                if isinstance(part, Name) and part is not written and part.identifier == target.identifier:
                    yield part


RULE = Rule(
    id="LS113",
    title="result of asking for credentials dropped",
    severity=Severity.MEDIUM,
    cwe="CWE-252",
    why=(
        "A peer that has gone, or a socket of another kind, has no credentials. A zeroed structure then names "
        "user 0, which is root."
    ),
    repair="refuse the peer when the call fails; with SO_PEERCRED, also when the process id is 0",
    unless=("the result is tested, and a failure refuses the peer", "another option of the socket is asked for"),
    examples=(
        Example(
            Language.CPP,
            bad="getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size);\n",
            good=(
                "if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 || credentials.pid == 0)\n"
                "    return refuse(fd);\n"
            ),
        ),
    ),
    check=check,
)
