"""Where things stand, what changes them, and how many there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.claims.statements.asked import names_in, quoted
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Assignment, Unary
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign


def _stands_in(matched: Matched, code: Code) -> Truth | None:
    """X is defined in a file, or in a class."""
    mention, home = matched.name("X"), matched.name("Y")
    found = [one for one in code.resolve(mention) if one.sort not in (Sort.OUTSIDE, Sort.FILE)]
    if not found or not code.resolve(home):
        return None
    verb = matched.words.get("D", "").lower()
    places = [place for one in found for place in _places_of(one, verb)]
    if home.is_file:
        inside = [one for one in places if PurePath(one.file).name == home.name]
    else:
        inside = [one.place for one in found if code.is_inside(one, home.name)]
    shown = [quoted(one, code) for one in (inside or places)]
    if inside:
        return true(f"{mention.text} is there.", *shown)
    return false(f"{mention.text} is elsewhere.", *shown)


def _places_of(entity: Entity, verb: str) -> list[Place]:
    declared = entity.found.declared_at if isinstance(entity.found, FunctionInfo) else None
    if declared is not None and verb.startswith(("declare",)):
        return [declared]
    if declared is not None and not verb.startswith(("define", "implement")):
        return [declared, entity.place]
    return [entity.place]


def _on_line(matched: Matched, code: Code) -> Truth | None:
    """X is defined, or called, on line N."""
    mention, number = matched.name("X"), number_of(matched.words["N"])
    verb = matched.words.get("D", "").lower()
    declared = [one.place for one in code.resolve(mention) if one.sort not in (Sort.OUTSIDE, Sort.FILE)]
    declared += [
        one.found.declared_at
        for one in code.resolve(mention)
        if isinstance(one.found, FunctionInfo) and one.found.declared_at
    ]
    used = list(code.occurrences(mention.name))
    places = declared if verb.startswith(("defin", "declar", "implement", "start", "begin", "initial")) else used
    if not places or number is None:
        return None
    files = [one.name for one in matched.scopes if one.is_file]
    here = [one for one in places if one.line == number and (not files or PurePath(one.file).name in files)]
    if here:
        return true(f"{mention.text} is on line {here[0].line}.", quoted(here[0], code))
    lines = ", ".join(str(one.line) for one in places[:5])
    return false(
        f"{mention.text} is on line {lines}, and not on line {number:g}.", *(quoted(one, code) for one in places[:5])
    )


_DEFINED = r"(?P<D>defined|declared|implemented|located|introduced|called|used|initiali[sz]ed|found|created)"


def _is_there(matched: Matched, code: Code) -> Truth | None:
    """X is defined, assigned, counted: of what the files have, that is nothing to doubt."""
    found = [code.resolve(one) for one in matched.names["X"]]
    own = [[one for one in entities if one.sort not in (Sort.OUTSIDE, Sort.FILE)] for entities in found]
    if not all(own):
        return None
    if "initiali" in matched.wording.core and not all(_is_given_a_value(one.name, code) for one in matched.names["X"]):
        return None
    return true("It is there.", *(quoted(entities[0].place, code) for entities in own))


def _is_given_a_value(name: str, code: Code) -> bool:
    """Say whether a name is followed by what it is given, as it is written: `count = 0`, `m_count(0)`."""
    return any(re.search(rf"\b{re.escape(name)}\s*(?:=(?!=)|\(|\{{)", unit.code) for unit in code.program.units)


def _is_changed_in(matched: Matched, code: Code) -> Truth | None:
    """S changes X: assigns it, counts it, or changes an element of it."""
    functions = subject_functions(matched, code)
    name = matched.name("X").name
    if functions is None or "S" not in matched.names or name not in code.names:
        return None
    places = [place for one in functions for place in _changes(name, one)]
    if places:
        return true(f"{name} is changed there.", *(quoted(one, code) for one in places))
    return None


def _changes(name: str, function: FunctionInfo) -> Iterator[Place]:
    for statement in function.statements():
        if isinstance(statement, Assign) and name in names_in(statement.target):
            yield statement.place
    for expression in function.expressions():
        if (isinstance(expression, Assignment) and name in names_in(expression.target)) or (
            isinstance(expression, Unary)
            and expression.operator in ("++", "--")
            and name in names_in(expression.operand)
        ):
            yield expression.place


def counted_things(word: str, homes: list[str], code: Code) -> list[Entity]:
    """Return what is counted, in these classes and files or in all."""
    if word.startswith("class"):
        found = [one for one in code.of_sort(Sort.CLASS) if one.owner is not None and one.owner.body is not None]
    elif word in ("members", "member", "member variable", "member variables"):
        found = code.of_sort(Sort.MEMBER)
    elif word.startswith("macro"):
        found = code.of_sort(Sort.MACRO)
    else:
        found = [
            one for one in code.of_sort(Sort.FUNCTION) if one.function is not None and _is_counted(word, one.function)
        ]
    inside = [one for one in found if any(code.is_inside(one, name) for name in homes)]
    return sorted(inside if homes else found, key=lambda one: one.place)


def _is_counted(word: str, function: FunctionInfo) -> bool:
    if word.startswith("constructor"):
        return function.is_constructor
    if word.startswith("slot"):
        return function.section.endswith("slots")
    if word.startswith("signal"):
        return function.section == "signals"
    if word.startswith(("method", "member function")):
        return function.kind is FunctionKind.METHOD
    return function.kind in (FunctionKind.FUNCTION, FunctionKind.METHOD)


_COUNTED = (
    r"(?P<C>class(?:es)?|functions?|methods?|member functions?|members?|member variables?|"
    r"constructors?|macros?|slots?|signals?|parameters?)"
)


def _how_many(matched: Matched, code: Code) -> Truth | None:
    number = 0.0 if matched.words["N"].lower() == "no" else number_of(matched.words["N"])
    word = matched.words["C"].lower()
    homes = [*matched.names.get("S", ()), *matched.scopes]
    if number is None or any(not code.resolve(one) for one in homes):
        return None
    found = counted_things(word, [one.name for one in homes], code)
    reason = f"There {'is' if len(found) == 1 else 'are'} {len(found)}, in {code.extent}."
    shown = [quoted(one.place, code) for one in found]
    named = [matched.wording.named(one) for one in re.findall(r"<(\d+)>", matched.words.get("rest", ""))]
    listed = [one for one in named if one not in homes]
    if any(one.name not in {thing.name for thing in found} for one in listed):
        return unknown(reason, *shown)
    return true(reason, *shown) if len(found) == number else false(reason, *shown)


PLACES = (
    StatementKind(
        "is changed in",
        "which function changes a variable",
        "`stop()` sets `running`.",
        _is_changed_in,
        (
            (
                r"{X} (?:is|are) (?:modified|changed|set|assigned|written|updated|incremented|reset|cleared)(?: "
                r"to)? (?:by|in|inside) {S}"
            ),
            r"{S} (?:modifies|changes|sets|assigns|writes|updates|increments|resets) {X}",
        ),
    ),
    StatementKind(
        "how many there are",
        "how many classes, functions or members there are",
        "Three classes are declared in this file.",
        _how_many,
        (
            (
                rf"(?:there (?:is|are)|{{S}} (?:has|have|defines?|contains?|declares?|consists of)|the \w+ (?:has|"
                r"defines|contains|declares)) (?:exactly |only )?(?P<N>no|\d+|one|two|three|four|five|six|seven|"
                rf"eight|nine|ten|eleven|twelve) {_COUNTED}(?= in|$|,)"
            ),
            (
                r"(?:exactly |only )?(?P<N>no|\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve) "
                rf"{_COUNTED} (?:is|are) (?:declared|defined|there)"
            ),
        ),
        takes_rest=True,
    ),
    StatementKind(
        "is there",
        "whether something is defined in the code",
        "`stop()` is defined.",
        _is_there,
        (
            (
                r"{XS}(?: (?:in|of) {Z})? {BE} (?:only |merely )?(?:defined|counted|initiali[sz]ed|declared|"
                r"assigned|incremented|counted up|increased|"
                r"updated|written|set|stored|present|there)$"
            ),
        ),
    ),
    StatementKind(
        "on a line",
        "on which line something stands",
        "`counter` is declared on line 11.",
        _on_line,
        (rf"{{X}} {{BE}} {_DEFINED} (?:on|in|at) line {{N}}", r"{X} (?:starts|begins|is) (?:on|in|at) line {N}"),
    ),
    StatementKind(
        "stands in",
        "in which file or class something is defined",
        "`drain()` is defined in `logsink.h`.",
        _stands_in,
        (
            r"{X} {BE} (?P<D>defined|declared|implemented|located|introduced|found) (?:in|inside|within|by) {Y}",
            r"{X} (?:lives|stands|is|resides) in (?:the file )?{Y}",
        ),
    ),
)
