"""What a client knows of a service from a Protocol class: which methods stream, and what type each gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from localsocket.services.schema import Result, streamed_type, type_hints


class Remote:
    """The methods of a Protocol class, by name."""

    def __init__(self, protocol: Callable[..., object]) -> None:
        if not inspect.isclass(protocol):
            raise TypeError(f"typed() takes a class whose methods are those of the service, not {protocol!r}")
        self.name = protocol.__name__
        self._results: dict[str, Result] = {}
        self._streams: set[str] = set()
        for name, function in inspect.getmembers(protocol, inspect.isfunction):
            if name.startswith("_"):
                continue
            is_stream, kind = streamed_type(type_hints(name, function).get("return", Any))
            self._results[name] = Result(name, kind)
            if is_stream:
                self._streams.add(name)

    def is_stream(self, method: str) -> bool:
        return method in self._streams

    def result(self, method: str) -> Result:
        """Raises AttributeError for a method that the class does not have."""
        try:
            return self._results[method]
        except KeyError:
            raise AttributeError(f"{self.name} has no method {method!r}") from None
