"""LS111: a path is copied into `sun_path` with no regard to its length."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.expressions import Attribute, Call, Expression, Name, strip_casts, walk
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_ROOM = 104  # of the smallest sun_path, that of the BSDs; Linux has 108
_UNLIMITED = frozenset({"strcpy", "stpcpy", "strcat", "sprintf", "vsprintf", "qstrcpy"})
_LIMITED = frozenset({"memcpy", "memmove", "strncpy", "strncat", "copy_n", "copy"})
_NUMBERS_ONLY = re.compile(r"(?:[^%]|%%|%[-+ #0]*\d*(?:hh?|ll?|z|j|t)?[diuxXoc])*")
_MEASURES = frozenset({"strlen", "size", "length", "strnlen"})


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.COPY_TEXT):
        buffer = site.argument("buffer")
        if buffer is None or not _is_sun_path(facts, buffer, site) or not _copies_all(facts, site):
            continue
        if _fits(facts, site) or _is_measured(facts, site):
            continue
        message = f"{site.api.method}() copies a path of any length into sun_path, which has room for 107 bytes."
        yield RULE.finding(site.place, message, [(site.place, "copied here")])


def _is_sun_path(facts: Facts, buffer: Expression, site: Site) -> bool:
    """Say whether it is the path of an address, or points into it."""
    variable = facts.names.variable(buffer, site.function)
    if variable is not None and variable.path.endswith("sun_path"):
        return True
    if any(isinstance(part, Attribute) and part.name == "sun_path" for part in walk(buffer)):
        return True
    made = (strip_casts(origin.expression) for origin in facts.origins.of(buffer, site.function))
    return any(isinstance(one, Attribute) and one.name == "sun_path" for one in made)


def _copies_all(facts: Facts, site: Site) -> bool:
    """Say whether the source alone decides how much is copied."""
    if site.api.method in _UNLIMITED or site.api.name == "std.copy":
        return True
    limit = site.argument("size") if site.api.method in _LIMITED else None
    if limit is None:
        return False
    named = [part for part in walk(limit) if isinstance(part, (Name, Attribute))]
    origins = [origin.expression for one in named for origin in facts.origins.of(one, site.function)]
    measured = [limit, *origins]
    parts = [part for one in measured for part in walk(one)]
    return any(isinstance(part, Call) and part.called_name in _MEASURES for part in parts) and not any(
        isinstance(part, Call) and part.called_name in ("min", "sizeof", "qMin") for part in parts
    )


def _fits(facts: Facts, site: Site) -> bool:
    """Say whether every text that may be copied is known and short enough."""
    source = site.argument("source")
    if source is None:
        return False
    texts = facts.values.texts(source, site.function)
    if site.api.method == "sprintf":
        return all(text.literal is not None and _NUMBERS_ONLY.fullmatch(text.literal) for text in texts)
    return bool(texts) and all(text.literal is not None and len(text.literal.encode()) < _ROOM for text in texts)


def _is_measured(facts: Facts, site: Site) -> bool:
    """Say whether a comparison of a length stands before the copy."""
    for guard in facts.flow(site.function).guards(site.call):
        for part in walk(guard.test):
            if isinstance(part, Call) and part.called_name in _MEASURES:
                return True
            if isinstance(part, (Name, Attribute)) and _holds_length(facts, part, site):
                return True
    return False


def _holds_length(facts: Facts, expression: Expression, site: Site) -> bool:
    for origin in facts.origins.of(expression, site.function):
        for part in walk(origin.expression):
            if isinstance(part, Call) and part.called_name in _MEASURES:
                return True
    return False


RULE = Rule(
    id="LS111",
    title="path copied into sun_path without its length",
    severity=Severity.HIGH,
    cwe="CWE-120",
    why=(
        "sun_path has 108 bytes on Linux and 104 on the BSDs. A longer path, from a setting, an environment variable "
        "or a deep home directory, is written over what stands behind it in memory."
    ),
    repair="refuse a path with strlen(path) >= sizeof address.sun_path, and only then copy it",
    unless=("the length is compared before", "the text is a constant that fits"),
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
