"""A ServerThread whose handler is a coroutine function: an asyncio loop of its own, on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import sys
import threading
from typing import Any

import pytest

import localsocket
from localsocket import ServerThread, aio
from localsocket.deadlines import Deadline
from localsocket.errors import (
    BrokenEndpoint,
    Busy,
    ClosedByUs,
    DeadlinePassed,
    NameTaken,
    ServerNotFound,
    UnsuitableHandler,
)
from localsocket.serving.coroutine_serving import CoroutineServing
from localsocket.testing import PATIENCE, Background, ServerUnderTest, SilentPeer, clog, server_contract, wait_until


async def echo(socket: aio.LocalSocket) -> None:
    while data := await socket.read():
        await socket.write(data)


def ask(question: bytes) -> bytes:
    with localsocket.connect("server", timeout=PATIENCE) as client:
        client.write(question)
        return client.read_exactly(len(question), timeout=PATIENCE)


# --- beginning --------------------------------------------------------------------------------------------------------


def test_it_serves_from_start_to_stop() -> None:
    thread = ServerThread("server", echo)
    assert not thread.ready.is_set()
    thread.start()
    assert thread.ready.is_set()
    assert ask(b"hello") == b"hello"
    assert not thread.wait_stopped(0)
    thread.stop()
    assert thread.wait_stopped(0)
    thread.stop()
    with pytest.raises(ServerNotFound):
        localsocket.connect("server")


def test_it_takes_the_options_of_listen() -> None:
    with (
        ServerThread("server", echo, max_connections=1, max_connections_per_user=1) as thread,
        localsocket.connect("server"),
    ):
        wait_until(lambda: thread.server.open_connections == 1)
        assert not thread.server._can_accept


def test_it_serves_a_server_that_listens_already_and_closes_it() -> None:
    server = localsocket.listen("server")
    with ServerThread(server, echo) as thread:
        assert thread.server is server
        assert ask(b"hello") == b"hello"
    assert not server.is_listening


def test_what_listen_raises_is_raised_by_start() -> None:
    with localsocket.listen("server"), pytest.raises(NameTaken):
        ServerThread("server", echo).start()


def test_a_server_that_is_served_already_is_left_to_who_serves_it() -> None:
    with localsocket.listen("server") as server, ServerThread(server, echo):
        with pytest.raises(Busy, match="serves 'server' already"):
            ServerThread(server, echo).start()
        assert ask(b"hello") == b"hello"


def test_what_is_stopped_or_closed_right_after_its_start_has_served() -> None:
    for _ in range(20):
        thread = ServerThread("server", echo)
        thread.start()
        thread.stop()
        with ServerThread("server", echo) as thread:
            thread.server.close()


async def too_many(socket: aio.LocalSocket, more: object) -> None: ...


async def too_few() -> None: ...


@pytest.mark.parametrize("handler", [too_many, too_few])
def test_a_coroutine_function_that_cannot_serve_is_refused_at_once(handler: Any) -> None:
    with pytest.raises(UnsuitableHandler, match="cannot be called with one socket"):
        ServerThread("server", handler)


def test_all_connections_have_one_thread_and_tasks_of_their_own() -> None:
    tasks: set[object] = set()
    threads: set[int] = set()

    async def note(socket: aio.LocalSocket) -> None:
        tasks.add(asyncio.current_task())
        threads.add(threading.get_ident())
        await socket.read()

    with ServerThread("server", note):
        clients = [localsocket.connect("server") for _ in range(5)]
        wait_until(lambda: len(tasks) == 5)
        for client in clients:
            client.close()
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


# --- stopping ---------------------------------------------------------------------------------------------------------


def test_handlers_may_finish_until_the_deadline() -> None:
    async def answer(socket: aio.LocalSocket) -> None:
        await socket.write(await socket.read_line())

    with ServerThread("server", answer) as thread, localsocket.connect("server", timeout=PATIENCE) as client:
        wait_until(lambda: thread.server.open_connections == 1)
        stopper = Background(lambda: thread.stop(timeout=None))
        wait_until(lambda: not thread.server.is_listening)
        assert not stopper.is_done
        client.write(b"finish\n")
        assert client.read_to_end(timeout=PATIENCE) == b"finish"
        stopper.result()


def test_handlers_are_cancelled_at_the_deadline() -> None:
    ended: list[type[BaseException]] = []

    async def wait(socket: aio.LocalSocket) -> None:
        try:
            await socket.read()
        except BaseException as error:
            ended.append(type(error))
            raise

    with ServerThread("server", wait) as thread, localsocket.connect("server", timeout=PATIENCE) as client:
        wait_until(lambda: thread.server.open_connections == 1)
        thread.stop(timeout=0.01)
        assert client.read(timeout=PATIENCE) == b""
    assert ended == [asyncio.CancelledError]
    assert thread.server.open_connections == 0


def test_stopping_waits_no_longer_than_it_may_for_a_peer_that_does_not_read() -> None:
    async def talk(socket: aio.LocalSocket) -> None:
        clog(socket)
        await socket.write(b"unheard")

    with ServerThread("server", talk) as thread, SilentPeer("server"):
        wait_until(lambda: thread.server.open_connections == 1)
        thread.stop(timeout=0)
        assert thread.server.open_connections == 0


def test_stopping_sends_what_is_unsent() -> None:
    async def give(socket: aio.LocalSocket) -> None:
        await socket.write(bytes(1 << 20))

    with ServerThread("server", give) as thread, localsocket.connect("server", timeout=PATIENCE) as client:
        wait_until(lambda: thread.server.open_connections == 1)
        with Background(lambda: client.read_to_end(timeout=PATIENCE)) as reader:
            thread.stop(timeout=None)
            assert len(reader.result()) == 1 << 20


def test_stopping_from_many_threads_is_fine() -> None:
    with ServerThread("server", echo) as thread, localsocket.connect("server"):
        wait_until(lambda: thread.server.open_connections == 1)
        stoppers = [Background(lambda: thread.stop(timeout=0)) for _ in range(5)]
        for stopper in stoppers:
            stopper.result()


def test_stopping_one_that_has_ended_by_itself_is_fine() -> None:
    """The loop may end between the moments in which stop() looks, and in which it tells."""
    server = localsocket.listen("server")
    serving = CoroutineServing(server, echo)
    with Background(serving.run):
        server.close()
    serving.stop(Deadline(0))


def test_its_own_thread_cannot_wait_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    async def stop(socket: aio.LocalSocket) -> None:
        thread.stop()

    with ServerThread("server", stop) as thread, localsocket.connect("server", timeout=PATIENCE) as client:
        assert client.read(timeout=PATIENCE) == b""
        assert thread.server.is_listening
    assert "cannot wait for itself" in caplog.text


def test_closing_the_server_alone_keeps_what_is_connected_until_stop() -> None:
    with ServerThread("server", echo) as thread, localsocket.connect("server", timeout=PATIENCE) as client:
        client.write(b"1")
        assert client.read(timeout=PATIENCE) == b"1"
        thread.server.close()
        client.write(b"2")
        assert client.read(timeout=PATIENCE) == b"2"
        assert not thread.wait_stopped(0)


def test_closing_the_server_without_connections_ends_the_thread() -> None:
    thread = ServerThread("server", echo)
    thread.start()
    thread.server.close()
    assert thread.wait_stopped(PATIENCE)
    thread.stop()


def test_the_server_is_paused_and_goes_on_from_any_thread() -> None:
    with ServerThread("server", echo) as thread:
        thread.server.pause()
        with localsocket.connect("server") as client:
            client.write(b"hello")
            with pytest.raises(DeadlinePassed):
                client.read(timeout=0.02)
            assert thread.server.open_connections == 0
            thread.server.resume()
            assert client.read(timeout=PATIENCE) == b"hello"


# --- trouble ----------------------------------------------------------------------------------------------------------


def test_a_handler_that_fails_is_logged_and_closes_its_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(socket: aio.LocalSocket) -> None:
        if await socket.read_line() == b"fail":
            raise ZeroDivisionError
        await socket.write(b"fine")

    with ServerThread("server", fail):
        for line, answer in ((b"fail\n", b""), (b"work\n", b"fine")):
            with localsocket.connect("server", timeout=PATIENCE) as client:
                client.write(line)
                assert client.read_to_end(timeout=PATIENCE) == answer
    (record,) = caplog.records
    assert "because its handler failed" in record.getMessage()


def broken() -> Any:
    raise BrokenEndpoint("accepting", OSError(1, "Operation not permitted"))


def test_an_error_in_the_thread_reaches_the_owner() -> None:
    server = localsocket.listen("server")
    server._take_connection = broken  # type: ignore[method-assign]
    thread = ServerThread(server, echo)
    thread.start()
    with contextlib.suppress(ServerNotFound), localsocket.connect("server", timeout=PATIENCE) as client:
        assert thread.wait_stopped(PATIENCE)
        assert client.wait_disconnected(PATIENCE)
    assert isinstance(thread.error, BrokenEndpoint)
    assert not server.is_listening
    with pytest.raises(BrokenEndpoint):
        thread.stop()
    thread.stop()


def test_an_error_while_handlers_are_busy_lets_them_finish_and_is_raised_as_it_is() -> None:
    server = localsocket.listen("server")
    thread = ServerThread(server, echo)
    thread.start()
    with localsocket.connect("server", timeout=PATIENCE) as client:
        client.write(b"1")
        assert client.read(timeout=PATIENCE) == b"1"
        server._take_connection = broken  # type: ignore[method-assign]
        with localsocket.connect("server", timeout=PATIENCE) as second:
            assert second.wait_disconnected(PATIENCE)
        client.write(b"2")
        assert client.read(timeout=PATIENCE) == b"2"
        assert not thread.wait_stopped(0)
        with pytest.raises(BrokenEndpoint):
            thread.stop(timeout=0)
        assert client.read(timeout=PATIENCE) == b""


def test_an_interrupt_in_a_handler_ends_the_thread_and_reaches_the_owner() -> None:
    async def interrupted(socket: aio.LocalSocket) -> None:
        await socket.read()
        raise KeyboardInterrupt

    thread = ServerThread("server", interrupted)
    thread.start()
    with localsocket.connect("server", timeout=PATIENCE) as client:
        client.write(b"x")
        assert thread.wait_stopped(PATIENCE)
        assert client.wait_disconnected(PATIENCE)
    with pytest.raises(KeyboardInterrupt):
        thread.stop()
    assert thread.server.open_connections == 0
    gc.collect()  # asyncio logs that nobody asked the task itself


def test_a_peer_that_leaves_in_the_middle_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()

    async def read(socket: aio.LocalSocket) -> None:
        try:
            await socket.read_exactly(10)
        finally:
            ended.set()

    with ServerThread("server", read):
        with localsocket.connect("server", timeout=PATIENCE) as client:
            client.write(b"half")
        assert ended.wait(PATIENCE)
    assert not caplog.records


def test_a_socket_that_outlives_its_thread_is_closed() -> None:
    kept: list[aio.LocalSocket] = []

    async def keep(socket: aio.LocalSocket) -> None:
        kept.append(socket)
        await socket.read()

    with ServerThread("server", keep) as thread, localsocket.connect("server"):
        wait_until(lambda: kept)
        thread.stop(timeout=0)
    with pytest.raises(ClosedByUs):
        kept[0].read_available()


@pytest.mark.parametrize("claim", server_contract)
def test_it_keeps_the_contract_of_servers(claim: Any) -> None:
    with ServerThread("contract.echo", echo) as thread:
        claim(ServerUnderTest("contract.echo", b"hello\n", b"hello\n"))
        thread.stop(timeout=0)


@pytest.mark.long
def test_asyncio_is_loaded_for_coroutine_functions_only() -> None:
    program = (
        "import localsocket, sys; localsocket.ServerThread('x', lambda socket: 0); print('asyncio' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
