"""What is the same for the ways to call a service, on all faces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, cast

from localsocket.deadlines import NEVER, Deadline, check_count
from localsocket.values.known_types import KnownTypes
from localsocket.wire.stream_terms import BEGINS_IN_TIME, StreamTerms

if TYPE_CHECKING:
    from localsocket.services.proxies import CallsByName, Proxy

Arguments: TypeAlias = tuple[object, ...]
NamedArguments: TypeAlias = dict[str, object]
Carrier: TypeAlias = dict[str, str] | None
"""What tracing has travel with a call."""

P = TypeVar("P")
ClientOfCalls = TypeVar("ClientOfCalls")


class CallsCore(Generic[ClientOfCalls]):
    """Calls with one time-out; a face says how each is made."""

    def __init__(self, timeout: float | None, client: ClientOfCalls | None = None) -> None:
        self._timeout = timeout
        self._of = client
        self._terms = None if timeout is None else BEGINS_IN_TIME
        """Those of the stream that a call may give which says no other time."""

    @property
    def _client(self) -> ClientOfCalls:
        """The client whose calls these are: itself, where it is one."""
        return self if self._of is None else self._of  # type: ignore[return-value]

    @property
    def _takes_positions(self) -> bool:
        """Whether arguments may be given by position, by the protocol that is spoken."""
        takes: bool = self._client._core.takes_positions  # type: ignore[attr-defined]
        return takes

    @property
    def proxy(self) -> Proxy:
        """An object with the service's methods as its own: `client.proxy.add(2, 3)`.

        With asyncio, write `await client.proxy.add(2, 3)`, and for a method that streams
        `async for item in client.proxy.count(10)`.
        """
        from localsocket.services.proxies import Proxy  # which those who call by name do without

        return Proxy(cast("CallsByName", self))

    def typed(self, protocol: Callable[..., P]) -> P:
        """Return a proxy of the class `protocol`, usually a typing.Protocol, whose methods are those of the service.

        Type checkers then know the signatures, and each result is checked against the class (BadResult). For an asyncio
        client, write them as coroutine functions. A method that returns an Iterator or AsyncIterator returns a Stream.
        """
        from localsocket.services.proxies import TypedProxy
        from localsocket.services.remote import Remote

        return cast(P, TypedProxy(cast("CallsByName", self), Remote(protocol, known=self._known)))

    @property
    def _known(self) -> KnownTypes:
        """The types that the client knows how to send."""
        raise NotImplementedError

    def _deadline(self, timeout: float | None) -> Deadline:
        if timeout is None:
            timeout = self._timeout
        return NEVER if timeout is None else Deadline(timeout)

    def _terms_with(self, timeout: float | None, prefetch: int | None = None, *, is_stream: bool) -> StreamTerms | None:
        """Return the terms of the stream that a call may give, or `is_stream` to give; None where there are none."""
        terms = self._terms if timeout is None else None
        if not is_stream:
            return terms
        if prefetch is not None:
            check_count(prefetch, "prefetch", minimum=1)
        return StreamTerms(prefetch, terms is not None, is_asked_for=True)
