"""Exceptions as values: their class's name, the arguments and the attributes, as declared errors cross too."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from localsocket.errors import RemoteError
from localsocket.values.handling import WRITTEN


class ErrorValue(TypedDict):
    """What an exception is on the wire."""

    name: str
    arguments: list[Any]
    attributes: dict[str, Any]


def parts_of_error(error: BaseException) -> ErrorValue:
    """Return what crosses of an exception."""
    attributes = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    return ErrorValue(name=type(error).__name__, arguments=list(error.args), attributes=attributes)


def error_from(kind: type[Exception], arguments: tuple[Any, ...], attributes: Mapping[str, Any]) -> Exception:
    """Return the error as it was made there. Raises TypeError or ValueError for arguments that it cannot have."""
    # Its own __init__ may take other arguments than those that it leaves in `args`. Python's are made up of them, and
    # keep more than `args`: OSError its errno.
    pythons: Any = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    new: Callable[..., Exception] = kind.__new__
    error = new(kind, *arguments)
    pythons.__init__(error, *arguments)
    error.args = arguments
    for key, value in attributes.items():
        if not key.startswith("_"):
            setattr(error, key, value)
    return error


class Errors:
    """Exceptions that are of the class that is said, of those of Python's, or of those that are `known` here.

    A peer chooses no other class. Where the type takes any Exception, one that is not known comes as RemoteError.
    """

    has_parts = True

    def __init__(self, known: Mapping[str, type[Exception]]) -> None:
        self._known = known

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return ErrorValue

    def told(self, kind: Any) -> Any:
        written = kind.__name__ if kind.__module__ == "builtins" else "Exception"
        return Annotated[ErrorValue, Meta(extra={WRITTEN: written})]

    def encode(self, value: BaseException, *, is_json: bool) -> ErrorValue:
        if not isinstance(value, Exception):
            raise TypeError(f"{type(value).__name__} ends a program, so it is not sent as an exception")
        if isinstance(value, RemoteError):
            return ErrorValue(name=value.name, arguments=list(value.arguments), attributes={**value.attributes})
        return parts_of_error(value)

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        name, arguments, attributes = plain["name"], tuple(plain["arguments"]), plain["attributes"]
        found = self._class(kind, name)
        if found is None:
            if issubclass(RemoteError, kind):
                return RemoteError("", name, arguments, attributes)
            raise ValueError(f"Expected `{kind.__name__}`, got {name[:128]!r}")
        try:
            return error_from(found, arguments, attributes)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"{found.__name__} cannot be made from what was sent: {error}") from error

    def _class(self, kind: type[Exception], name: str) -> type[Exception] | None:
        if name == kind.__name__:
            return kind
        found = self._known.get(name) or getattr(builtins, name, None)
        is_one = isinstance(found, type) and issubclass(found, Exception) and issubclass(found, kind)
        return found if is_one else None
