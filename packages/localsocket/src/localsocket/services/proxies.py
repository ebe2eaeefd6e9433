"""Remote methods as attributes: `proxy.add(2, 3)`. The same for all faces, whose calls they pass on to."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from inspect import Signature
from typing import Any, Protocol

from localsocket.services.description import MethodDescription, ServiceDescription
from localsocket.services.remote import Remote
from localsocket.services.schema import ANYTHING, Result
from localsocket.services.signatures import OfInstance, signature_of


class CallsByName(Protocol):
    """What a face's calls are to a proxy."""

    def _call_by_proxy(
        self, method: str, arguments: tuple[Any, ...], named: dict[str, Any], result: Result, *, is_stream: bool
    ) -> Any:
        """Call a method of which the type of its result may be known, and whether that is a stream."""

    @property
    def _takes_positions(self) -> bool:
        """Whether arguments may be given by position."""

    def _told(self) -> ServiceDescription | None:
        """Return what the service tells of itself, if that is known, or can be within a moment."""


class _Told:
    """What a service tells of the methods whose names begin as this one does: shown by dir(), and by Tab in a REPL."""

    __slots__ = ("_calls", "_name")

    # Else whatever has __getitem__ could be iterated over.
    __iter__: None = None

    def __init__(self, calls: CallsByName, name: str) -> None:
        self._calls = calls
        self._name = name

    def __getattr__(self, name: str) -> RemoteMethod:
        # IPython and notebooks ask every object how it wants to be shown.
        if name.startswith(("__", "_ipython_", "_repr_")):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> RemoteMethod:
        """Return a method by its name, which may be none that an attribute can have: `proxy["get-all"]()`."""
        if not isinstance(name, str):
            raise TypeError(f"methods have names, which are strings, not {type(name).__name__}")
        return RemoteMethod(self._calls, f"{self._name}.{name}" if self._name else name)

    def __dir__(self) -> list[str]:
        names = {name.partition(".")[0] for name in self._ipython_key_completions_()}
        return sorted({*object.__dir__(self), *filter(str.isidentifier, names)})

    def _ipython_key_completions_(self) -> list[str]:
        """Return the names of all methods below, as what is in [] is completed with."""
        prefix = f"{self._name}." if self._name else ""
        told = self._calls._told()
        names = [method.name for method in told.methods] if told else []
        return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


class Proxy(_Told):
    """Has every method of the service as its own; which ones there are is known when they are called.

    dir() asks the service for them, as far as the API can wait there: an `aio.Client` knows them once it was asked to
    describe(). A method whose name no attribute can have is `proxy["get-all"]`.
    """

    __slots__ = ()

    def __init__(self, calls: CallsByName) -> None:
        super().__init__(calls, "")


class RemoteMethod(_Told):
    """One method of a proxy. With dots in its name it is an attribute of an attribute."""

    __slots__ = ()

    __doc__ = OfInstance(__doc__, lambda method: method._documentation())
    __signature__ = OfInstance(None, lambda method: method._signature())

    @property
    def __name__(self) -> str:
        return self._name.rpartition(".")[2]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._calls._call_by_proxy(self._name, arguments, named, ANYTHING, is_stream=False)

    def __repr__(self) -> str:
        return f"<RemoteMethod {self._name!r}>"

    def _documentation(self) -> str | None:
        method = self._description()
        return (method.documentation or method.signature) if method else None

    def _signature(self) -> Signature | None:
        method = self._description()
        return signature_of(method) if method else None

    def _description(self) -> MethodDescription | None:
        told = self._calls._told()
        return next((method for method in told.methods if method.name == self._name), None) if told else None


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
        result, function = remote.result(name), remote.functions[name]
        return TypedMethod(self._calls, method, result, function, is_stream=remote.is_stream(name))

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._remote.functions, *self._remote.parts})


class TypedMethod:
    """One method of a typed proxy."""

    __slots__ = ("_calls", "_function", "_is_stream", "_name", "_result")

    __doc__ = OfInstance(__doc__, lambda method: inspect.getdoc(method._function))
    __signature__ = OfInstance(None, lambda method: method._signature())

    def __init__(
        self, calls: CallsByName, name: str, result: Result, function: Callable[..., object], *, is_stream: bool
    ) -> None:
        self._calls = calls
        self._name = name
        self._result = result
        self._function = function
        self._is_stream = is_stream

    @property
    def __name__(self) -> str:
        return self._name.rpartition(".")[2]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if arguments and not self._calls._takes_positions:
            arguments, named = (), dict(self._signature().bind_partial(*arguments, **named).arguments)
        return self._calls._call_by_proxy(self._name, arguments, named, self._result, is_stream=self._is_stream)

    def __repr__(self) -> str:
        return f"<TypedMethod {self._name!r}>"

    def _signature(self) -> Signature:
        signature = inspect.signature(self._function)
        return signature.replace(parameters=list(signature.parameters.values())[1:])
