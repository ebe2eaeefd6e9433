"""The ways in which a method calls who has called it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from localsocket.services.proxies import Proxy

P = TypeVar("P")


class CallsOfPeer(Protocol):
    """The ways to call the peer: those of localsocket.Client, or of aio.Client, where each gives something to await."""

    @property
    def proxy(self) -> Proxy: ...

    def typed(self, protocol: Callable[..., P], /) -> P: ...

    def call(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any: ...

    def start(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any: ...

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any: ...

    def stream(
        self,
        method: str,
        /,
        *arguments: object,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        prefetch: int | None = None,
        **named: object,
    ) -> Any: ...
