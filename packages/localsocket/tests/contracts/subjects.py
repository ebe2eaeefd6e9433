"""What the claims ask of streams, listeners, message sockets and services, of whichever face.

A face adapts what is under test to the few calls below, which are those of LocalSocket, LocalServer, MessageSocket and
Client, so that a blocking face needs no adapter. What does not block is waited for by its adapter: see faces.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

from localsocket.blocking.local_socket import LocalSocket
from localsocket.deadlines import Deadline
from localsocket.errors import DeadlinePassed
from localsocket.interfaces import Limits
from localsocket.services.client_core import ClientOptions
from localsocket.services.description import ServiceDescription
from localsocket.services.gap import Gap
from localsocket.services.service import Service
from localsocket.services.stats import ClientStats
from localsocket.testing import PATIENCE
from localsocket.wire.serializers import SerializerName

Subject = TypeVar("Subject")
Given = TypeVar("Given")


def in_time(call: Callable[[], Given]) -> Given:
    """Return what the call returns, made again where it was late: for a time-out too short for a slow moment."""
    end = Deadline(PATIENCE)
    while True:
        try:
            return call()
        except DeadlinePassed:
            if end.has_passed():
                raise


class StreamUnderTest(Protocol):
    """One end of a connection. The errors are those of localsocket.errors."""

    def write(self, data: bytes, *, timeout: float) -> None:
        """Return when the kernel has taken all; DeadlinePassed tells in `queued` how much is kept to be sent."""

    def read(self, max_bytes: int | None = None, *, timeout: float) -> bytes:
        """Return what is there, at least one byte; b"" at the end of the stream."""

    def read_exactly(self, count: int, *, timeout: float) -> bytes: ...

    def read_line(self, *, timeout: float) -> bytes: ...

    def shutdown_write(self, *, timeout: float) -> None: ...

    def wait_disconnected(self, timeout: float) -> bool: ...

    def close(self, *, timeout: float) -> None:
        """Send what is unsent, then close."""

    def abort(self) -> None: ...


class StreamFace(Protocol):
    """Makes streams of one kind."""

    def connected_pair(
        self, *, limits: Limits = ..., kernel_buffer: int | None = ...
    ) -> AbstractContextManager[tuple[StreamUnderTest, StreamUnderTest]]:
        """Give two streams connected to each other; see localsocket.testing.connected_pair."""


class ListenerUnderTest(Protocol):
    """Something that listens at an address."""

    def accept(self, *, timeout: float) -> StreamUnderTest: ...

    def close(self) -> None: ...


class ListenerFace(Protocol):
    """Makes listeners of one kind, and streams connected to them."""

    def listen(self, address: str) -> AbstractContextManager[ListenerUnderTest]: ...

    def connect(self, address: str, *, timeout: float) -> AbstractContextManager[StreamUnderTest]: ...


class MessageOptions(TypedDict, total=False):
    """The keyword arguments of MessageSocket()."""

    serializer: SerializerName
    kind: Any
    max_message: int


class MessagesUnderTest(Protocol):
    """One end of an exchange of messages."""

    def send(self, message: object, *, timeout: float) -> None: ...

    def receive(self, *, timeout: float) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def shutdown_write(self, *, timeout: float) -> None: ...

    def close(self, *, timeout: float) -> None: ...

    def abort(self) -> None: ...


class MessageFace(Protocol):
    """Makes ends that exchange messages."""

    def message_pair(
        self, one: MessageOptions, other: MessageOptions | None = None, *, kernel_buffer: int | None = None
    ) -> AbstractContextManager[tuple[MessagesUnderTest, MessagesUnderTest]]:
        """Give two ends, with the same options if there are no others; both have sent their greetings."""

    def message_end(self, options: MessageOptions) -> AbstractContextManager[tuple[MessagesUnderTest, StreamUnderTest]]:
        """Give one end, and a stream that is connected to it, for what no end of messages would send."""


class PendingUnderTest(Protocol):
    """A call that was started."""

    def result(self, timeout: float | None = None) -> Any: ...

    def cancel(self) -> object: ...


class ItemsUnderTest(Protocol):
    """The items of a stream."""

    def receive(self, *, timeout: float | None = None) -> Any: ...

    def close(self) -> None: ...

    def __iter__(self) -> Iterator[Any]: ...

    def __next__(self) -> Any: ...


class SubscriptionUnderTest(ItemsUnderTest, Protocol):
    """The messages of a topic."""

    @property
    def lost(self) -> int: ...


class CallsUnderTest(Protocol):
    """The ways to call a service; what they are given and what they give is as for localsocket.Client."""

    def call(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any: ...

    def start(
        self, method: str, /, *arguments: object, timeout: float | None = None, **named: object
    ) -> PendingUnderTest: ...

    def stream(
        self,
        method: str,
        /,
        *arguments: object,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        prefetch: int | None = None,
        **named: object,
    ) -> ItemsUnderTest: ...

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> None: ...

    def subscribe(
        self,
        topic: str,
        kind: Any = ...,
        *,
        resume: bool = ...,
        on_gap: Callable[[Gap], object] | None = ...,
        timeout: float | None = None,
        idle_timeout: float | None = None,
    ) -> SubscriptionUnderTest: ...

    def describe(self, *, timeout: float | None = None) -> ServiceDescription: ...

    @property
    def proxy(self) -> Any: ...

    def typed(self, protocol: Callable[..., Subject], /) -> Subject: ...


class ClientUnderTest(CallsUnderTest, Protocol):
    """A client of a service."""

    def within(self, timeout: float | None) -> CallsUnderTest: ...

    def stats(self) -> ClientStats: ...

    def close(self) -> None: ...


class ServingUnderTest(Protocol):
    """A service that is being served."""

    def stop(self, *, timeout: float | None = ...) -> None:
        """Let the calls that are under way finish until `timeout`, then end them."""


class ServiceFace(Protocol):
    """Serves services in one way, and connects clients of one kind to them."""

    @property
    def is_async(self) -> bool:
        """Whether the methods of what it serves are coroutine functions and async generators."""

    def serve(self, service: Service, address: str) -> AbstractContextManager[ServingUnderTest]:
        """Serve it, and stop at the end."""

    def connect(self, address: str, **options: Unpack[ClientOptions]) -> AbstractContextManager[ClientUnderTest]:
        """Give a client, which is connected, and closed at the end."""

    def line(self, address: str) -> AbstractContextManager[LocalSocket]:
        """Give what a client has beneath it, for frames that no client would send."""
