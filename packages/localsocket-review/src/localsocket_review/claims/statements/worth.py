"""What names are worth in the code: arguments, parameters, variables, macros, members; compared with a claim."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Sort
from localsocket_review.claims.statements.asked import Value, quoted, values_of
from localsocket_review.claims.statements.judging import parts_of, stem
from localsocket_review.claims.statements.phrases import number_of
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Attribute, Call, Expression, Name
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign

# What the arguments of well-known calls are called: by position from the end, which C and Python often share.
_ARGUMENTS: dict[str, tuple[tuple[int, str], ...]] = {
    "listen": ((-1, "backlog"),),
    "chmod": ((-1, "mode"),),
    "fchmod": ((-1, "mode"),),
    "mkdir": ((-1, "mode"),),
    "umask": ((0, "umask mode mask"),),
    "sleep": ((0, "sleep interval delay"),),
    "usleep": ((0, "sleep interval delay"),),
    "settimeout": ((0, "timeout"),),
    "wait_for": ((-1, "timeout"),),
    "recv": ((0, "size buffer chunk"),),
    "poll": ((-1, "timeout"),),
    "select": ((-1, "timeout"),),
    "setInterval": ((0, "interval timer"),),
    "singleShot": ((0, "interval timeout timer"),),
    "waitForConnected": ((0, "timeout"),),
    "waitForReadyRead": ((0, "timeout"),),
    "waitForBytesWritten": ((0, "timeout"),),
    "waitForDisconnected": ((0, "timeout"),),
    "waitForNewConnection": ((0, "timeout"),),
}
_SCALES = {
    "ms": (1.0, 0.001),
    "mil": (1.0, 0.001),
    "s": (1.0, 1000.0, 1e6),
    "sec": (1.0, 1000.0, 1e6),
    "min": (60.0, 60000.0),
    "hour": (3600.0, 3600000.0),
    "byte": (1.0,),
    "k": (1024.0, 1000.0),
    "mi": (1048576.0,),
    "mb": (1048576.0, 1000000.0),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What something is worth, and where that is written."""

    value: Value | None
    place: Place


def wanted_numbers(text: str, unit: str) -> set[float]:
    """Return what the number may be written as in code: 5 seconds are 5 or 5000."""
    number = number_of(text)
    if number is None:
        return set()
    return {number * scale for scale in _scales(unit)}


def _scales(unit: str) -> tuple[float, ...]:
    word = unit.lower()
    keys = sorted((key for key in _SCALES if word.startswith(key)), key=len)
    return _SCALES[keys[-1]] if keys else (1.0,)


# --- what a name is worth ---------------------------------------------------------------------------------------------


def fits(identifier: str, words: frozenset[str]) -> bool:
    """Say whether all the words are in an identifier: `read_buffer_size` for "the read buffer"."""
    parts = {stem(part) for part in parts_of(identifier)}
    return words <= parts or "".join(sorted(words)) == identifier.lower()


def words_of(text: str, mention: Mention | None) -> frozenset[str]:
    """Return the stems of the words that name something, without those that only say what it is: "default", "size"."""
    plain = mention.name if mention is not None else re.sub(r" (?:of|for) (?:the|each|every|its|all|a) .*", "", text)
    return frozenset(stem(part) for part in parts_of(plain)) - {
        "th",
        "the",
        "a",
        "an",
        "default",
        "maximum",
        "max",
        "value",
        "valu",
        "size",
        "siz",
        "limit",
    }


def arguments_of(call: Call, function: FunctionInfo, code: Code) -> Iterator[tuple[str, Expression]]:
    """Yield the arguments of a call, each with the names of the parameter that takes it."""
    yield from call.keywords.items()
    count = len(call.arguments)
    for position, name in _ARGUMENTS.get(call.called_name, ()):
        if count and (position < 0 or position < count):
            yield name, call.arguments[position]
    if call.called_name.startswith("set") and count == 1:
        yield call.called_name.removeprefix("set"), call.arguments[0]
    for callee in code.facts.calls.callees(call, function):
        for parameter, argument in zip(callee.parameters, call.arguments, strict=False):
            yield parameter.name, argument


def given_to(words: frozenset[str], functions: list[FunctionInfo], code: Code) -> Iterator[Given]:
    """Yield what the calls in the functions give for a parameter of this name."""
    for function in functions:
        for call in function.calls():
            for name, argument in arguments_of(call, function, code):
                if any(fits(part, words) for part in name.split()):
                    yield from values_given(argument, function, code)


def values_given(expression: Expression, function: FunctionInfo, code: Code) -> Iterator[Given]:
    """Yield what an expression may be worth; a constant of which only the name is known is worth its name."""
    values = values_of(expression, function, code)
    if values is None and isinstance(expression, Name | Attribute):
        name = expression.identifier if isinstance(expression, Name) else expression.name
        yield from (
            (Given(name, expression.place),)
            if name.isupper()
            else _of_parameter(name, function, code) or (Given(None, expression.place),)
        )
        return
    yield from (Given(value, expression.place) for value in values or (None,))


def _of_parameter(name: str, function: FunctionInfo, code: Code) -> list[Given]:
    if not any(one.name == name for one in function.parameters):
        return []
    given = [
        value
        for expression, caller in code.facts.calls.values_given(function, name)
        for value in values_given(expression, caller, code)
    ]
    defaults = [one.default for one in function.parameters if one.name == name and one.default is not None]
    for default in defaults:
        given.extend(values_given(default, function, code))
    return given


def defaults_of(words: frozenset[str], functions: list[FunctionInfo], code: Code) -> Iterator[Given]:
    """Yield the defaults of the functions' parameters of this name."""
    for function in functions:
        for parameter in function.parameters:
            if parameter.default is not None and fits(parameter.name, words):
                yield from values_given(parameter.default, function, code)


def assigned_to(words: frozenset[str], functions: list[FunctionInfo], code: Code) -> Iterator[Given]:
    """Yield what variables, members and macros of this name are given."""
    for function in functions:
        for statement in function.statements():
            if isinstance(statement, Assign) and statement.value is not None:
                target = statement.target
                name = (
                    target.identifier
                    if isinstance(target, Name)
                    else target.name
                    if isinstance(target, Attribute)
                    else ""
                )
                if name and fits(name, words):
                    yield from values_given(statement.value, function, code)
    for unit in code.program.units:
        for macro in unit.macros.values():
            if fits(macro.name, words) and unit.body is not None:
                number = number_of(macro.value.strip().strip("()"))
                yield Given(number, macro.place)


def of_members(words: frozenset[str], code: Code) -> Iterator[list[Given]]:
    """Yield what the classes give their members of this name."""
    members = [one for one in code.of_sort(Sort.MEMBER) if fits(one.name, words)]
    defaults = [one.owner.members[one.name].default for one in members if one.owner is not None]
    module = next((one for one in code.program.functions if one.kind is FunctionKind.MODULE), None)
    yield [
        value for one in defaults if one is not None and module is not None for value in values_given(one, module, code)
    ]


def named_in(function: FunctionInfo, code: Code) -> Iterator[str]:
    """Yield what has a value in a function: arguments, parameters, variables."""
    for call in function.calls():
        yield from (part for name, _ in arguments_of(call, function, code) for part in name.split())
    yield from (one.name for one in function.parameters)
    for statement in function.statements():
        if isinstance(statement, Assign):
            yield getattr(statement.target, "identifier", getattr(statement.target, "name", ""))


# --- compared with what is claimed ------------------------------------------------------------------------------------


_IN_OCTAL = ("The mode", "The umask")


def compared(given: list[Given], wanted: set[float] | str, what: str, code: Code) -> Truth | None:
    """Say whether what was found is what was said: every value of it, or none."""
    known = {one.value for one in given if one.value is not None}
    if not known:
        return None
    shown = [quoted(one.place, code) for one in given if one.value is not None]
    hits = {value for value in known if value == wanted or (isinstance(wanted, set) and value in wanted)}
    told = ", ".join(sorted(written(value, shown, is_octal=what in _IN_OCTAL) for value in known))
    reason = f"{what} is {told}."
    if hits and len(hits) == len(known):
        return true(reason, *shown)
    if hits or any(one.value is None for one in given):
        return unknown(f"{what} has several values: {told}.", *shown)
    return false(reason, *shown)


def written(value: Value, shown: list[tuple[Place, str]], *, is_octal: bool = False) -> str:
    if isinstance(value, str):
        return value
    if is_octal:
        return f"0o{int(value):03o}"
    octal = f"0o{int(value):o}"
    if any(octal in line or f"0{int(value):o}" in line for _, line in shown) and value >= 8:
        return octal
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"
