"""The asyncio face with the manners of the blocking one, so that one scenario runs on both.

Each call happens in a loop that runs in another thread, and the caller waits for it. Whatever a scenario asks of
`localsocket` itself, it may ask of an AwaitedPackage.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from contracts import AioFace
from localsocket import aio


class Package(Protocol):
    """What `localsocket` and an AwaitedPackage have in common; sockets and servers look alike in both."""

    LocalServer: Any
    LocalSocket: Any

    @property
    def connect(self) -> Callable[..., Any]: ...
    @property
    def listen(self) -> Callable[..., Any]: ...
    @property
    def pair(self) -> Callable[..., tuple[Any, Any]]: ...


class AwaitedPackage:
    """`localsocket.aio`, for callers that wait. `loop_face` runs the loop."""

    def __init__(self, loop_face: AioFace) -> None:
        self._face = loop_face
        self.LocalServer = AwaitedClass(loop_face, aio.LocalServer)
        self.LocalSocket = AwaitedClass(loop_face, aio.LocalSocket)

    def connect(self, *arguments: Any, **options: Any) -> Any:
        return wait_for(self._face, lambda: aio.connect(*arguments, **options))

    def listen(self, *arguments: Any, **options: Any) -> Any:
        return wait_for(self._face, lambda: aio.listen(*arguments, **options))

    def pair(self, **options: Any) -> Any:
        return wait_for(self._face, lambda: aio.pair(**options))


class AwaitedClass:
    """One of its classes, which makes what is awaited."""

    def __init__(self, loop_face: AioFace, kind: type[aio.LocalSocket] | type[aio.LocalServer]) -> None:
        self._face = loop_face
        self.kind = kind

    def adopt_descriptor(self, *arguments: Any, **options: Any) -> Any:
        return wait_for(self._face, lambda: self.kind.adopt_descriptor(*arguments, **options))


class Awaited:
    """A socket or server of asyncio, whose every use is one of its loop."""

    def __init__(self, loop_face: AioFace, thing: aio.LocalSocket | aio.LocalServer) -> None:
        object.__setattr__(self, "_face", loop_face)
        object.__setattr__(self, "_thing", thing)

    def do(self, use: Callable[[Any], object]) -> Any:
        """Call a function of the socket or server itself, or await a coroutine function."""
        return wait_for(self._face, lambda: use(self._thing))

    def __getattr__(self, name: str) -> Any:
        found = wait_for(self._face, lambda: getattr(self._thing, name))
        if not callable(found):
            return found
        return lambda *arguments, **options: wait_for(self._face, lambda: found(*arguments, **options))

    def __setattr__(self, name: str, value: object) -> None:
        wait_for(self._face, lambda: setattr(self._thing, name, value))

    def __enter__(self) -> Awaited:
        return self

    def __exit__(self, *reason: Any) -> None:
        wait_for(self._face, lambda: self._thing.__aexit__(*reason))

    def __iter__(self) -> Iterator[Any]:
        each = aiter(self._thing)
        try:
            while (found := wait_for(self._face, lambda: anext(each, self))) is not self:
                yield found
        finally:
            wait_for(self._face, each.aclose)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return repr(self._thing)


def wait_for(loop_face: AioFace, call: Callable[[], Any]) -> Any:
    """Return what `call` returns or what awaiting that gives, as it is seen from outside the loop."""

    async def use() -> Any:
        result = call()
        return await result if inspect.isawaitable(result) else result

    return seen(loop_face, loop_face.wait_for(use()))


def seen(loop_face: AioFace, result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(seen(loop_face, part) for part in result)
    if isinstance(result, aio.LocalSocket | aio.LocalServer):
        return Awaited(loop_face, result)
    return result
