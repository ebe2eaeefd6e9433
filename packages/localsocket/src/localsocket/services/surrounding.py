"""What surrounds the calls of a service: functions of the user's that yield where the method runs."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from localsocket.errors import LocalSocketError, UnsuitableHandler
from localsocket.services.failures import failure_of_ours
from localsocket.services.method import Method
from localsocket.services.served_call import ServedCall, current_call

Surrounds: TypeAlias = Callable[[ServedCall], Iterator[None]] | Callable[[ServedCall], AsyncIterator[None]]
"""A generator function, or an async one, that yields once: the method runs there."""

SurroundsT = TypeVar("SurroundsT", bound=Surrounds)

_Manager: TypeAlias = AbstractContextManager[None] | AbstractAsyncContextManager[None]


class TurnedAway(Exception):
    """A call that what surrounds it did not let begin; `reason` is what the caller is told."""

    def __init__(self, reason: LocalSocketError) -> None:
        super().__init__(reason)
        self.reason = reason


class Surrounding:
    """One function of the user's, ready to surround calls."""

    def __init__(self, function: Surrounds) -> None:
        self.is_async = inspect.isasyncgenfunction(function)
        if not (self.is_async or inspect.isgeneratorfunction(function)):
            raise UnsuitableHandler(
                f"{function!r} cannot surround calls, because it does not yield: write a generator function, or "
                "an async one, that takes one ServedCall and yields once, where the method is to run"
            )
        self.function = function
        self._make: Callable[[ServedCall], _Manager] = (asynccontextmanager if self.is_async else contextmanager)(
            function  # type: ignore[arg-type] # it is what was asked for above
        )

    def enter(self, stack: ExitStack, call: ServedCall) -> None:
        with _refusing():
            stack.enter_context(self._make(call))  # type: ignore[arg-type] # it is a plain one

    async def enter_async(self, stack: AsyncExitStack, call: ServedCall) -> None:
        with _refusing():
            if self.is_async:
                await stack.enter_async_context(self._make(call))  # type: ignore[arg-type]
            else:
                stack.enter_context(self._make(call))  # type: ignore[arg-type]


def check_can_surround(surrounding: Surrounding, method: Method) -> None:
    """Raise UnsuitableHandler for an async one around a plain function, which runs where nothing can be awaited."""
    if surrounding.is_async and not (method.is_async or method.is_own):
        raise UnsuitableHandler(
            f"{surrounding.function!r} is async and cannot surround {method.name!r}, a plain function: yield from a "
            "plain generator function, which surrounds coroutine functions as well"
        )


def surrounded(method: Method, surroundings: Sequence[Surrounding]) -> Callable[..., Any]:
    """Return the method's function with these around it, the first one outermost; as it is where there are none.

    So what nobody surrounds is called as if there were no such thing.
    """
    if not surroundings:
        return method.function
    if method.is_async:
        return _async_stream(method, surroundings) if method.is_stream else _coroutine(method, surroundings)
    return _stream(method, surroundings) if method.is_stream else _plain(method, surroundings)


def _plain(method: Method, surroundings: Sequence[Surrounding]) -> Callable[..., Any]:
    function = method.function

    @wraps(function)
    def run(*arguments: Any, **named: Any) -> Any:
        with _entered(surroundings):
            return function(*arguments, **named)

    return run


def _stream(method: Method, surroundings: Sequence[Surrounding]) -> Callable[..., Any]:
    function = method.function

    @wraps(function)
    def run(*arguments: Any, **named: Any) -> Iterator[Any]:
        with _entered(surroundings):
            yield from function(*arguments, **named)

    return run


def _coroutine(method: Method, surroundings: Sequence[Surrounding]) -> Callable[..., Any]:
    function = method.function

    @wraps(function)
    async def run(*arguments: Any, **named: Any) -> Any:
        async with _entered_async(surroundings):
            return await function(*arguments, **named)

    return run


def _async_stream(method: Method, surroundings: Sequence[Surrounding]) -> Callable[..., Any]:
    function = method.function

    @wraps(function)
    async def run(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
        async with _entered_async(surroundings):
            async for item in function(*arguments, **named):
                yield item

    return run


@contextmanager
def _entered(surroundings: Sequence[Surrounding]) -> Iterator[None]:
    call = current_call()
    with ExitStack() as stack:
        for each in surroundings:
            each.enter(stack, call)
        yield


@asynccontextmanager
async def _entered_async(surroundings: Sequence[Surrounding]) -> AsyncIterator[None]:
    call = current_call()
    async with AsyncExitStack() as stack:
        for each in surroundings:
            await each.enter_async(stack, call)
        yield


@contextmanager
def _refusing() -> Iterator[None]:
    """Have an error of the package, raised before the method has run, told to the caller as what it is."""
    try:
        yield
    except LocalSocketError as error:
        if failure_of_ours(error) is None:
            raise
        raise TurnedAway(error) from error
