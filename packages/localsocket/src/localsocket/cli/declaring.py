"""Commands are functions: their annotations say what may be typed, which reading, help and completion go by.

`Annotated[int, Option("--count", help="...")]` is an option, `Annotated[str, Argument(help="...")]` an argument by its
place. A bool is a flag, a list takes several, a Literal one of its values.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union

from localsocket.cli.exit_status import WrongUsage

Given: TypeAlias = Mapping[str, Any]
"""What was typed so far, by the names of the function's parameters."""
Completer: TypeAlias = Callable[[Given, str], list[str]]
"""Returns the words that may stand where somebody has typed the beginning of one."""


Check: TypeAlias = Callable[[Any], Any]
"""Returns a value, or raises WrongUsage for one that cannot be meant."""


class Argument:
    """What is typed by its place: how it is shown, what it means, what may stand there, and whether JSON may."""

    def __init__(
        self,
        *names: str,
        help: str,  # noqa: A002 - as everybody calls it
        metavar: str = "",
        minimum: float | None = None,
        check: Check | None = None,
        complete: Completer | None = None,
        is_json: bool = False,
    ) -> None:
        self.names = names
        self.help = help
        self.metavar = metavar
        self.minimum = minimum
        self.check = check
        self.complete = complete
        self.is_json = is_json


class Option(Argument):
    """What is typed by one of its names, by default that of the parameter."""


class Declared(NamedTuple):
    """One parameter of a command; `kind` is the type of one value of it, `choices` are those that there are."""

    name: str
    told: Argument
    kind: type
    choices: tuple[str, ...]
    default: Any
    is_list: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Return what is typed for an option; an argument has no name."""
        if not isinstance(self.told, Option):
            return ()
        return self.told.names or (f"--{self.name.replace('_', '-')}",)

    @property
    def is_flag(self) -> bool:
        return self.kind is bool

    @property
    def is_required(self) -> bool:
        return self.default is inspect.Parameter.empty

    @property
    def metavar(self) -> str:
        if self.told.metavar:
            return self.told.metavar
        return "|".join(self.choices) if self.choices else {int: "N", float: "NUMBER"}.get(self.kind, "TEXT")

    def value(self, text: str) -> Any:
        """Return what the text means. Raises WrongUsage for one that does not fit."""
        shown = self.names[0] if self.names else self.metavar
        if self.choices and text not in self.choices:
            raise WrongUsage(f"{shown} takes {' or '.join(filter(None, self.choices))}, not {text!r}")
        if self.kind in (int, float):
            return self._number(text, shown)
        return self._checked(self.kind(text))

    def _number(self, text: str, shown: str) -> Any:
        least = self.told.minimum
        wanted = "a whole number" if self.kind is int else "a number"
        if least is not None:
            wanted += f" of at least {least}"
        try:
            number = self.kind(text)
        except ValueError:
            raise WrongUsage(f"{shown} takes {self.metavar}, {wanted}, not {text!r}") from None
        if number != number or (least is not None and number < least):
            raise WrongUsage(f"{shown} takes {self.metavar}, {wanted}, not {text!r}")
        return self._checked(number)

    def _checked(self, value: Any) -> Any:
        return value if self.told.check is None else self.told.check(value)


class Command(NamedTuple):
    """A function that can be typed; it ends the program with SystemExit, or returns where all went well."""

    name: str
    function: Callable[..., None]
    parameters: tuple[Declared, ...]

    @classmethod
    def of(cls, name: str, function: Callable[..., None]) -> Command:
        hints = typing.get_type_hints(function, include_extras=True)
        parameters = inspect.signature(function).parameters.values()
        return cls(name, function, tuple(_parameter(each.name, hints[each.name], each.default) for each in parameters))

    @property
    def arguments(self) -> list[Declared]:
        return [each for each in self.parameters if not each.names]

    @property
    def options(self) -> dict[str, Declared]:
        return {name: each for each in self.parameters for name in each.names}

    @property
    def usage(self) -> str:
        arguments = [_in_usage(each) for each in self.arguments]
        return " ".join(["localsocket", self.name, *arguments])


def _in_usage(argument: Declared) -> str:
    shown = argument.metavar if argument.is_required else f"[{argument.metavar}]"
    return f"{shown}..." if argument.is_list else shown


def _parameter(name: str, hint: Any, default: Any) -> Declared:
    assert typing.get_origin(hint) is Annotated, f"{name} says nothing of what may be typed"
    kind, told = typing.get_args(hint)[:2]
    kind = _without_none(kind)
    is_list = typing.get_origin(kind) is list
    if is_list:
        (kind,) = typing.get_args(kind)
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    return Declared(name, told, str if choices else kind, choices, default, is_list)


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) not in (Union, types.UnionType):
        return kind
    (kind,) = (each for each in typing.get_args(kind) if each is not type(None))
    return kind
