"""Connections on which both ends serve, and connections that are given: what the contract does not see."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import localsocket
from localsocket import Client, ServerThread, Service, aio, current_call
from localsocket.errors import (
    CallFailed,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    InvalidAddress,
    PeerUnknown,
    TooManyCalls,
    UnsuitableHandler,
    Unsupported,
)
from localsocket.testing import PATIENCE, wait_until
from localsocket.wire.answerer import Answerer
from localsocket.wire.caller import Caller
from localsocket.wire.greeting import Greeting
from services.conftest import ADDRESS, Serve


def calling(name: str = "both") -> Service:
    """Return a service that asks who calls it, and answers the same."""
    service = Service(name)

    @service.method
    def answer(number: int) -> int:
        return number + 1

    @service.method
    def ask(number: int) -> int:
        given: int = current_call().caller.proxy.answer(number)
        return given

    return service


# --- a client on a connection that is there already -------------------------------------------------------------------


def as_socket(sock: socket.socket) -> Any:
    return sock


def as_number(sock: socket.socket) -> int:
    return sock.detach()


def as_text(sock: socket.socket) -> str:
    return f"fd:{sock.detach()}"


def as_local_socket(sock: socket.socket) -> localsocket.LocalSocket:
    return localsocket.LocalSocket.adopt_descriptor(sock.detach())


@pytest.mark.parametrize("given", [as_socket, as_number, as_text, as_local_socket])
@pytest.mark.parametrize("serves", [None, calling])
def test_a_client_takes_a_connection_in_any_form(
    given: Callable[[socket.socket], Any], serves: Callable[[], Service] | None, runtime_directory: Path
) -> None:
    path = runtime_directory / "x.sock"
    with ServerThread(path, calling()):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(path))
        with Client(given(sock), serves=serves and serves()) as client:
            assert client.call("answer", 4) == 5
            if serves:
                assert client.call("ask", 4) == 5
        assert sock.fileno() == -1
        with pytest.raises(ClosedByUs):
            client.call("answer", 4)


def test_a_given_connection_is_made_once() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    client = Client(ours)
    for _ in range(2):
        with pytest.raises((ClosedByPeer, ClosedByUs)):
            client.open()
    with pytest.raises(ValueError, match="one connection"):
        Client(7, reconnect=True)


def test_a_socket_that_is_not_connected_has_no_peer() -> None:
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(PeerUnknown):
        Client(sock).open()


@pytest.mark.parametrize("address", ["fd:", "fd:x", "fd:-1", "fd:1 ", "fd:٣"])
def test_what_is_no_number_is_no_descriptor(address: str) -> None:
    with pytest.raises(InvalidAddress):
        Client(address)


def test_a_descriptor_that_listens_is_an_address_too(runtime_directory: Path) -> None:
    path = runtime_directory / "x.sock"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    with ServerThread(f"fd:{listening.detach()}", calling()), Client(path) as client:
        assert client.call("answer", 1) == 2
    path.unlink()


# --- both ends serve --------------------------------------------------------------------------------------------------


def test_a_client_is_told_when_its_connection_is_over() -> None:
    server = ServerThread(ADDRESS, calling())
    server.start()
    for serves in (None, calling()):
        with Client(ADDRESS, serves=serves) as client:
            assert not client.wait_closed(0)
    with Client(ADDRESS, serves=calling("other")) as client:
        server.stop(timeout=0)
        assert client.wait_closed(PATIENCE)


def test_an_asyncio_client_is_told_when_its_connection_is_over() -> None:
    async def main(server: ServerThread) -> None:
        async with aio.Client(ADDRESS) as plain, aio.Client(ADDRESS, serves=calling()) as client:
            assert not await client.wait_closed(0)
            await asyncio.get_running_loop().run_in_executor(None, lambda: server.stop(timeout=0))
            assert await client.wait_closed(PATIENCE)
            assert await plain.wait_closed(PATIENCE)

    with ServerThread(ADDRESS, calling()) as server:
        asyncio.run(main(server))


def test_an_idle_client_answers(serve: Serve) -> None:
    service, callers = Service("keeps"), list[Any]()

    @service.method
    def remember() -> None:
        callers.append(current_call().caller)

    with serve(service), Client(ADDRESS, serves=calling()) as client:
        client.call("remember")
        assert [callers[0].call("answer", number) for number in range(3)] == [1, 2, 3]
        callers[0].notify("answer", 1)
        assert callers[0].start("answer", 4).result() == 5
    with pytest.raises((ClosedByPeer, ClosedByUs)):
        callers[0].call("answer", 1)


def counting(name: str, ended: list[str]) -> Service:
    """Return a service whose streams say when they are closed, and that forgets one of the other end when told to."""
    service = Service(name)

    @service.method
    def count(to: int) -> Iterator[int]:
        try:
            yield from range(to)
        finally:
            ended.append(name)

    @service.method
    def forget() -> int:
        return next(iter(current_call().caller.stream("count", 10**9)))

    return service


def test_a_stream_that_is_forgotten_by_either_end_is_closed_where_it_is_served(serve: Serve) -> None:
    ended = list[str]()
    with serve(counting("theirs", ended)), Client(ADDRESS, serves=counting("mine", ended)) as client:
        assert next(iter(client.stream("count", 10**9))) == 0
        wait_until(lambda: ended == ["theirs"])
        assert client.call("forget") == 0
        wait_until(lambda: ended == ["theirs", "mine"])
        assert client.call("forget") == 0


def test_a_stream_that_is_forgotten_in_a_task_is_closed_where_it_is_served(serve: Serve) -> None:
    ended = list[str]()

    async def main() -> None:
        async with aio.Client(ADDRESS, serves=counting("mine", ended)) as client:
            stream = client.stream("count", 10**9)
            assert await anext(stream) == 0
            del stream
            assert await client.call("forget") == 0
            while sorted(ended) != ["mine", "theirs"]:
                await asyncio.sleep(0.001)

    with serve(counting("theirs", ended)):
        asyncio.run(asyncio.wait_for(main(), PATIENCE))


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_a_method_that_waits_for_its_caller_needs_none_of_the_shared_threads(threads: int) -> None:
    with ServerThread(ADDRESS, calling(), max_threads=threads), Client(ADDRESS, serves=calling()) as client:
        pending = [client.start("ask", number) for number in range(20)]
        assert [each.result(PATIENCE) for each in pending] == list(range(1, 21))


def test_more_calls_within_calls_than_the_other_end_takes_are_refused_and_wait_for_nothing() -> None:
    few = Service("few", limits=localsocket.CallLimits(calls=1))
    gate = list[bool]()

    @few.method
    def nest() -> int:
        given: int = current_call().caller.call("nest")
        return given

    with ServerThread(ADDRESS, few):
        host = Service("host")

        @host.method
        def nest() -> int:
            with pytest.raises(TooManyCalls):
                current_call().caller.call("nest")
            gate.append(True)
            return 7

        with Client(ADDRESS, serves=host) as client:
            assert client.call("nest") == 7
    assert gate == [True]


def test_a_blocking_client_serves_no_coroutine_functions() -> None:
    service = Service("async")

    @service.method
    async def wait() -> None:
        """Needs a loop."""

    with ServerThread(ADDRESS, calling()), pytest.raises(UnsuitableHandler, match=r"aio\.Client"):
        Client(ADDRESS, serves=service).open()


@pytest.mark.parametrize(
    ("options", "error"),
    [({"serves": "x"}, TypeError), ({"serves": Service("x"), "protocol": "varlink"}, Unsupported)],
)
def test_what_cannot_be_served_is_refused_at_once(options: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="serves="):
        Client(ADDRESS, **options)


def test_a_caller_of_another_protocol_or_without_a_service_cannot_be_called(serve: Serve) -> None:
    with serve(calling()):
        with Client(ADDRESS) as client, pytest.raises(CallFailed):
            client.call("ask", 1)
        with Client(ADDRESS, protocol="varlink") as client, pytest.raises(CallFailed):
            client.call("ask", number=1)


def test_answers_are_read_although_more_calls_wait_than_are_served_at_once(serve: Serve) -> None:
    few = localsocket.CallLimits(calls=4)
    service = calling()
    service.limits = few
    with serve(service), Client(ADDRESS, serves=calling()) as client:
        for number in range(200):
            client.notify("ask", number)
        assert client.call("ask", 1, timeout=PATIENCE) == 2
        wait_until(lambda: not service.stats().active_calls)


_MUCH = 20 << 20  # bytes, of which the kernel holds some, and the service 4 of its longest messages


def raw_peer(greeting: Greeting) -> tuple[socket.socket, Caller]:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(PATIENCE)
    sock.connect(localsocket.parse_address(ADDRESS).location)
    caller = Caller(greeting)
    sock.sendall(caller.opening())
    return sock, caller


def test_answers_to_calls_that_were_never_made_end_the_connection(serve: Serve) -> None:
    service = calling()
    with serve(service):
        greeting = Greeting(role="client", max_message=1000, capabilities=["both-ways"], max_calls=5)
        sock, caller = raw_peer(greeting)
        with sock:
            sock.sendall(caller.begin("answer", None, (1,)).frame)
            answers = Answerer(Greeting(role="service", max_message=1000))
            answers.feed(greeting.encode())
            sock.sendall(bytes.fromhex("00000001 05 00 0000 00000007 05"))
            while sock.recv(1000):
                pass
        wait_until(lambda: service.stats().dropped_peers == 1)


def test_a_peer_that_floods_while_it_is_called_is_held_back_and_costs_its_deadline(serve: Serve) -> None:
    """It never answers, and sends calls for as long as they are read."""
    service, late = Service("flooded", limits=localsocket.CallLimits(message=10_000)), list[Exception]()
    begun = threading.Event()

    @service.method
    def ask() -> None:
        begun.set()
        try:
            current_call().caller.call("never", timeout=0.2)
        except DeadlinePassed as error:
            late.append(error)

    with serve(service):
        greeting = Greeting(role="client", max_message=1000, capabilities=["both-ways"], max_calls=5)
        sock, caller = raw_peer(greeting)
        with sock:
            sock.sendall(caller.begin("ask", None, ()).frame)
            assert begun.wait(PATIENCE)
            frame = caller.notify("ask", (), {"nothing": "x" * 5000})
            sock.setblocking(False)
            sent, rest = 0, b""
            with contextlib.suppress(BlockingIOError):
                while sent < _MUCH:
                    rest = rest or frame * 100
                    count = sock.send(rest)
                    sent, rest = sent + count, rest[count:]
            wait_until(lambda: len(late) == 1)
        assert sent < _MUCH
