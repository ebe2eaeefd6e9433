"""Functions that serve one connection, and how one that cannot is refused before anything is served."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from localsocket.errors import UnsuitableHandler


def check_function(function: Callable[..., object]) -> None:
    """Raise UnsuitableHandler unless `function` can be called with one socket."""
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise UnsuitableHandler(f"{_name(function)} cannot be called with one socket: {error}") from None
    except ValueError:
        pass  # written in C without a signature: nothing can be said about it


def check_coroutine_function(function: Callable[..., object]) -> None:
    """Raise UnsuitableHandler unless `function` is a coroutine function of one socket."""
    if not is_coroutine_function(function):
        raise UnsuitableHandler(f"{_name(function)} is not a coroutine function: define it with `async def`")
    check_function(function)


def is_coroutine_function(function: object) -> bool:
    """Whether calling it gives something to await; so do objects with an `async def __call__`."""
    call = getattr(function, "__call__", None)  # noqa: B004 - the method is wanted, not whether there is one
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _name(function: object) -> str:
    return str(getattr(function, "__qualname__", repr(function)))
