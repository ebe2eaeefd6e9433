"""However a server ends, and whoever ends it: stop() keeps its time, what happened is told, and the program ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import localsocket
from localsocket import Client, Handler, LocalSocket, ServerThread, Service, aio, connect
from localsocket.errors import CallFailed, ClosedByPeer, DeadlinePassed, ServerNotFound
from localsocket.testing import PATIENCE, Background, wait_until
from programs import Program
from services.conftest import ADDRESS

NO_THREAD = "can't start new thread"


def service_of(kind: str, *methods: Callable[..., object]) -> Service:
    """Return a service of these methods, which is served by threads or by asyncio."""
    service = Service("ending")
    for method in methods:
        service.method(method)
    if kind == "asyncio":

        @service.method
        async def anything() -> None: ...

    return service


def one() -> int:
    return 1


@pytest.fixture(params=["plain", "asyncio"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[..., contextlib.AbstractContextManager[None]]:
    """Return what lets no thread be started, or only so many, inside a `with` block."""
    start = threading.Thread.start

    @contextlib.contextmanager
    def scarce(left: int = 0, error: type[Exception] = RuntimeError) -> Iterator[None]:
        def start_one(thread: threading.Thread) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise error(NO_THREAD)
            start(thread)

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start_one)
            yield

    return scarce


# --- from within ------------------------------------------------------------------------------------------------------


def test_a_plain_method_may_end_its_server_and_its_caller_has_the_answer(kind: str) -> None:
    def leave(seconds: float) -> str:
        time.sleep(seconds)
        server.stop(timeout=PATIENCE)
        return "goodbye"

    for seconds in (0.0, 0.05):  # where it arrives, and in a thread that has lost the loop
        server = ServerThread(ADDRESS, service_of(kind, leave))
        server.start()
        with Client(ADDRESS) as client:
            assert client.call("leave", seconds, timeout=PATIENCE) == "goodbye"
            assert server.wait_stopped(PATIENCE)
            assert server.error is None
            server.stop()
            with pytest.raises(ClosedByPeer):
                client.call("leave", 0.0)


def test_a_coroutine_may_end_its_server_and_its_caller_has_the_answer() -> None:
    service = Service("ending")

    @service.method
    async def leave() -> str:
        server.stop(timeout=PATIENCE)
        return "goodbye"

    server = ServerThread(ADDRESS, service)
    server.start()
    with Client(ADDRESS) as client:
        assert client.call("leave", timeout=PATIENCE) == "goodbye"
        assert server.wait_stopped(PATIENCE)
    server.stop()


async def test_a_coroutine_that_aio_serves_may_end_its_server_and_its_caller_has_the_answer() -> None:
    service = Service("ending")

    @service.method
    async def leave() -> str:
        await serving.stop(timeout=PATIENCE)
        return "goodbye"

    async with aio.serve(ADDRESS, service) as serving, aio.Client(ADDRESS) as client:
        assert await client.call("leave", timeout=PATIENCE) == "goodbye"
        assert await serving.wait_stopped(PATIENCE)


async def test_a_handler_that_aio_serves_may_end_its_server() -> None:
    async def leave(socket: aio.LocalSocket) -> None:
        await serving.stop(timeout=PATIENCE)
        await socket.write(b"goodbye")

    async with aio.serve(ADDRESS, leave) as serving:
        async with aio.connect(ADDRESS) as socket:
            assert await socket.read_to_end(timeout=PATIENCE) == b"goodbye"
        assert await serving.wait_stopped(PATIENCE)


def test_a_function_of_one_connection_may_end_its_server() -> None:
    def leave(socket: LocalSocket) -> None:
        server.stop(timeout=PATIENCE)
        socket.write(b"goodbye")

    server = ServerThread(ADDRESS, leave)
    server.start()
    with localsocket.connect(ADDRESS) as socket:
        assert socket.read_to_end(timeout=PATIENCE) == b"goodbye"
    assert server.wait_stopped(PATIENCE)
    server.stop()


def test_what_else_is_under_way_has_the_time_that_a_method_gives(kind: str) -> None:
    may_go_on = threading.Event()

    def leave() -> None:
        server.stop(timeout=PATIENCE)

    def hold() -> str:
        may_go_on.wait(PATIENCE)
        return "held"

    server = ServerThread(ADDRESS, service_of(kind, leave, hold))
    server.start()
    with Client(ADDRESS) as client, Client(ADDRESS) as other:
        held = other.start("hold")
        assert client.call("leave", timeout=PATIENCE) is None
        wait_until(lambda: not server.server.is_listening, "the server to be closed")
        may_go_on.set()
        assert held.result(PATIENCE) == "held"
        assert server.wait_stopped(PATIENCE)
    server.stop()


def test_a_server_that_is_stopped_while_it_lets_somebody_in_ends_well(kind: str) -> None:
    def stop_and_let_in(peer: localsocket.PeerCredentials) -> bool:
        server.stop(timeout=PATIENCE)  # so that the connection is there, and nothing has begun for it
        return True

    server = ServerThread(ADDRESS, service_of(kind, one), authorize=stop_and_let_in)
    server.start()
    with pytest.raises(ClosedByPeer), Client(ADDRESS) as client:
        client.call("one", timeout=PATIENCE)
    assert server.wait_stopped(PATIENCE)
    assert server.error is None
    server.stop()


# --- threads that cannot be had ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError, MemoryError])
def test_where_no_thread_can_be_started_calls_wait_and_the_service_goes_on(
    kind: str, no_threads: Any, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    naps = threading.Event()

    def nap(seconds: float) -> str:
        naps.wait(seconds)
        return "slept"

    with ServerThread(ADDRESS, service_of(kind, nap)) as server, Client(ADDRESS) as client, Client(ADDRESS) as other:
        assert client.call("nap", 0.0, timeout=PATIENCE) == "slept"
        with no_threads(error=error):
            long = client.start("nap", PATIENCE, timeout=PATIENCE)
            waiting = other.start("nap", 0.0, timeout=PATIENCE)
            if kind == "plain":
                wait_until(lambda: NO_THREAD in caplog.text, "a thread to be wanted")
            naps.set()
            assert long.result() == waiting.result() == "slept"
        naps.clear()
        long = client.start("nap", PATIENCE)
        assert other.call("nap", 0.0, timeout=PATIENCE) == "slept"  # as soon as threads can be had again
        naps.set()
        assert long.result() == "slept"
        assert server.error is None


def test_a_call_for_which_there_is_no_thread_at_all_is_told_so(no_threads: Any) -> None:
    with ServerThread(ADDRESS, service_of("asyncio", one)) as server, Client(ADDRESS) as client:
        with no_threads(), pytest.raises(CallFailed):
            client.call("one", timeout=PATIENCE)
        assert client.call("one", timeout=PATIENCE) == 1
        assert server.error is None


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_server_that_gets_too_few_threads_to_begin_says_so_and_is_over(left: int, no_threads: Any) -> None:
    server = ServerThread(ADDRESS, service_of("plain", one))
    with no_threads(left):
        if left == 0:
            with pytest.raises(RuntimeError, match=NO_THREAD):
                server.start()
        else:
            server.start()
        assert server.wait_stopped(PATIENCE)
    if left:
        assert str(server.error) == NO_THREAD
        with pytest.raises(RuntimeError, match=NO_THREAD):
            server.stop()
    server.stop()
    localsocket.listen(ADDRESS).close()


@pytest.mark.parametrize("handler", [lambda socket: None, Handler, "coroutine"])
def test_a_start_without_a_thread_leaves_nothing_behind(handler: Any, no_threads: Any) -> None:
    class Nothing(Handler):
        def ready_read(self, socket: localsocket.EventSocket) -> None: ...

    async def nothing(socket: aio.LocalSocket) -> None: ...

    chosen = nothing if handler == "coroutine" else Nothing() if handler is Handler else handler
    server = ServerThread(ADDRESS, chosen)
    with no_threads(), pytest.raises(RuntimeError, match=NO_THREAD):
        server.start()
    assert server.stopped.is_set()
    localsocket.listen(ADDRESS).close()


# --- functions that do not return -------------------------------------------------------------------------------------


def test_a_function_that_does_not_return_is_left_alone_and_told_of(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    gate, runs = threading.Event(), threading.Event()

    def hold() -> None:
        runs.set()
        gate.wait(PATIENCE)

    try:
        server = ServerThread(ADDRESS, service_of(kind, hold))
        server.start()
        with Client(ADDRESS) as client:
            held = client.start("hold")
            assert runs.wait(PATIENCE)
            server.stop(timeout=0)
            assert server.stopped.is_set()
            assert server.error is None
            with pytest.raises(ClosedByPeer):
                held.result(PATIENCE)
        assert "service 'ending' stops while 1 functions are still running" in caplog.text
    finally:
        gate.set()


def test_stopping_waits_for_a_function_whose_client_has_gone(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    gate, runs, returned = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        runs.set()
        gate.wait(PATIENCE)
        returned.set()

    service = service_of(kind, hold)
    server = ServerThread(ADDRESS, service)
    server.start()
    try:
        with Client(ADDRESS) as client:
            client.start("hold")
            assert runs.wait(PATIENCE)
        wait_until(lambda: service.stats().open_connections == 0)
        with Background(lambda: server.stop(timeout=PATIENCE)) as stopping:
            wait_until(lambda: not os.path.exists(localsocket.parse_address(ADDRESS).location))
            gate.set()
            stopping.result()
    finally:
        gate.set()
    assert returned.is_set()
    assert "functions are still running" not in caplog.text


class Held:
    """Handlers that hold up the loop of all, or do not let themselves be cancelled, until `gate` is set."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.holds = threading.Event()

    @property
    def handler(self) -> Handler:
        held = self

        class Blocking(Handler):
            def ready_read(self, socket: localsocket.EventSocket) -> None:
                held.hold()
                socket.read_available()

        return Blocking()

    async def blocking(self, socket: aio.LocalSocket) -> None:
        await socket.read()
        self.hold()

    async def going_on(self, socket: aio.LocalSocket) -> None:
        await socket.read()
        self.holds.set()
        while not self.gate.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    def hold(self) -> None:
        self.holds.set()
        self.gate.wait(PATIENCE)


@pytest.mark.long
@pytest.mark.parametrize("which", ["handler", "blocking", "going_on"])
def test_a_thread_that_is_held_up_is_left_behind_and_its_connections_are_cut(which: str) -> None:
    held = Held()
    server = ServerThread(ADDRESS, getattr(held, which))
    server.start()
    try:
        with localsocket.connect(ADDRESS) as socket:
            socket.write(b"x")
            assert held.holds.wait(PATIENCE)
            server.stop(timeout=0.05)
            assert server.stopped.is_set()
            assert isinstance(server.error, DeadlinePassed)
            assert socket.wait_disconnected(PATIENCE)
            server.stop()
    finally:
        held.gate.set()
    assert server._thread is not None
    server._thread.join(PATIENCE)


async def test_handlers_that_go_on_although_they_are_cancelled_are_left_alone_and_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    held = Held()
    async with aio.serve(ADDRESS, held.going_on) as serving:
        async with aio.connect(ADDRESS) as socket:
            await socket.write(b"x")
            assert await asyncio.to_thread(held.holds.wait, PATIENCE)
            await serving.stop(timeout=0)
            assert "stops while 1 handlers are still running, although they were cancelled" in caplog.text
            assert await socket.wait_disconnected(PATIENCE)
        held.gate.set()
        assert await serving.wait_stopped(PATIENCE)


# --- the end of the program -------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.may_leave("files", reason="who does not stop, or whose descriptors are closed, cannot remove its files")
@pytest.mark.parametrize("way", ["stop", "no-stop", "atexit", "closerange", "interrupt", "main-ended"])
@pytest.mark.parametrize("server", ["plain", "asyncio", "function"])
def test_a_program_can_leave_in_the_midst_of_serving(server: str, way: str) -> None:
    if way == "main-ended" and server != "function" and sys.version_info[:2] == (3, 12):
        pytest.skip(
            "CPython 3.12 starts no thread once the main thread has ended, so none can go on for one that is held up"
        )
    with Program("leave.py", server, way) as program:
        told = program.end()
    if way == "no-stop":
        assert told == ["leaves"]
        return
    [outcome] = told
    assert outcome["stopped"]
    if way == "closerange":
        # None where the thread came to look whether it should stop before it came to what was closed.
        assert outcome["error"] in ("OSError", "DeadlinePassed", "BrokenEndpoint", None)
    else:
        assert outcome["error"] is None


# --- when nobody is there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handler", [Service("idle"), LocalSocket.read_available], ids=["service", "function"])
def test_a_server_leaves_when_nobody_has_been_connected_for_its_time(handler: Any) -> None:
    with ServerThread(ADDRESS, handler, idle_timeout=0.05) as server:
        assert server.wait_stopped(PATIENCE)
        with pytest.raises(ServerNotFound):
            connect(ADDRESS)


@contextlib.contextmanager
def somebody_there(service: Service) -> Iterator[tuple[ServerThread, Client, float]]:
    """A server, a client that connected before the time of the server was over, and more than that time.

    The time is short, and longer where the machine is too busy to connect in it.
    """
    for idle_timeout in (0.02, 0.2, 2.0, 20.0):
        with ServerThread(ADDRESS, service, idle_timeout=idle_timeout) as server:
            client = Client(ADDRESS)
            try:
                client.open()
            except OSError:
                continue
            with client:
                yield server, client, 5 * idle_timeout
            return


def test_a_server_stays_as_long_as_somebody_is_connected(kind: str) -> None:
    with somebody_there(service_of(kind, one)) as (server, client, longer):
        assert not server.wait_stopped(longer)
        assert client.call("one") == 1
        client.close()
        assert server.wait_stopped(PATIENCE)


def test_a_server_stays_for_a_notification_whose_sender_has_gone(kind: str) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(PATIENCE)

    with somebody_there(service_of(kind, work)) as (server, client, longer):
        client.notify("work")
        assert begun.wait(PATIENCE)
        client.close()
        assert not server.wait_stopped(longer)
        go_on.set()
        assert server.wait_stopped(PATIENCE)


@pytest.mark.long
def test_no_client_that_can_wait_is_turned_away_by_a_server_that_leaves(kind: str) -> None:
    """Each of many servers leaves at once; its client asks at whatever moment, and is answered by it or by the next."""
    service = service_of(kind, one)
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            with ServerThread(ADDRESS, service, idle_timeout=0.002) as server:
                server.wait_stopped(PATIENCE)

    with Background(serve):
        for _ in range(100):
            with Client(ADDRESS, wait_for_server=True, timeout=PATIENCE) as client:
                assert client.call("one") == 1
        stopping.set()


def test_no_time_at_all_is_no_idle_timeout() -> None:
    with pytest.raises(ValueError, match="idle_timeout"):
        ServerThread(ADDRESS, Service("idle"), idle_timeout=0)
