"""Connecting, and connecting again: one connection for all, the time that each has, and what is repeated on it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from localsocket import Client, LocalServer, LocalSocket, ServerThread, Service, aio, listen
from localsocket.aio.client_connection import ClientConnection
from localsocket.errors import (
    CallCancelled,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    PeerBrokeProtocol,
    ServerNotFound,
    ServerRefused,
)
from localsocket.interfaces import MIB
from localsocket.services.client_core import MOST_ATTEMPTS
from localsocket.testing import FOREVER, PATIENCE, Background, wait_until
from localsocket.wire.answerer import AnsweredCall, Answerer
from localsocket.wire.caller import OpenCall
from localsocket.wire.frames import Kind
from localsocket.wire.greeting import Greeting
from services.conftest import ADDRESS


class ScriptedServer:
    """A server whose connections are served call by call, as the test says."""

    def __init__(self, *idempotent: str, max_calls: int = 100) -> None:
        self.server: LocalServer = listen(ADDRESS)
        self._greeting = Greeting(
            role="service", max_message=MIB, max_calls=max_calls, service="scripted", idempotent=list(idempotent)
        )

    def accept(self) -> ScriptedConnection:
        return ScriptedConnection(self.server.accept(timeout=PATIENCE), self._greeting)

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()


class ScriptedConnection:
    def __init__(self, socket: LocalSocket, greeting: Greeting) -> None:
        self.socket = socket
        self._answerer = Answerer(greeting)
        self._requests: list[Any] = []
        self.cancelled: list[int] = []
        with contextlib.suppress(ClosedByPeer):  # of one whose time is over
            socket.write(greeting.encode())

    def next_call(self) -> AnsweredCall:
        while True:
            while not self._requests:
                self._requests.extend(self._answerer.feed(self.socket.read(timeout=PATIENCE)))
            kind, answer = self._requests.pop(0)
            if kind in (Kind.CALL, Kind.NOTIFICATION):
                return answer  # type: ignore[no-any-return]
            if kind == Kind.CANCEL:
                self.cancelled.append(answer.number)

    def reply(self, answer: AnsweredCall) -> None:
        self.socket.write(self._answerer.reply(answer, b"\x01"))

    def begin_stream(self, answer: AnsweredCall) -> None:
        self.give(answer, b"\x02")

    def give(self, answer: AnsweredCall, *items: bytes) -> None:
        """Answer with a stream of these items, which goes on."""
        frames = [self._answerer.open_stream(answer), *(self._answerer.item(answer, item) for item in items)]
        self.socket.write(b"".join(frames))

    def has_no_more(self) -> bool:
        """Whether nothing more was called, once the client has closed."""
        rest = self.socket.read_to_end(timeout=PATIENCE)
        return not self._requests and not self._answerer.feed(rest)

    def close(self) -> None:
        self.socket.abort()


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer("twice") as server:
        yield server


def opened(server: ScriptedServer, **options: Any) -> tuple[Client, ScriptedConnection]:
    client = Client(ADDRESS, **options)
    opening = Background(client.open)
    connection = server.accept()
    opening.result()
    return client, connection


# --- the first time -------------------------------------------------------------------------------------------------


def test_a_client_connects_with_its_first_call() -> None:
    service = Service("lazy")
    service.method(lambda: 1, name="one")
    client = Client(ADDRESS)
    assert (client.service, client.stats().connections) == ("", 0)
    assert "not connected" in repr(client)
    with ServerThread(ADDRESS, service), contextlib.closing(client):
        assert client.call("one") == 1
        assert (client.service, client.stats().connections) == ("lazy", 1)
    assert "closed" in repr(client)


def test_a_client_that_finds_no_server_may_try_again() -> None:
    service = Service("later")
    service.method(lambda: 1, name="one")
    with contextlib.closing(Client(ADDRESS)) as client:
        for _ in range(2):
            with pytest.raises(ServerNotFound):
                client.call("one")
        with ServerThread(ADDRESS, service):
            assert client.call("one") == 1


def test_a_client_may_wait_for_its_server() -> None:
    service = Service("later")
    service.method(lambda: 1, name="one")
    client = Client(ADDRESS, wait_for_server=True)
    waiting = [Background(client.call, "one") for _ in range(5)]
    with ServerThread(ADDRESS, service), contextlib.closing(client):
        assert [each.result() for each in waiting] == [1] * 5
        assert service.stats().connections == 1


def test_a_client_does_not_talk_to_what_is_no_service() -> None:
    with listen(ADDRESS) as server:
        opening = Background(Client(ADDRESS).open)
        with server.accept(timeout=PATIENCE) as other:
            other.write(b"220 mail.example.org ESMTP\r\n")
            with pytest.raises(PeerBrokeProtocol, match="its first bytes are not a greeting"):
                opening.result()


def test_a_server_that_ends_before_it_greets_is_an_error_unless_it_is_waited_for() -> None:
    with listen(ADDRESS) as server:
        opening = Background(Client(ADDRESS).open)
        server.accept(timeout=PATIENCE).abort()
        with pytest.raises(ClosedByPeer):
            opening.result()
    with ScriptedServer() as scripted:
        client = Client(ADDRESS, wait_for_server=True)
        patient = Background(client.open)
        scripted.server.accept(timeout=PATIENCE).abort()
        connection = scripted.accept()
        patient.result()
        client.close()
        connection.close()


def test_closing_wakes_who_waits_for_a_greeting() -> None:
    with listen(ADDRESS) as server:
        client = Client(ADDRESS, timeout=None)
        waiters = [Background(client.open), Background(lambda: client.call("anything", timeout=FOREVER))]
        with server.accept(timeout=PATIENCE):
            waiters[0].wait_until_waiting()
            client.close()
            for waiter in waiters:
                with pytest.raises(ClosedByUs):
                    waiter.result()


async def test_closing_wakes_the_task_that_waits_for_a_greeting() -> None:
    async with await aio.listen(ADDRESS) as server:
        client = aio.Client(ADDRESS, timeout=None)
        waiters = [asyncio.create_task(client.open()), client.start("anything")]
        async with await server.accept(timeout=PATIENCE):
            await client.close()
            for failed in await asyncio.gather(*waiters, return_exceptions=True):
                assert isinstance(failed, ClosedByUs)


def test_who_is_late_does_not_wait_for_anothers_connecting() -> None:
    with listen(ADDRESS) as server:
        client = Client(ADDRESS, timeout=None)
        first = Background(client.open)
        with server.accept(timeout=PATIENCE):
            first.wait_until_waiting()
            with pytest.raises(DeadlinePassed):
                client.call("anything", timeout=0.05)
            client.close()
        with pytest.raises(ClosedByUs):
            first.result()


async def test_a_task_that_is_late_does_not_wait_for_anothers_connecting() -> None:
    async with await aio.listen(ADDRESS) as server:
        client = aio.Client(ADDRESS, timeout=None)
        first = asyncio.create_task(client.open())
        async with await server.accept(timeout=PATIENCE):
            with pytest.raises(DeadlinePassed):
                await client.call("anything", timeout=0.05)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await client.close()


# --- again ----------------------------------------------------------------------------------------------------------


def test_one_new_connection_is_made_for_all_threads(scripted: ScriptedServer) -> None:
    client, connection = opened(scripted, reconnect=True)
    connection.close()
    calls = [Background(client.call, "once") for _ in range(10)]
    second = scripted.accept()
    for _ in calls:
        second.reply(second.next_call())
    assert [call.result() for call in calls] == [1] * 10
    assert client.stats().connections == 2
    client.close()
    assert second.has_no_more()
    second.close()


def test_a_call_that_may_be_repeated_is_once_for_each_connection_that_broke(scripted: ScriptedServer) -> None:
    client, connection = opened(scripted, reconnect=True)
    call = Background(lambda: client.call("twice", 7, timeout=FOREVER))
    for _ in range(MOST_ATTEMPTS - 1):
        again = connection.next_call()
        assert (again.body.method, bytes(again.body.arguments)) == ("twice", b"\x91\x07")
        connection.close()
        connection = scripted.accept()
    connection.reply(connection.next_call())
    assert call.result() == 1
    client.close()
    assert connection.has_no_more()
    connection.close()


def test_nothing_else_is_ever_repeated(scripted: ScriptedServer) -> None:
    client, connection = opened(scripted, reconnect=True)
    answered = Background(client.call, "twice")
    connection.reply(connection.next_call())
    assert answered.result() == 1
    client.notify("twice")
    connection.next_call()
    once, stream = client.start("once"), client.stream("twice")
    connection.next_call()
    connection.begin_stream(connection.next_call())
    assert stream.receive(timeout=PATIENCE) == 2
    cancelled = client.start("twice")
    connection.next_call()
    assert cancelled.cancel()
    connection.close()
    for lost in (once.result, lambda: stream.receive(timeout=PATIENCE)):
        with pytest.raises(ClosedByPeer):
            lost()
    last = Background(client.call, "last")
    second = scripted.accept()
    call = second.next_call()
    assert call.body.method == "last"
    second.reply(call)
    assert last.result() == 1
    client.close()
    assert second.has_no_more()
    second.close()


def test_a_call_that_could_be_repeated_may_be_cancelled_while_nobody_is_there(scripted: ScriptedServer) -> None:
    client, connection = opened(scripted, reconnect=True)
    calls = [client.start("twice", number) for number in range(2)]
    for _ in calls:
        connection.next_call()
    connection.close()
    lost = client._connection
    assert lost is not None
    with lost.socket.lock:
        lost._end(ClosedByPeer("its answers were awaited"))
    assert calls[1].cancel()
    assert not calls[1].cancel()
    last = Background(client.call, "last")
    second = scripted.accept()
    again = second.next_call()
    assert (again.body.method, bytes(again.body.arguments)) == ("twice", b"\x91\x00")  # which goes on
    second.reply(again)
    second.reply(second.next_call())
    assert last.result() == 1
    assert calls[0].result(timeout=PATIENCE) == 1
    client.close()
    assert second.has_no_more()
    second.close()


def test_a_call_that_is_made_again_can_be_given_up_though_nobody_has_waited_for_it(scripted: ScriptedServer) -> None:
    client, connection = opened(scripted, reconnect=True)
    pending = client.start("twice")
    connection.next_call()
    connection.close()
    other = Background(client.call, "once")  # it finds that the connection is lost, and makes the next one
    second = scripted.accept()
    again, once = second.next_call(), second.next_call()
    assert pending.cancel()
    assert not pending.cancel()
    with pytest.raises(CallCancelled):
        pending.result()
    second.reply(again)  # on its way when the service learns that nobody wants it
    second.reply(once)
    assert other.result() == 1
    with pytest.raises(CallCancelled):
        pending.result()
    assert client.stats().active_calls == 0
    client.close()
    second.close()


async def test_a_task_that_is_cancelled_when_its_call_has_just_been_made_again_cancels_it_there_too(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = aio.Client(ADDRESS, reconnect=True)
    opening = asyncio.create_task(client.open())
    connection = await asyncio.to_thread(scripted.accept)
    await opening
    tasks = [client.start("twice") for _ in range(2)]
    for _ in tasks:
        await asyncio.to_thread(connection.next_call)
    repeat = ClientConnection.repeat

    def repeat_and_cancel(self: ClientConnection, lost: ClientConnection) -> None:
        repeat(self, lost)
        tasks[1].cancel()

    monkeypatch.setattr(ClientConnection, "repeat", repeat_and_cancel)
    connection.close()
    second = await asyncio.to_thread(scripted.accept)
    first, given_up = [await asyncio.to_thread(second.next_call) for _ in tasks]
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]
    assert client.stats().active_calls == 1
    last = client.start("last")
    await asyncio.to_thread(second.next_call)
    assert second.cancelled == [given_up.number]
    second.reply(first)
    assert await tasks[0] == 1
    await asyncio.gather(client.close(), last, return_exceptions=True)
    second.close()


def test_without_reconnect_nothing_is_repeated_at_all(scripted: ScriptedServer) -> None:
    client, connection = opened(scripted)
    call = Background(client.call, "twice")
    connection.next_call()
    connection.close()
    with pytest.raises(ClosedByPeer, match="while calling 'twice'"):
        call.result()
    for _ in range(2):
        with pytest.raises(ClosedByPeer):
            client.call("twice")
    client.close()
    assert not scripted.server.accept_nowait()


def answers(client: Client) -> bool:
    with contextlib.suppress(DeadlinePassed):  # there may be a slow moment
        return bool(client.call("one") == 1)
    return False


def test_a_client_that_is_told_how_long_gives_up_after_that() -> None:
    service = Service("gone")
    service.method(lambda: 1, name="one")
    with ServerThread(ADDRESS, service):
        client = Client(ADDRESS, reconnect=True, timeout=0.1)
        wait_until(lambda: answers(client), "an answer in so short a time")
    with contextlib.closing(client):
        for _ in range(2):
            with pytest.raises((DeadlinePassed, ServerNotFound, ServerRefused)):
                client.call("one")


def test_what_the_server_did_wrong_ends_the_connection_and_not_the_client(scripted: ScriptedServer) -> None:
    client, connection = opened(scripted, reconnect=True)
    call = Background(client.call, "once")
    connection.next_call()
    connection.socket.write(b"\xff" * 100)
    with pytest.raises(PeerBrokeProtocol):
        call.result()
    again = Background(client.call, "once")
    second = scripted.accept()
    second.reply(second.next_call())
    assert again.result() == 1
    client.close()
    for each in (connection, second):
        each.close()


@pytest.mark.parametrize("is_under_way", [False, True])
def test_a_call_that_finds_its_connection_lost_at_the_last_moment_is_made_on_the_next(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch, is_under_way: bool
) -> None:
    client, connection = opened(scripted, reconnect=True)
    lost = client._connection
    assert lost is not None
    open_call, has_struck = lost.caller.open, threading.Event()

    def lose() -> None:
        has_struck.set()
        connection.close()
        with lost.socket.lock:
            lost._end(ClosedByPeer("its answers were awaited"))

    def open_and_lose(call: OpenCall) -> None:
        if is_under_way:
            open_call(call)
            lose()
        else:
            lose()
            open_call(call)

    monkeypatch.setattr(lost.caller, "open", open_and_lose)
    call = Background(client.call, "twice")
    second = scripted.accept()
    second.reply(second.next_call())
    assert call.result() == 1
    assert has_struck.is_set()
    assert (client.stats().calls, client.stats().errors, client.stats().active_calls) == (1, 0, 0)
    client.close()
    assert second.has_no_more()
    second.close()


def test_one_that_waits_for_room_goes_on_with_the_next_connection() -> None:
    with ScriptedServer(max_calls=1) as server:
        client, connection = opened(server, reconnect=True)
        first, waiting = client.start("once"), Background(client.call, "next")
        connection.next_call()
        waiting.wait_until_waiting()
        connection.close()
        second = server.accept()
        call = second.next_call()
        assert call.body.method == "next"
        second.reply(call)
        assert waiting.result() == 1
        with pytest.raises(ClosedByPeer):
            first.result()
        client.close()
        second.close()


def test_a_client_leaves_nothing_of_connections_that_broke(scripted: ScriptedServer) -> None:
    client, connection = opened(scripted, reconnect=True)
    for _ in range(5):
        connection.close()
        call = Background(client.call, "once")
        connection = scripted.accept()
        connection.reply(connection.next_call())
        assert call.result() == 1
    wait_until(lambda: scripted.server.accept_nowait() is None, "no other to be there")
    client.close()
    connection.close()
