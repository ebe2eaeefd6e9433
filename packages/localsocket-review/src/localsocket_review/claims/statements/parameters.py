"""Which parameters a function has, and how it takes them."""

from __future__ import annotations

import re

from localsocket_review.claims.reviewed_code import Code, Sort
from localsocket_review.claims.statements.asked import entities_of, quoted
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true, unknown


def _parameters(matched: Matched, code: Code) -> Truth | None:
    functions = (
        [
            one.function
            for one in entities_of(matched.name("S"), code, (Sort.FUNCTION,))
            if "S" in matched.names and one.function is not None
        ]
        if "S" in matched.names
        else []
    )
    if not functions:
        return None
    function = functions[0]
    names = {one.name for other in functions for one in other.parameters}
    shown = quoted(function.declared_at or function.place, code)
    told = ", ".join(one.name for one in function.parameters) or "none"
    missing = [one for one in matched.names["X"] if one.name not in names]
    if len(missing) == len(matched.names["X"]):
        if any(code.resolve(one) for one in missing):
            return None
        return false(f"{function.name}() has no parameter {missing[0].name}; its parameters: {told}.", shown)
    if missing:
        return unknown(f"The parameters of {function.name}(): {told}.", shown)
    kind = matched.words.get("Q", "").lower()
    defaults = [one.default for other in functions for one in other.parameters if one.name == matched.name("X").name]
    if "required" in kind or "mandatory" in kind:
        return (
            false(f"{matched.name('X').name} has a default.", shown)
            if any(one is not None for one in defaults)
            else true("It has no default.", shown)
        )
    if "optional" in kind:
        return (
            true(f"{matched.name('X').name} has a default.", shown)
            if all(one is not None for one in defaults)
            else false("It has no default.", shown)
        )
    return true(f"The parameters of {function.name}(): {told}.", shown)


def _parameter_words(matched: Matched, code: Code) -> Truth | None:
    """F takes the path and the backlog."""
    if "S" not in matched.names:
        return None
    functions = [
        one.function for one in entities_of(matched.name("S"), code, (Sort.FUNCTION,)) if one.function is not None
    ]
    if len(functions) != 1:
        return None
    function = functions[0]
    names = [one.name for one in function.parameters]
    said = [
        word
        for word in re.findall(r"[a-z]+", matched.words["P"].lower())
        if word not in ("the", "a", "an", "and", "as", "its")
    ]
    shown = quoted(function.declared_at or function.place, code)
    if said == names or set(said) == set(names):
        return true(f"The parameters of {function.name}(): {', '.join(names)}.", shown)
    return None


def _is_required(matched: Matched, code: Code) -> Truth | None:
    """F must be given a parameter of which the words speak."""
    if "S" not in matched.names:
        return None
    functions = [
        one.function for one in entities_of(matched.name("S"), code, (Sort.FUNCTION,)) if one.function is not None
    ]
    words = set(matched.words["P"].lower().split())
    found = [one for other in functions for one in other.parameters if one.name.lower() in words]
    if len(functions) != 1 or len(found) != 1:
        return None
    shown = quoted(functions[0].declared_at or functions[0].place, code)
    if found[0].default is not None:
        return false(f"{found[0].name} has a default.", shown)
    return true(f"{found[0].name} has no default.", shown)


def _parameter_count(matched: Matched, code: Code) -> Truth | None:
    number = 0.0 if matched.words["N"].lower() == "no" else number_of(matched.words["N"])
    if "S" not in matched.names or number is None:
        return None
    functions = [
        one.function for one in entities_of(matched.name("S"), code, (Sort.FUNCTION,)) if one.function is not None
    ]
    if len(functions) != 1:
        return None
    count = len(functions[0].parameters)
    reason = f"{functions[0].name}() has {count or 'no'} parameter{'' if count == 1 else 's'}."
    shown = quoted(functions[0].declared_at or functions[0].place, code)
    if any(one.is_variadic for one in functions[0].parameters):
        return unknown(reason, shown)
    return true(reason, shown) if count == number else false(reason, shown)


def _passed_by(matched: Matched, code: Code) -> Truth | None:
    """F takes its one parameter by value, or by reference."""
    functions = (
        [one.function for one in entities_of(matched.name("S"), code, (Sort.FUNCTION,)) if one.function is not None]
        if "S" in matched.names
        else []
    )
    if len(functions) != 1 or len(functions[0].parameters) != 1 or functions[0].unit.assigning_declares:
        return None
    written = functions[0].parameters[0].type
    shown = quoted(functions[0].declared_at or functions[0].place, code)
    how = matched.words["HOW"].lower()
    has = {"value": "&" not in written and "*" not in written, "pointer": "*" in written}.get(how, "&" in written)
    if "const" in how:
        has = has and "const" in written
    reason = f"The parameter of {functions[0].name}() is {written}."
    return true(reason, shown) if has else false(reason, shown)


PARAMETERS = (
    StatementKind(
        "is passed by",
        "how a function takes its parameter",
        "`parse()` takes the stream by value.",
        _passed_by,
        (r"{S} (?:takes|accepts|receives|gets) (?:[^,;]*?) by (?P<HOW>value|reference|const reference|pointer)",),
    ),
    StatementKind(
        "parameter count",
        "how many parameters a function has",
        "`send_fd()` takes two arguments.",
        _parameter_count,
        (
            (
                r"{S} (?:takes?|has|accepts?|expects?|requires?) (?:exactly |only )?(?P<N>no|\d+|one|two|three|"
                r"four|five|six|seven) (?:required )?(?:parameter|argument)s?"
            ),
        ),
    ),
    StatementKind(
        "is required",
        "whether a parameter must be given",
        "`submit()` requires the caller to pass a priority.",
        _is_required,
        (
            (
                r"{S} (?:requires|forces) (?:the )?callers? to (?:pass|give|supply|provide|name) (?:an? |the |all "
                r")?(?P<P>[a-z]+(?: [a-z]+){0,3})"
            ),
        ),
    ),
    StatementKind(
        "parameters",
        "which parameters a function has",
        "`Worker.__init__()` takes `verbose` as a required argument.",
        _parameters,
        (
            (
                r"{S} (?:takes?|has|accepts?|expects?|receives?) {XS}(?: (?:parameter|argument)s?)?(?: as (?:an? |"
                r"its )?(?P<Q>required|optional|mandatory|keyword|positional|only)? ?(?:parameter|argument)s?)?"
            ),
            r"{XS} (?:is|are) (?:an? )?(?P<Q>required|optional|mandatory)? ?(?:parameter|argument)s? of {S}",
        ),
    ),
    StatementKind(
        "parameters in words",
        "which parameters a function has, in words",
        "`open_server()` takes the path and the backlog.",
        _parameter_words,
        (r"{S} (?:takes?|accepts?|expects?) (?P<P>(?:the|a|an) [a-z]+(?: and (?:the|a|an) [a-z]+)*)",),
    ),
)
