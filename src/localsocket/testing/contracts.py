"""What every stream and every listener has to keep, written once for all faces, and for yours.

A contract is a sequence of claims. Each claim is a function of one face, sets up what it needs, and raises
AssertionError, or what the face raised, where the face does not keep it. With pytest:

    @pytest.mark.parametrize("claim", stream_contract)
    def test_my_stream(claim):
        claim(MyFace())

A face adapts what is under test to the few calls below, which are LocalSocket's and LocalServer's own, so that a
blocking face needs no adapter. What does not block is waited for by its adapter: see localsocket.testing.faces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar, overload

from localsocket.interfaces import Limits

Subject = TypeVar("Subject")
Error = TypeVar("Error", bound=BaseException)


class Contract(Sequence[Callable[[Subject], None]]):
    """Claims about one kind of thing, in the order they were made."""

    def __init__(self) -> None:
        self._claims: list[Callable[[Subject], None]] = []

    def claim(self, function: Callable[[Subject], None]) -> Callable[[Subject], None]:
        """Add a claim; for use as a decorator."""
        self._claims.append(function)
        return function

    def check(self, subject: Subject) -> None:
        """Examine every claim, and raise one ExceptionGroup with all that do not hold."""
        broken: list[Exception] = []
        for claim in self._claims:
            try:
                claim(subject)
            except Exception as error:
                error.add_note(f"claim: {claim.__name__.replace('_', ' ')}")
                broken.append(error)
        if broken:
            raise ExceptionGroup(f"{len(broken)} of {len(self._claims)} claims do not hold", broken)

    def __len__(self) -> int:
        return len(self._claims)

    @overload
    def __getitem__(self, index: int) -> Callable[[Subject], None]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Callable[[Subject], None]]: ...
    def __getitem__(self, index: int | slice) -> Callable[[Subject], None] | Sequence[Callable[[Subject], None]]:
        return self._claims[index]


def raises(kind: type[Error] | tuple[type[Error], ...], call: Callable[[], object]) -> Error:
    """Return the error of that kind which the call raises; AssertionError when it raises none."""
    try:
        result = call()
    except kind as error:
        return error
    raise AssertionError(f"it returned {result!r} and should have raised {kind}")


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
