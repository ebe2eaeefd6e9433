"""Paths that are cut off where `sun_path` ends, so that another name is used, without anybody asking whether they were.

Most who copy as much as there is room for know their paths. It is told where the text shows another thing: a path from
outside, a copying function of the program's own whose result is dropped, a length that was found too large.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.reach import is_entry
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    COMPARISONS,
    Attribute,
    Binary,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Branch, Evaluate, expressions_in
from localsocket_review.model.unit import Language
from localsocket_review.rules.sun_paths import NUMBERS_ONLY, ROOM, holds_length, is_measured, measures

_LIMITED = frozenset(
    {"strncpy", "stpncpy", "strlcpy", "strscpy", "qstrncpy", "g_strlcpy", "snprintf", "vsnprintf", "g_snprintf"}
)
_WHOLE = frozenset({"memcpy", "memmove", "strcpy", "stpcpy", "sprintf", "vsprintf", "wmemcpy", "mempcpy", "copy_n"})
_OWN = re.compile(r"cpy|copy|printf", re.IGNORECASE)
_ENVIRONMENT = frozenset({"getenv", "secure_getenv", "qgetenv", "qEnvironmentVariable", "g_getenv"})
_REFUSING = re.compile(r"err|fatal|die|abort|fail|panic|throw|exit", re.IGNORECASE)
_LARGEST = 108  # of a sun_path on Linux


def cut_paths(facts: Facts) -> Iterator[tuple[Call, FunctionInfo]]:
    """Yield the calls that cut off a path which is too long, and tell nobody."""
    for function in facts.functions(Language.CPP):
        for call in function.calls() if function.unit.identifiers["sun_path"] else ():
            if not _is_limited_copy(facts, call, function) or _is_asked(facts, call, function):
                continue
            if (
                _is_own(facts, call, function)
                or _is_from_outside(facts, call, function)
                or _is_warned(facts, call, function)
            ):
                yield call, function


def _is_own(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether it is a function of the program's own, whose result may tell that it cut: a number, no pointer."""
    if call.called_name in _LIMITED:
        return False
    return not any(_tells_nothing(one.return_type) for one in facts.calls.callees(call, function))


def _tells_nothing(result: str) -> bool:
    return result in ("", "void") or result.endswith("*")


def _is_from_outside(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether a part of the path is given by the environment, or by whoever starts the program."""
    for text in call.arguments[1:]:
        for origin in facts.origins.of(text, function):
            value = strip_casts(origin.expression)
            if isinstance(value, Call) and value.called_name in _ENVIRONMENT and not _is_of_system(value):
                return True
            named = value.value if isinstance(value, Subscript) else value
            is_argument = is_entry(origin.function) and isinstance(value, Subscript) and isinstance(named, Name)
            if is_argument or (isinstance(value, Name) and value.identifier == "optarg"):
                return any(one.name == dotted(named) for one in origin.function.parameters) or not is_argument
            if isinstance(value, Attribute) and _is_setting(facts, value.name):
                return True
    return False


def _is_setting(facts: Facts, name: str) -> bool:
    """Say whether a table or a call has the member beside a text of the same name: `{"socket", &config.socket}`."""
    words = {name, name.replace("_", "-"), f"--{name.replace('_', '-')}"}
    return any(
        isinstance(part, Call | Display) and _has_both(part, words, name)
        for unit in facts.program.units
        if unit.language is Language.CPP and unit.identifiers[name]
        for function in unit.every_function()
        for part in function.expressions()
    )


def _has_both(table: Call | Display, words: set[str], name: str) -> bool:
    """Say whether these are, side by side, one of the words and the place of the member."""
    given = [strip_casts(one) for one in (table.items if isinstance(table, Display) else table.arguments)]
    is_named = any(isinstance(one, Literal) and one.value in words for one in given)
    return is_named and any(isinstance(one, Attribute) and one.name == name for one in given)


def _is_of_system(call: Call) -> bool:
    """Say whether the variable is the user's runtime directory, which the system sets: /run/user/1000."""
    return any(isinstance(one, Literal) and one.value == "XDG_RUNTIME_DIR" for one in call.arguments)


def _is_warned(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether a branch before it compares a length with the room, and goes on all the same."""
    return any(
        isinstance(one, Branch)
        and _is_room(one.test)
        and any(_is_length(facts, part, function) for part in walk(one.test))
        and facts.flow(function).may_follow(one.test, call)
        for one in function.statements()
    )


def _is_limited_copy(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether the call writes as much of a text to sun_path as there is room for, and the text may be longer."""
    if len(call.arguments) < 3 or call.called_name in _WHOLE:
        return False
    is_own = bool(_OWN.search(call.called_name)) and any(map(_is_room, call.arguments[1:]))
    # Of a helper that is given the path to fill, the callers may look at what it tells.
    if not (call.called_name in _LIMITED or is_own) or not any(map(_is_path, walk(call.arguments[0]))):
        return False
    return not _fits(facts, [one for one in call.arguments[1:] if not _is_size(one)], function)


def _is_room(argument: Expression) -> bool:
    return any(
        isinstance(part, Call) and part.called_name == "sizeof" and any(map(_is_path, walk(part)))
        for part in walk(argument)
    )


def _is_size(argument: Expression) -> bool:
    value = strip_casts(argument)
    is_number = isinstance(value, Literal) and not isinstance(value.value, str)
    return is_number or isinstance(value, Binary | Unary) or _is_room(argument)


def _is_path(part: Expression) -> bool:
    return isinstance(part, Attribute) and part.name == "sun_path"


def _fits(facts: Facts, texts: list[Expression], function: FunctionInfo) -> bool:
    """Say whether all that is put together is known and short, or cannot be told: a constant of the build."""
    lengths = [_longest(facts, one, function) for one in texts]
    return bool(lengths) and sum(one for one in lengths if one is not None) < ROOM and None not in lengths


def _longest(facts: Facts, text: Expression, function: FunctionInfo) -> int | None:
    """Return how long the text is at most, or nothing where it may be of any length."""
    value = strip_casts(text)
    if isinstance(value, Literal) and isinstance(value.value, str) and NUMBERS_ONLY.fullmatch(value.value):
        return len(value.value)
    if any(map(_is_path, walk(value))) or (isinstance(value, Name) and value.identifier.isupper()):
        return 0
    known = [one.literal for one in facts.values.texts(value, function)]
    if known and None not in known and not _is_given_by_anybody(facts, value, function):
        return max(len(one.encode()) for one in known if one is not None)
    if facts.inference.type_of(value, function) in ("int", "unsigned int", "pid_t", "uid_t", "long"):
        return len(str(2**63))
    return _room_of(facts, value, function)


def _is_given_by_anybody(facts: Facts, value: Expression, function: FunctionInfo) -> bool:
    """Say whether it is a parameter of a library's function, which others give than those who are seen here."""
    is_parameter = any(one.name == dotted(value) for one in function.parameters)
    return is_parameter and not function.is_static and not facts.processes.running(function)


def _room_of(facts: Facts, value: Expression, function: FunctionInfo) -> int | None:
    """Return the size of an array that the function declares, if sun_path is as large."""
    for definition in facts.definitions.at(value, function) if isinstance(value, Name) else ():
        made = definition.value
        if isinstance(made, Call) and made.called_name == "[]" and made.arguments:
            sizes = facts.values.numbers(made.arguments[0], definition.function)
            named = {dotted(part) for part in walk(made.arguments[0])}
            if "UNIX_PATH_MAX" in named or any(map(_is_path, walk(made))) or (sizes and max(sizes) <= _LARGEST):
                return 0
    return None


def _is_asked(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether the length is asked for: before, by all callers, by the result of the call, or afterwards."""
    if is_measured(facts, call, function) or _is_refused(facts, call, function):
        return True
    callers = facts.calls.callers(function)
    if callers and all(not one.is_handed_on and is_measured(facts, one.call, one.caller) for one in callers):
        return True
    return _is_result_looked_at(call, function) or _is_looked_at_afterwards(facts, call, function)


def _is_refused(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether a branch before it compares a length, and ends by what says so in its name: `fatal("too long")`."""
    for statement in function.statements():
        if isinstance(statement, Branch) and facts.flow(function).may_follow(statement.test, call):
            calls = [part for part in expressions_in(statement.then) if isinstance(part, Call)]
            is_length = any(_is_length(facts, part, function) for part in walk(statement.test))
            if is_length and any(_REFUSING.search(one.called_name) for one in calls):
                return True
    return False


def _is_length(facts: Facts, part: Expression, function: FunctionInfo) -> bool:
    return measures(part) or (isinstance(part, Name | Attribute) and holds_length(facts, part, function))


def _is_result_looked_at(call: Call, function: FunctionInfo) -> bool:
    """Say whether the number that the call gives is compared with the room, or handed on: less than 0 it never is."""
    if any(isinstance(one, Evaluate) and strip_casts(one.value) is call for one in function.statements()):
        return False
    kept = {dotted(target) for target, value in function.assignments("=") if strip_casts(value) is call} - {""}
    compared = [part for part in function.expressions() if isinstance(part, Binary) and part.operator in COMPARISONS]
    own = [one for one in compared if any(part is call or dotted(part) in kept for part in walk(one))]
    if own or kept:
        is_told_by_size = call.called_name in _LIMITED  # others may tell by a number below 0
        return not all(is_told_by_size and _compares_with_nothing(one) for one in own)
    return call.called_name not in ("strncpy", "stpncpy", "qstrncpy")


def _compares_with_nothing(comparison: Binary) -> bool:
    sides = (comparison.left, comparison.right)
    return any(isinstance(one, Unary) or (isinstance(one, Literal) and one.value == 0) for one in sides)


def _is_looked_at_afterwards(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether what was copied is compared: its length, its text, or its last byte."""
    flow = facts.flow(function)
    return any(
        any(map(_is_path, walk(part))) and not _is_first_byte(part) and flow.may_follow(call, part)
        for part in function.expressions()
        if _compares(part) and not any(one is call for one in walk(part))
    )


def _compares(part: Expression) -> bool:
    if isinstance(part, Call):
        return "cmp" in part.called_name
    return isinstance(part, Binary) and part.operator in COMPARISONS


def _is_first_byte(comparison: Expression) -> bool:
    """Say whether this only asks how the name begins: `address.sun_path[0] == '@'`."""
    sides = (comparison.left, comparison.right) if isinstance(comparison, Binary) else ()
    return any(
        isinstance(side, Subscript) and isinstance(side.index, Literal) and side.index.value == 0
        for side in map(strip_casts, sides)
    )
