"""A server on a thread of its own: started, served by a loop or by threads, stopped, and what went wrong in it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

import localsocket
from blocking.recorder import Recorder
from localsocket import EventSocket, Handler, LocalSocket, ServerThread
from localsocket.deadlines import Deadline
from localsocket.errors import BrokenEndpoint, Busy, ClosedByUs, DeadlinePassed, NameTaken, ServerNotFound
from localsocket.serving.connection_threads import ConnectionThreads
from localsocket.testing import PATIENCE, Background, SilentPeer, clog, wait_until


class Echo(Handler):
    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


def echo(socket: LocalSocket) -> None:
    while data := socket.read():
        socket.write(data)


def ask(question: bytes, address: str = "server") -> bytes:
    with localsocket.connect(address, timeout=PATIENCE) as client:
        client.write(question)
        return client.read_exactly(len(question), timeout=PATIENCE)


HANDLERS: dict[str, Handler | Callable[[LocalSocket], object]] = {"loop": Echo(), "threads": echo}


@pytest.fixture(params=HANDLERS.values(), ids=HANDLERS)
def handler(request: pytest.FixtureRequest) -> Any:
    return request.param


# --- both kinds -------------------------------------------------------------------------------------------------------


def test_it_serves_from_start_to_stop(handler: Any) -> None:
    thread = ServerThread("server", handler)
    assert not thread.ready.is_set()
    thread.start()
    assert thread.ready.is_set()
    assert ask(b"hello") == b"hello"
    assert not thread.wait_stopped(0)
    thread.stop()
    assert thread.stopped.is_set()
    assert thread.wait_stopped(0)
    with pytest.raises(ServerNotFound):
        localsocket.connect("server")


def test_as_a_context_manager_it_starts_and_stops(handler: Any) -> None:
    with ServerThread("server", handler) as thread:
        assert ask(b"hello") == b"hello"
        assert (thread.address, thread.server.address) == ("server", "server")
    assert thread.stopped.is_set()


def test_it_takes_the_options_of_listen(handler: Any) -> None:
    options: Any = {"max_connections": 1, "max_connections_per_user": 1}
    with ServerThread("server", handler, **options) as thread, localsocket.connect("server"):
        wait_until(lambda: thread.server.open_connections == 1)
        assert not thread.server._can_accept
    with pytest.raises(ValueError, match="max_connections must"):
        ServerThread("server", handler, max_connections=0).start()


def test_it_serves_a_server_that_listens_already_and_closes_it(handler: Any) -> None:
    server = localsocket.listen("server")
    with ServerThread(server, handler) as thread:
        assert thread.address == "server"
        assert ask(b"hello") == b"hello"
    assert not server.is_listening


def test_a_server_that_listens_already_takes_no_options(handler: Any) -> None:
    with localsocket.listen("server") as server, pytest.raises(TypeError, match="takes no options: backlog, mode"):
        ServerThread(server, handler, backlog=5, mode=0o600)


def test_what_listen_raises_is_raised_by_start(handler: Any) -> None:
    with localsocket.listen("server"):
        thread = ServerThread("server", handler)
        with pytest.raises(NameTaken):
            thread.start()
    thread.start()  # now there is room for it
    thread.stop()


def test_it_is_started_once(handler: Any) -> None:
    with ServerThread("server", handler) as thread, pytest.raises(RuntimeError, match="started only once"):
        thread.start()
    with pytest.raises(RuntimeError, match="started only once"):
        thread.start()


def test_before_its_start_there_is_nothing_to_stop_and_no_server(handler: Any) -> None:
    thread = ServerThread("server", handler)
    thread.stop()
    with pytest.raises(RuntimeError, match="not been started"):
        _ = thread.server


def test_repr_tells_where_it_stands(handler: Any) -> None:
    thread = ServerThread("server", handler)
    assert repr(thread) == "<ServerThread 'server' not started>"
    with thread:
        assert repr(thread) == "<ServerThread 'server' serving>"
    assert repr(thread) == "<ServerThread 'server' stopped>"


def test_stopping_again_and_from_many_threads_is_fine(handler: Any) -> None:
    with ServerThread("server", handler) as thread, localsocket.connect("server", timeout=PATIENCE):
        stoppers = [Background(lambda: thread.stop(timeout=0)) for _ in range(5)]
        for stopper in stoppers:
            stopper.result()
        thread.stop()


def test_stopping_ends_open_connections(handler: Any) -> None:
    with ServerThread("server", handler) as thread, localsocket.connect("server", timeout=PATIENCE) as client:
        client.write(b"x")
        assert client.read(timeout=PATIENCE) == b"x"
        thread.stop(timeout=0.05)
        assert client.wait_disconnected(PATIENCE)
        wait_until(lambda: thread.server.open_connections == 0)  # which is counted once the peer has been told


def test_stopping_waits_no_longer_than_it_may_for_a_peer_that_does_not_read(handler: Any) -> None:
    with ServerThread("server", handler) as thread, SilentPeer("server") as peer:
        peer._sock.sendall(b"x")
        wait_until(lambda: thread.server.open_connections == 1)
        thread.stop(timeout=0)
        assert thread.server.open_connections == 0


@pytest.mark.parametrize("timeout", [-1, float("nan"), "1"])
def test_stop_checks_its_time(handler: Any, timeout: Any) -> None:
    with ServerThread("server", handler) as thread, pytest.raises((ValueError, TypeError), match="timeout must"):
        thread.stop(timeout=timeout)


def test_an_error_in_the_thread_reaches_the_owner(handler: Any) -> None:
    def broken() -> Any:
        raise BrokenEndpoint("accepting", OSError(1, "Operation not permitted"))

    server = localsocket.listen("server")
    server._take_connection = broken  # type: ignore[method-assign]
    thread = ServerThread(server, handler)
    thread.start()
    with contextlib.suppress(ServerNotFound), localsocket.connect("server", timeout=PATIENCE) as client:
        assert thread.wait_stopped(PATIENCE)
        assert client.wait_disconnected(PATIENCE)
    assert isinstance(thread.error, BrokenEndpoint)
    assert not server.is_listening
    with pytest.raises(BrokenEndpoint):
        thread.stop()
    thread.stop()


def test_closing_the_server_alone_keeps_what_is_connected_until_stop(handler: Any) -> None:
    with ServerThread("server", handler) as thread, localsocket.connect("server", timeout=PATIENCE) as client:
        client.write(b"1")
        assert client.read(timeout=PATIENCE) == b"1"
        thread.server.close()
        client.write(b"2")
        assert client.read(timeout=PATIENCE) == b"2"
        assert not thread.wait_stopped(0)


def test_a_number_of_threads_that_nobody_can_serve_with_is_refused(handler: Any) -> None:
    for number in (0, -1, 1.5, True):
        with pytest.raises((ValueError, TypeError), match="max_threads must"):
            ServerThread("server", handler, max_threads=number)  # type: ignore[arg-type]


# --- a loop -----------------------------------------------------------------------------------------------------------


def test_stopping_sends_what_is_unsent() -> None:
    class Generous(Handler):
        def connected(self, socket: EventSocket) -> None:
            socket.write(bytes(1 << 20))

        def ready_read(self, socket: EventSocket) -> None: ...

    with ServerThread("server", Generous()) as thread, localsocket.connect("server", timeout=PATIENCE) as client:
        wait_until(lambda: thread.server.open_connections == 1)
        with Background(lambda: client.read_to_end(timeout=None)) as reader:
            thread.stop(timeout=None)
            assert len(reader.result()) == 1 << 20


def test_the_servers_own_thread_cannot_wait_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    class Suicidal(Recorder):
        def ready_read(self, socket: EventSocket) -> None:
            thread.stop()

    recorder = Suicidal()
    with ServerThread("server", recorder) as thread, localsocket.connect("server", timeout=PATIENCE) as client:
        client.write(b"x")
        recorder.wait_for("disconnected")
        assert thread.server.is_listening
    assert "cannot wait for itself" in caplog.text


def test_an_interrupt_in_a_handler_ends_the_thread_and_reaches_the_owner() -> None:
    class Interrupted(Recorder):
        def ready_read(self, socket: EventSocket) -> None:
            raise KeyboardInterrupt

    recorder = Interrupted()
    thread = ServerThread("server", recorder)
    thread.start()
    with localsocket.connect("server", timeout=PATIENCE) as client:
        client.write(b"x")
        assert thread.wait_stopped(PATIENCE)
        assert client.wait_disconnected(PATIENCE)
    assert recorder.events == ["connected", "disconnected"]
    with pytest.raises(KeyboardInterrupt):
        thread.stop()


def test_a_server_that_another_loop_serves_is_left_to_it() -> None:
    with localsocket.listen("server") as server, ServerThread(server, Echo()):
        with pytest.raises(Busy, match="serves"):
            ServerThread(server, Echo()).start()
        assert ask(b"hello") == b"hello"


def test_a_start_that_fails_after_listening_gives_the_address_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted() -> Any:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("localsocket.serving.server_thread.EventLoop", exhausted)
    with pytest.raises(OSError, match="Too many open files"):
        ServerThread("server", Echo()).start()
    with pytest.raises(ServerNotFound):
        localsocket.connect("server")


# --- one thread for each connection -----------------------------------------------------------------------------------


def test_each_connection_has_a_thread_of_its_own() -> None:
    together = threading.Barrier(5)

    def meet(socket: LocalSocket) -> None:
        together.wait(PATIENCE)
        socket.write(threading.current_thread().name.encode())

    with ServerThread("server", meet):
        clients = [localsocket.connect("server", timeout=PATIENCE) for _ in range(5)]
        for client in clients:
            with client:
                assert client.read_to_end(timeout=PATIENCE) == b"localsocket server"


def test_no_more_threads_are_started_than_allowed() -> None:
    at_work = threading.Semaphore(2)
    begun: list[LocalSocket] = []
    before = set(threading.enumerate())

    def work(socket: LocalSocket) -> None:
        assert at_work.acquire(blocking=False)
        begun.append(socket)
        socket.read_line()
        at_work.release()
        socket.write(b"done")

    with ServerThread("server", work, max_threads=2):
        clients = [localsocket.connect("server", timeout=PATIENCE) for _ in range(5)]
        wait_until(lambda: len(begun) == 2)
        ours = [each for each in set(threading.enumerate()) - before if each.name == "localsocket server"]
        assert len(ours) == 3
        for client in clients:
            client.write(b"go\n")
        for client in clients:
            with client:
                assert client.read_to_end(timeout=PATIENCE) == b"done"


def test_a_function_that_fails_is_logged_and_closes_its_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    def fail(socket: LocalSocket) -> None:
        if socket.read_line() == b"fail":
            raise ZeroDivisionError
        socket.write(b"fine")

    with ServerThread("server", fail):
        with localsocket.connect("server", timeout=PATIENCE) as client:
            client.write(b"fail\n")
            assert client.read_to_end(timeout=PATIENCE) == b""
        with localsocket.connect("server", timeout=PATIENCE) as client:
            client.write(b"work\n")
            assert client.read_to_end(timeout=PATIENCE) == b"fine"
    (record,) = caplog.records
    assert "because its handler failed" in record.getMessage()


def test_a_peer_that_leaves_in_the_middle_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()

    def read(socket: LocalSocket) -> None:
        try:
            socket.read_exactly(10)
        finally:
            ended.set()

    with ServerThread("server", read):
        with localsocket.connect("server", timeout=PATIENCE) as client:
            client.write(b"half")
        assert ended.wait(PATIENCE)
    assert not caplog.records


def test_functions_may_finish_until_the_deadline_and_are_woken_then() -> None:
    ended: list[bytes] = []

    def wait(socket: LocalSocket) -> None:
        try:
            socket.read_line()
            ended.append(b"finished")
        except ClosedByUs:
            ended.append(b"woken")
            raise

    with (
        ServerThread("server", wait) as thread,
        localsocket.connect("server", timeout=PATIENCE) as one,
        localsocket.connect("server", timeout=PATIENCE),
    ):
        wait_until(lambda: thread.server.open_connections == 2)
        stopper = Background(lambda: thread.stop(timeout=PATIENCE))
        wait_until(lambda: not thread.server.is_listening)
        one.write(b"\n")
        wait_until(lambda: ended == [b"finished"])
        assert not stopper.is_done
        thread.stop(timeout=0)
        stopper.result()
    assert ended == [b"finished", b"woken"]


def test_stopping_wakes_the_thread_that_waits_for_a_place() -> None:
    with ServerThread("server", echo, max_threads=1) as thread, localsocket.connect("server", timeout=PATIENCE):
        wait_until(lambda: thread.server.open_connections == 1)
        thread.stop(timeout=0)


def test_a_connection_accepted_just_before_the_end_is_woken_too() -> None:
    server = localsocket.listen("server")
    threads = ConnectionThreads(server, echo, 5)
    with localsocket.connect("server") as client:
        accepted = server.accept(timeout=PATIENCE)
        threads.stop(Deadline(0))  # which cannot know of it
        threads._start(accepted)
        server.close()
        threads.run()
        assert client.wait_disconnected(PATIENCE)


def test_a_connection_that_gets_no_thread_is_closed_and_the_server_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with ServerThread("server", echo, max_threads=1):
        start = threading.Thread.start
        refusals = iter([True])

        def refuse_once(thread: threading.Thread) -> None:
            if thread.name == "localsocket server" and next(refusals, False):
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", refuse_once)
        with localsocket.connect("server", timeout=PATIENCE) as client:
            assert client.wait_disconnected(PATIENCE)
        assert ask(b"hello") == b"hello"
    assert "gets no thread: can't start new thread" in caplog.text


def test_a_function_whose_last_bytes_nobody_takes_is_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(LocalSocket.close, "__kwdefaults__", {"timeout": 0})

    def talk(socket: LocalSocket) -> None:
        clog(socket)
        socket.write_nowait(b"unheard")

    with ServerThread("server", talk), SilentPeer("server") as peer:
        wait_until(lambda: caplog.records)
        assert peer is not None
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], DeadlinePassed)
