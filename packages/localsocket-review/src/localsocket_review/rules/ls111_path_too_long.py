"""LS111: a path is copied into `sun_path` with no regard to its length."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Conditional,
    Expression,
    Literal,
    Name,
    Subscript,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Assign, Branch, Statement
from localsocket_review.model.unit import Language
from localsocket_review.rules.cut_paths import cut_paths
from localsocket_review.rules.rule import Example, Rule
from localsocket_review.rules.sun_paths import fits, is_measured, is_sun_path, measures

_UNLIMITED = frozenset({"strcpy", "stpcpy", "strcat", "sprintf", "vsprintf", "qstrcpy"})
_LIMITED = frozenset({"memcpy", "memmove", "strncpy", "strncat", "copy_n", "copy"})
_REFUSE = "refuse a path with strlen(path) >= sizeof address.sun_path, and say so"
_END = "refuse a path with strlen(path) >= sizeof address.sun_path, or copy one byte less into a zeroed address"
_LENGTH = "pass offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name) as the size, on both sides"
# What takes two lengths and gives the greater one, or what is no bound at all.
_GREATER = re.compile(r"max|larg|great|big|most|sum|add|plus", re.IGNORECASE)
_LESSER = re.compile(r"(?:^|_|[a-z])min|^u?min|clamp|limit|smaller|least", re.IGNORECASE)
_MAKING_ROOM = re.compile(r"alloc|resize|reserve|set_?size|grow|new", re.IGNORECASE)
_COPYING = frozenset({"memcpy", "memmove", "strncpy", "strncat", "copy_n", "copy", "memset"})


def check(facts: Facts) -> Iterator[Finding]:
    told = set()
    for finding in _overflowing(facts):
        told.add(finding.place)
        yield finding
    for call, _ in cut_paths(facts):
        if call.place not in told:
            message = "A path that is too long is cut off here: another name is used, and nothing reports it."
            yield RULE.finding(
                call.place,
                message,
                [(call.place, "cut off here")],
                severity=Severity.LOW,
                repair=_REFUSE,
                cwe="CWE-222",
            )


def _overflowing(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.COPY_TEXT):
        buffer = site.argument("buffer")
        if buffer is None or not is_sun_path(facts, buffer, site.function):
            continue
        if _fills_to_the_end(facts, buffer, site):
            message = "A path of 108 bytes fills sun_path without a final zero: whoever reads it reads on past its end."
            yield RULE.finding(
                site.place, message, [(site.place, "copied here")], severity=Severity.LOW, repair=_END, cwe="CWE-170"
            )
        if not _copies_all(facts, site):
            continue
        if fits(facts, site) or is_measured(facts, site.call, site.function) or _has_room_made(facts, site):
            continue
        message = f"{site.api.method}() copies a path of any length into sun_path, which has room for 107 bytes."
        yield RULE.finding(site.place, message, [(site.place, "copied here")])
    yield from _names_all_the_room(facts)


def _names_all_the_room(facts: Facts) -> Iterator[Finding]:
    """`bind(fd, address, sizeof address)`: all that is behind the name belongs to it."""
    for site in facts.calls.sites(Act.BIND | Act.CONNECT):
        arguments = site.call.arguments
        size = arguments[2] if site.api.name in ("bind", "connect") and len(arguments) == 3 else None
        if size is not None and _is_whole_address(facts, size, site) and facts.access.is_abstract(site):
            message = (
                "This abstract name includes zeros up to the 108th byte: the size given is that of the whole address."
            )
            yield RULE.finding(
                size.place, message, [(site.place, "used here")], severity=Severity.LOW, repair=_LENGTH, cwe="CWE-130"
            )


def _is_whole_address(facts: Facts, size: Expression, site: Site) -> bool:
    made = [size, *(origin.expression for origin in facts.origins.of(size, site.function))]
    kinds = {isinstance(one, Call) and one.called_name == "sizeof" for one in map(strip_casts, made[1:] or made)}
    return kinds == {True}


def _fills_to_the_end(facts: Facts, buffer: Expression, site: Site) -> bool:
    """Say whether strncpy() may leave no zero byte: it is given all the room, and nothing ends the text afterwards."""
    size = site.argument("size")
    if site.api.method != "strncpy" or not isinstance(size, Call) or size.called_name != "sizeof":
        return False
    if not any(isinstance(part, Attribute) and part.name == "sun_path" for part in walk(size)):
        return False
    if (
        not isinstance(strip_casts(buffer), Attribute)
        or fits(facts, site)
        or is_measured(facts, site.call, site.function)
    ):
        return False
    return not any(
        isinstance(one, Assign)
        and isinstance(one.target, Subscript)
        and any(isinstance(part, Attribute) and part.name == "sun_path" for part in walk(one.target))
        for one in site.function.statements()
    )


def _has_room_made(facts: Facts, site: Site) -> bool:
    """Say whether the address was allocated, or told its size, with the length that is copied."""
    limit = site.argument("size") if site.api.method in _LIMITED else None
    variable = facts.names.variable(limit, site.function) if limit is not None else None
    if variable is None:
        return False
    for call in site.function.calls():
        if _MAKING_ROOM.search(call.called_name) and facts.flow(site.function).dominates(call, site.call):
            parts = (part for argument in call.arguments for part in walk(argument))
            if any(_is_variable(facts, part, variable, site) for part in parts):
                return True
    return False


def _copies_all(facts: Facts, site: Site) -> bool:
    """Say whether the source alone decides how much is copied."""
    if site.api.method in _UNLIMITED or site.api.name == "std.copy":
        return True
    limit = site.argument("size") if site.api.method in _LIMITED else None
    if limit is None:
        return False
    named = [part for part in walk(limit) if isinstance(part, (Name, Attribute))]
    origins = [origin.expression for one in named for origin in facts.origins.of(one, site.function)]
    given = [one.value for name in named for one in facts.definitions.at(name, site.function) if one.value is not None]
    measured = [limit, *origins, *given]
    parts = [part for one in measured for part in walk(one)]
    is_measured = any(map(measures, parts))
    return is_measured and not any(map(_bounds, parts)) and not any(_is_capped(facts, one, site) for one in named)


def _bounds(part: Expression) -> bool:
    """Say whether this keeps a length below something else: `min(…)`, a macro of that kind, a choice by comparing."""
    match part:
        case Call(called_name="sizeof" | "strnlen"):
            return True
        case Call(arguments=(_, _, *_) as arguments) if not _GREATER.search(part.called_name):
            kinds = [any(map(measures, walk(argument))) for argument in arguments]
            if _LESSER.search(part.called_name):  # of a length that was measured before
                kinds += [not isinstance(strip_casts(argument), Literal) for argument in arguments]
            return part.called_name not in _COPYING and any(kinds) and not all(kinds)
        case Conditional(test=Binary(operator="<" | "<=" | ">" | ">=" as operator, left=left, right=right), then=then):
            wanted = left if operator in ("<", "<=") else right
            return _same_words(wanted, then) and not _same_words(left, right)
    return False


def _same_words(one: Expression, other: Expression) -> bool:
    """Say whether two expressions are written alike: `strlen(path)` twice."""
    shapes = [
        [
            (type(part), dotted(part), getattr(part, "value", None) if isinstance(part, Literal) else None)
            for part in walk(strip_casts(side))
        ]
        for side in (one, other)
    ]
    return shapes[0] == shapes[1]


def _is_capped(facts: Facts, length: Expression, site: Site) -> bool:
    """Say whether `if (length > room) length = room;` stands before."""
    variable = facts.names.variable(length, site.function)
    if variable is None:
        return False
    for statement in site.function.statements():
        if not isinstance(statement, Branch) or not isinstance(statement.test, Binary):
            continue
        if not any(_is_variable(facts, part, variable, site) for part in walk(statement.test)):
            continue
        if any(_cuts(facts, inner, variable, site) for inner in statement.then):
            return facts.flow(site.function).may_follow(statement.test, site.call)
    return False


def _cuts(facts: Facts, statement: Statement, variable: Variable, site: Site) -> bool:
    """Say whether this gives the length another value, which is not a length of a text."""
    if not isinstance(statement, Assign) or statement.operator != "=" or statement.value is None:
        return False
    return _is_variable(facts, statement.target, variable, site) and not any(map(measures, walk(statement.value)))


def _is_variable(facts: Facts, expression: Expression, variable: Variable, site: Site) -> bool:
    is_named = isinstance(expression, Name | Attribute)
    return is_named and facts.names.variable(expression, site.function) == variable


RULE = Rule(
    id="LS111",
    title="path copied into sun_path without its length",
    severity=Severity.HIGH,
    cwe="CWE-120",
    why=(
        "sun_path has 108 bytes on Linux and 104 on the BSDs. A longer path, from a setting, an environment variable "
        "or a deep home directory, overwrites what is behind it in memory. Where it is cut off instead, the "
        "server and its clients meet at another name, or miss each other."
    ),
    repair="refuse a path with strlen(path) >= sizeof address.sun_path, and only then copy it",
    unless=(
        "the length is compared before, also by a macro that every build keeps: `ASSERT_DIE(strlen(path) < room)`",
        "the size is cut by min(), by a macro or a choice of that kind, or by an if",
        "the text is a constant that fits, or comes from the build",
        "the address was allocated as long as the path is",
        "the path that is cut off comes neither from the environment nor from the command line, and "
        "no check found it too long",
        "(of a path that is cut off) the result of snprintf() or strlcpy() is compared, or what was copied is",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="strcpy(address.sun_path, path);\n",
            good=(
                "if (strlen(path) >= sizeof address.sun_path)\n"
                "    return ENAMETOOLONG;\n"
                "strcpy(address.sun_path, path);\n"
            ),
        ),
    ),
    check=check,
)
