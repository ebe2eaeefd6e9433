"""The arguments of a call as they are typed: by place or by name, as JSON, as strings, from files."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from localsocket.cli.exit_status import CommandFailed, ExitStatus
from localsocket.cli.plain_text import json_text
from localsocket.cli.schema_checking import MISSING, Misfit, SchemaChecker
from localsocket.keywords import similar_names
from localsocket.services.description import MethodDescription, ParameterDescription
from localsocket.showing import did_you_mean

Form: TypeAlias = Literal["json-first", "by-schema", "json"]
"""How a value is taken: as JSON where it is that and fits, as what the schema says, or as JSON in any case."""

_OPTION_LIKE = re.compile(r"--?[A-Za-z]")
_LONGEST = 60  # characters of a value in an error
_WORDS_OF_JSON = ("null", "boolean", "integer", "number", "string", "array", "object")
_NO_JSON = (msgspec.DecodeError, UnicodeError, RecursionError)


class TypedArgument(NamedTuple):
    """One argument: its text, or what is in the file that it names; `name` is None where it is given by its place."""

    name: str | None
    text: str
    form: Form
    content: bytes | None = None

    @property
    def data(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape") if self.content is None else self.content


def typed_arguments(texts: Sequence[str], with_texts: Sequence[str]) -> list[TypedArgument]:
    """Return what was typed, with what is in the files, and the standard input, that it names. Raises CommandFailed."""
    given = [*map(_typed, texts), *map(_typed_with, with_texts)]
    if sum(each.text == "-" for each in given) > 1:
        raise _usage("standard input, '-', can be only one argument; to pass the string, write it as JSON: '\"-\"'")
    return [each._replace(content=_content(each.text)) for each in given]


def _typed(text: str) -> TypedArgument:
    name, equals, value = text.partition("=")
    if equals and name.removesuffix(":").isidentifier():
        return TypedArgument(name.removesuffix(":"), value, "json" if name.endswith(":") else "by-schema")
    if _OPTION_LIKE.match(text):
        raise _usage(f"there is no option {text}; if it is an argument, write it as JSON: '{json_text(text)}'")
    return TypedArgument(None, text, "json-first")


def _typed_with(text: str) -> TypedArgument:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise _usage(f"--with takes PARAMETER=JSON, not {text!r}")
    return TypedArgument(name, value, "json-first")


def _content(text: str) -> bytes | None:
    if text == "-":
        return sys.stdin.buffer.read()
    if not text.startswith("@"):
        return None
    try:
        with open(text[1:], "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        advice = f"to pass a string that begins with @, write it as JSON: '{json_text(text)}'"
        raise _usage(f"the file {text[1:]!r} cannot be read: {reason}; {advice}") from None


# --- without a schema -------------------------------------------------------------------------------------------------


def unchecked(given: Sequence[TypedArgument]) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments for a method of which nothing is known: what is no JSON is a string."""
    by_place = [_value(each, None, None) for each in given if each.name is None]
    by_name = {each.name: _value(each, None, None) for each in given if each.name is not None}
    return by_place, _with_names_that_can_be_given(by_name)


# --- by the schema ----------------------------------------------------------------------------------------------------


def checked(
    given: Sequence[TypedArgument], method: MethodDescription, checker: SchemaChecker
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments for a method, by place and by name. Raises CommandFailed for those that do not fit."""
    bound = _bound(given, method)
    values: dict[str, Any] = {}
    for parameter in method.parameters:
        if (argument := bound.get(parameter.name)) is not None:
            value = values[parameter.name] = _value(argument, parameter, checker)
            if (misfit := checker.misfit(value, parameter.schema)) is not None:
                raise _does_not_fit(method, parameter, misfit)
        elif parameter.default is None:
            raise _usage(f"{method.name!r} needs {parameter.name!r}, which takes {parameter.type}: {method.signature}")
    by_place: list[Any] = []
    for parameter in method.parameters:
        if parameter.kind == "keyword-only" or parameter.name not in values:
            break
        by_place.append(values.pop(parameter.name))
    for parameter in method.parameters:
        if parameter.kind == "positional-only" and parameter.name in values:
            raise _usage(f"{parameter.name!r} can only be given together with those before it: {method.signature}")
    return by_place, _with_names_that_can_be_given(values)


def _bound(given: Sequence[TypedArgument], method: MethodDescription) -> dict[str, TypedArgument]:
    by_place = [each.name for each in method.parameters if each.kind != "keyword-only"]
    bound: dict[str, TypedArgument] = {}
    position = 0
    for argument in (_by_place_after_all(each, method) for each in given):
        name = argument.name
        if name is None:
            if position == len(by_place):
                raise _usage(f"{method.name!r} takes {position} positional arguments: {method.signature}")
            name = by_place[position]
            position += 1
        if name in bound:
            raise _usage(f"{method.name!r} was given {name!r} twice")
        bound[name] = argument
    return bound


def _by_place_after_all(argument: TypedArgument, method: MethodDescription) -> TypedArgument:
    """Return the argument; a string with = in it, such as base64, need not be one by name."""
    name, names = argument.name, [each.name for each in method.parameters]
    if name is None or name in names:
        return argument
    similar = similar_names(name, names)
    if similar or argument.form != "by-schema":
        signature = "" if similar else f": {method.signature}"
        written = _shown(f"{name}={argument.text}")
        advice = f"to pass a string that contains =, write it as JSON: '{written}'{did_you_mean(similar)}"
        raise _usage(f"{method.name!r} has no parameter {name!r}{signature}; {advice}")
    return TypedArgument(None, f"{name}={argument.text}", "json-first")


def _value(argument: TypedArgument, parameter: ParameterDescription | None, checker: SchemaChecker | None) -> Any:
    """Return the value of an argument: which form it is taken in, the schema decides where there are several."""
    if argument.form == "json":
        try:
            return msgspec.json.decode(argument.data)
        except _NO_JSON as error:
            raise _usage(f"{argument.name}:= takes JSON, not {_shown(argument.text)}: {error}") from None
    schema = parameter.schema if parameter is not None else {}
    if checker is not None and argument.content is not None and checker.takes_bytes(schema):
        return argument.content
    is_text_first = argument.form == "by-schema" or argument.content is not None
    if checker is not None and is_text_first and checker.takes_only_strings(schema):
        return _text(argument)
    try:
        value = msgspec.json.decode(argument.data)
    except _NO_JSON:
        return _text(argument)
    if checker is None or isinstance(value, str) or checker.misfit(value, schema) is None:
        return value
    text = _text(argument)
    return value if checker.misfit(text, schema) is not None else text


def _text(argument: TypedArgument) -> str | bytes:
    if argument.content is None:
        return argument.text
    try:
        return argument.content.decode()
    except UnicodeDecodeError:
        return argument.content


def _does_not_fit(method: MethodDescription, parameter: ParameterDescription, misfit: Misfit) -> CommandFailed:
    place, wanted = f"{parameter.name}{misfit.path}", misfit.wanted
    if misfit.path:
        wanted += f" ({parameter.name}: {parameter.type})"
    elif wanted in _WORDS_OF_JSON:
        wanted = parameter.type
    elif not wanted.startswith(parameter.type):
        wanted = f"{parameter.type} ({wanted})"
    given = "it is missing" if misfit.given is MISSING else f"{_shown(misfit.given)} was given"
    return _usage(f"{place!r} of {method.name!r} takes {wanted}, but {given}")


def _with_names_that_can_be_given(values: dict[str, Any]) -> dict[str, Any]:
    if "timeout" in values:  # which is the call's own
        raise _usage("a parameter called timeout can only be given by position")
    return values


def _shown(value: object) -> str:
    text = json_text(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _usage(text: str) -> CommandFailed:
    return CommandFailed(text, ExitStatus.USAGE)
