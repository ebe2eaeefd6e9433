"""Remote methods as attributes: `proxy.add(2, 3)`. The same for all faces, whose calls they pass on to."""

from __future__ import annotations

from typing import Any, Protocol

from localsocket.services.remote import Remote
from localsocket.services.schema import ANYTHING, Result


class CallsByName(Protocol):
    """What a face's calls are to a proxy."""

    def _call_by_proxy(
        self, method: str, arguments: tuple[Any, ...], named: dict[str, Any], result: Result, *, is_stream: bool
    ) -> Any:
        """Call a method of which the type of its result may be known, and whether that is a stream."""


class Proxy:
    """Has every method of the service as its own; which ones there are is known when they are called."""

    __slots__ = ("_calls",)

    def __init__(self, calls: CallsByName) -> None:
        self._calls = calls

    def __getattr__(self, name: str) -> RemoteMethod:
        if name.startswith("__"):
            raise AttributeError(name)
        return RemoteMethod(self._calls, name)


class RemoteMethod:
    """One method of a proxy. With dots in its name it is an attribute of an attribute."""

    __slots__ = ("_calls", "_name")

    def __init__(self, calls: CallsByName, name: str) -> None:
        self._calls = calls
        self._name = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._calls._call_by_proxy(self._name, arguments, named, ANYTHING, is_stream=False)

    def __getattr__(self, name: str) -> RemoteMethod:
        if name.startswith("__"):
            raise AttributeError(name)
        return RemoteMethod(self._calls, f"{self._name}.{name}")

    def __repr__(self) -> str:
        return f"<RemoteMethod {self._name!r}>"


class TypedProxy:
    """Has the methods of a Protocol class, and checks that they give what the class says."""

    __slots__ = ("_calls", "_remote")

    def __init__(self, calls: CallsByName, remote: Remote) -> None:
        self._calls = calls
        self._remote = remote

    def __getattr__(self, name: str) -> TypedMethod | TypedProxy:
        remote = self._remote
        if (part := remote.parts.get(name)) is not None:
            return TypedProxy(self._calls, part)
        method = f"{remote.prefix}{name}"
        return TypedMethod(self._calls, method, remote.result(name), is_stream=remote.is_stream(name))


class TypedMethod:
    """One method of a typed proxy."""

    __slots__ = ("_calls", "_is_stream", "_name", "_result")

    def __init__(self, calls: CallsByName, name: str, result: Result, *, is_stream: bool) -> None:
        self._calls = calls
        self._name = name
        self._result = result
        self._is_stream = is_stream

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._calls._call_by_proxy(self._name, arguments, named, self._result, is_stream=self._is_stream)
