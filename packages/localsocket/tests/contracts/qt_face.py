"""Clients in Qt as the contracts need them: in a thread with Qt's event loop, for calls that wait."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from types import TracebackType
from typing import Any, TypeVar, Unpack

from contracts.service_faces import ServingInThread
from contracts.subjects import ClientUnderTest
from localsocket import qt
from localsocket.deadlines import Deadline
from localsocket.errors import CallCancelled, DeadlinePassed, EndOfStream
from localsocket.qt.binding import kind_of_object, qt_core
from localsocket.services.client_core import ClientCore, ClientOptions
from localsocket.services.gap import OnGap
from localsocket.testing import PATIENCE

T = TypeVar("T")


class QtThread:
    """A QThread in which Qt's event loop runs; there has to be a QCoreApplication.

    Signals are connected to functions here. Of a bound method PySide6 keeps a weak reference, and disconnects as soon
    as the object is gone: in whichever thread that is, while Qt may be destroying what emits in its own.
    """

    def __enter__(self) -> QtThread:
        assert qt_core().QCoreApplication.instance() is not None
        begun: Future[None] = Future()
        thread = qt_core().QThread
        self._running = type(thread)("Running", (thread,), {"run": lambda _: self._run(begun)})()
        self._running.start()
        begun.result(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.call(lambda: self._loop.quit())
        self._running.wait()

    def call(self, function: Callable[[], T]) -> T:
        """Call it in the thread, and return or raise what it does; in that thread itself, at once."""
        if threading.get_ident() == self._thread:
            return function()
        given: Future[T] = Future()

        def job() -> None:
            try:
                given.set_result(function())
            except BaseException as error:
                given.set_exception(error)

        self._jobs.wanted.emit(job)
        return given.result(PATIENCE)

    def _run(self, begun: Future[None]) -> None:
        core = qt_core()
        self._thread = threading.get_ident()
        self._loop = core.QEventLoop()
        self._jobs = kind_of_object("Jobs", wanted=1)()
        self._jobs.wanted.connect(lambda job: job(), core.Qt.ConnectionType.QueuedConnection)
        begun.set_result(None)
        self._loop.exec()
        del self._jobs, self._loop  # here, where they were made


class ServingForQt(ServingInThread):
    """A ServerThread, with clients in the loop of `thread`."""

    def __init__(self, thread: QtThread, *, is_async: bool = False) -> None:
        super().__init__(is_async=is_async)
        self._thread = thread

    @contextlib.contextmanager
    def connect(self, address: str, **options: Unpack[ClientOptions]) -> Iterator[ClientUnderTest]:
        client = WaitedClient(self._thread, address, options)
        try:
            yield client
        finally:
            client.close()


class WaitedCalls:
    """The calls of a qt.Client, waited for."""

    def __init__(self, thread: QtThread, calls: Callable[[], qt.Calls]) -> None:
        self._thread = thread
        self._calls = calls

    def call(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any:
        return self.start(method, *arguments, timeout=timeout, **named).result()

    def start(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> WaitedReply:
        return WaitedReply(self._thread, lambda: self._calls().call(method, *arguments, timeout=timeout, **named))

    def stream(self, method: str, /, *arguments: object, **options: Any) -> WaitedItems:
        return WaitedItems(self._thread, lambda: self._calls().stream(method, *arguments, **options))

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> None:
        make = lambda: self._calls().notify(method, *arguments, timeout=timeout, **named)  # noqa: E731
        WaitedReply(self._thread, make).result()

    def subscribe(
        self,
        topic: str,
        kind: Any = Any,
        *,
        resume: bool = False,
        on_gap: OnGap | None = None,
        timeout: float | None = None,
        idle_timeout: float | None = None,
    ) -> WaitedItems:
        if not (on_gap is None or callable(on_gap)):
            raise TypeError("a signal is connected to a function")

        def make() -> qt.Subscription:
            subscription = self._calls().subscribe(topic, kind, resume=resume, idle_timeout=idle_timeout)
            if on_gap is not None:
                subscription.gap.connect(lambda gap: on_gap(gap))
            return subscription

        items = WaitedItems(self._thread, make)
        items.wait_begun(timeout)
        return items

    def describe(self, *, timeout: float | None = None) -> Any:
        return WaitedReply(self._thread, lambda: self._calls().describe(timeout=timeout)).result()

    @property
    def proxy(self) -> Any:
        return WaitedProxy(self._thread, lambda: self._calls().proxy)

    def typed(self, protocol: Callable[..., T], /) -> Any:
        self._thread.call(lambda: self._calls().typed(protocol))  # which raises what is wrong with it
        return WaitedProxy(self._thread, lambda: self._calls().typed(protocol))


class WaitedClient(WaitedCalls):
    """A qt.Client whose calls wait."""

    def __init__(self, thread: QtThread, address: str, options: ClientOptions) -> None:
        super().__init__(thread, lambda: self.qt_client)
        self.qt_client = thread.call(lambda: qt.Client(address, **options))
        told: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

        def open_it() -> None:
            self.qt_client.connected.connect(lambda: told.put(None))
            self.qt_client.disconnected.connect(lambda error: told.put(error))
            self.qt_client.open()

        thread.call(open_it)
        if (error := told.get(timeout=PATIENCE)) is not None:
            self.close()  # nobody else has it yet
            raise error

    @property
    def _core(self) -> ClientCore:
        return self.qt_client._state._core

    def within(self, timeout: float | None) -> WaitedCalls:
        calls = self.qt_client.within(timeout)
        return WaitedCalls(self._thread, lambda: calls)

    def stats(self) -> Any:
        return self.qt_client.stats()

    def close(self) -> None:
        self._thread.call(self.qt_client.close)
        self._thread.call(lambda: None)  # until what it told is told


class WaitedReply:
    """A call whose result is waited for."""

    def __init__(self, thread: QtThread, make: Callable[[], qt.Reply]) -> None:
        self._thread = thread
        self._given: Future[Any] = Future()

        def begin() -> qt.Reply:
            reply = make()
            reply.finished.connect(lambda result: self._given.set_result(result))
            reply.failed.connect(lambda error: self._given.set_exception(error))
            return reply

        self._reply = thread.call(begin)

    def result(self, timeout: float | None = None) -> Any:
        try:
            return self._given.result(timeout)
        except FutureTimeout:
            if self._given.done():
                raise
            raise DeadlinePassed("waiting", timeout) from None

    def cancel(self) -> None:
        self._thread.call(self._reply.cancel)


class WaitedItems:
    """A stream whose items are taken one by one: it is paused between two."""

    def __init__(self, thread: QtThread, make: Callable[[], qt.Stream]) -> None:
        self._thread = thread
        self._news: queue.Queue[tuple[str, Any]] = queue.Queue()  # whose wait() is seen
        self._begun: Future[None] = Future()
        self._end: Exception | None = None

        def begin() -> qt.Stream:
            stream = make()
            stream.pause()
            stream.begun.connect(lambda: self._begun.set_result(None))
            stream.received.connect(lambda item: self._take(item))
            stream.ended.connect(lambda: self._news.put(("end", EndOfStream("another item", 0))))
            stream.failed.connect(lambda error: self._news.put(("end", error)))
            stream.failed.connect(lambda error: self._fail_begun(error))
            return stream

        self.stream = thread.call(begin)

    def wait_begun(self, timeout: float | None) -> None:
        self._begun.result(timeout)

    @property
    def lost(self) -> int:
        assert isinstance(self.stream, qt.Subscription)
        return self.stream.lost

    def receive(self, *, timeout: float | None = None) -> Any:
        deadline = Deadline(timeout)
        if self._end is not None:
            raise self._end
        self._thread.call(self.stream.resume)
        try:
            kind, what = self._news.get(timeout=deadline.remaining())
        except queue.Empty:
            raise deadline.error("waiting for the next item") from None
        if kind == "end":
            self._end = what
            raise what
        return what

    def close(self) -> None:
        self._thread.call(self.stream.close)
        self._end = self._end or CallCancelled("the stream")
        self._news.put(("end", self._end))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self.receive()
        except EndOfStream:
            raise StopIteration from None

    def _fail_begun(self, error: Exception) -> None:
        if not self._begun.done():
            self._begun.set_exception(error)

    def _take(self, item: object) -> None:
        self.stream.pause()
        self._news.put(("item", item))


class WaitedProxy:
    """A proxy whose methods wait."""

    def __init__(self, thread: QtThread, proxy: Callable[[], Any]) -> None:
        self._thread = thread
        self._proxy = proxy

    def __getattr__(self, name: str) -> WaitedProxy:
        return WaitedProxy(self._thread, lambda: getattr(self._proxy(), name))

    def __call__(self, *arguments: object, **named: object) -> Any:
        def begin() -> WaitedItems | WaitedReply:
            """In one step, since what comes is told to whoever has connected to it by then."""
            made: Any = self._thread.call(lambda: self._proxy()(*arguments, **named))
            waited: Any = WaitedItems if isinstance(made, qt.Stream) else WaitedReply
            given: WaitedItems | WaitedReply = waited(self._thread, lambda: made)
            return given

        waited = self._thread.call(begin)
        return waited if isinstance(waited, WaitedItems) else waited.result()
