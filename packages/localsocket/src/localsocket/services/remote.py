"""What a client knows of a service from a Protocol class: which methods stream, and what type each gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from localsocket.services.schema import Result, streamed_type, type_hints
from localsocket.values.known_types import PLAIN, KnownTypes
from localsocket.values.refusing import check_can_be_sent


class Remote:
    """The methods of a Protocol class, by name.

    A property that gives another such class has those whose names go on behind a dot: `shop.stock.count()`.
    """

    def __init__(self, protocol: Callable[..., object], prefix: str = "", known: KnownTypes = PLAIN) -> None:
        if not inspect.isclass(protocol):
            raise TypeError(f"typed() takes a class whose methods are those of the service, not {protocol!r}")
        self.name = protocol.__name__
        self.prefix = prefix
        self._known = known
        self.functions: dict[str, Callable[..., object]] = {}
        self.parts: dict[str, Remote] = {}
        self._results: dict[str, Result] = {}
        self._streams: set[str] = set()
        for name, member in inspect.getmembers(protocol):
            if name.startswith("_"):
                continue
            if inspect.isfunction(member):
                self._add(name, member)
            elif isinstance(member, property):
                part = type_hints(name, member.fget).get("return") if member.fget else None
                if inspect.isclass(part) and getattr(part, "_is_protocol", False):
                    self.parts[name] = Remote(part, f"{prefix}{name}.", known)

    def is_stream(self, method: str) -> bool:
        return method in self._streams

    def result(self, method: str) -> Result:
        """Raises AttributeError for a method that the class does not have."""
        try:
            return self._results[method]
        except KeyError:
            raise AttributeError(f"{self.name} has no method {method!r}") from None

    def _add(self, name: str, function: Callable[..., object]) -> None:
        hints = type_hints(name, function)
        is_stream, kind = streamed_type(hints.pop("return", Any))
        for parameter, hint in hints.items():
            check_can_be_sent(hint, self._known, f"method {self.prefix + name!r}", parameter)
        self.functions[name] = function
        self._results[name] = Result(f"{self.prefix}{name}", kind, self._known)
        if is_stream:
            self._streams.add(name)
