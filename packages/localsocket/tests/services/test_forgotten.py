"""What its user forgets to close says so by its own name, alone, and gives back what it held."""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

import localsocket
import localsocket.anyio
from localsocket import EventLoop, Handler, LocalSocket, ServerThread, Service, aio
from localsocket.deadlines import Deadline
from localsocket.testing import PATIENCE, connected_pair
from programs import run

ADDRESS = "forgotten"


@pytest.fixture(autouse=True)
def others_garbage_is_gone() -> None:
    """Have what other tests forgot collected, and told, before: the collector tells of all there is."""
    gc.collect()
    gc.freeze()  # what is left is nobody's garbage, and would be looked at each time


@contextmanager
def served() -> Iterator[None]:
    service = Service("demo")

    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    with ServerThread(ADDRESS, service):
        yield


def echo(connection: LocalSocket) -> None:
    while data := connection.read():
        connection.write(data)


def take_messages(connection: LocalSocket) -> None:
    with localsocket.MessageSocket(connection) as messages:
        list(messages)


def forget(things: list[Any]) -> list[tuple[str, int]]:
    """Forget what the list holds, and return what is said: each text, and the identity of what it is about."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        things.clear()
        gc.collect()
    assert {warning.category for warning in said} <= {ResourceWarning}
    return [(str(warning.message), id(warning.source)) for warning in said]


def check_named(things: list[Any], name: str) -> None:
    """Check that what is forgotten is said once, of this object and of no part of it."""
    identity = id(things[0])
    said = forget(things)
    assert [source for _, source in said] == [identity], said
    assert said[0][0].startswith(f"unclosed <{name}")


# --- threads ----------------------------------------------------------------------------------------------------------


def connected() -> Any:
    return localsocket.connect(ADDRESS, timeout=PATIENCE)


def opened_client() -> Any:
    client = localsocket.Client(ADDRESS, timeout=PATIENCE)
    client.open()
    return client


def client_that_has_called() -> Any:
    client = localsocket.Client(ADDRESS, timeout=PATIENCE)
    assert client.call("add", 2, 3) == 5
    return client


class Reading(Handler):
    def ready_read(self, socket: Any) -> None:
        socket.read_available()


def driving_loop() -> Any:
    loop = EventLoop()
    loop.connect(ADDRESS, Reading(), timeout=PATIENCE)
    return loop


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (connected, "LocalSocket 'forgotten' connected, peer pid="),
        (opened_client, "Client of 'forgotten', "),
        (client_that_has_called, "Client of 'forgotten', "),
        (driving_loop, "EventLoop not running, 1 sockets"),
        (EventLoop, "EventLoop not running, 0 sockets"),
        (lambda: localsocket.listen("other"), "LocalServer 'other' listening"),
    ],
    ids=["socket", "client", "client that has called", "loop with a socket", "loop", "server"],
)
def test_each_names_itself(make: Callable[[], Any], name: str) -> None:
    with served():
        check_named([make()], name)


def connected_messages() -> Any:
    return localsocket.connect_messages(ADDRESS, timeout=PATIENCE)


def test_messages_name_themselves_and_not_their_socket() -> None:
    with ServerThread(ADDRESS, take_messages):
        check_named([connected_messages()], "MessageSocket of msgpack over <Local")


def made_while_collected(make: Callable[[], Any], moment: int) -> tuple[Any, bool]:
    """Make something, what is young being collected once, as the `moment`-th __init__() begins; tell whether it came.

    What is there by then belongs to another generation than what comes after, to which the collector comes first.
    """
    begun = 0

    def collect(frame: FrameType, event: str, argument: object) -> None:
        nonlocal begun
        if event == "call" and frame.f_code.co_name == "__init__":
            begun += 1
            if begun == moment:
                gc.collect(0)

    gc.disable()
    sys.setprofile(collect)
    try:
        made = make()
    finally:
        sys.setprofile(None)
        gc.enable()
    return made, begun >= moment


@pytest.mark.parametrize(
    ("make", "handler", "name"),
    [
        (connected, echo, "LocalSocket 'forgotten' connected"),
        (driving_loop, echo, "EventLoop not running, 1 sockets"),
        (connected_messages, take_messages, "MessageSocket of msgpack over <LocalSocket 'forgotten' connected"),
    ],
    ids=["socket", "loop", "messages"],
)
def test_parts_say_nothing_whichever_the_collector_comes_to_first(
    make: Callable[[], Any], handler: Callable[[LocalSocket], None], name: str
) -> None:
    with ServerThread(ADDRESS, handler):
        moment, has_come = 0, True
        while has_come:
            moment += 1
            made, has_come = made_while_collected(make, moment)
            ring: list[Any] = [made]
            ring.append(ring)
            things = [made]
            del made, ring
            check_named(things, name)


def test_a_socket_under_forgotten_messages_is_its_makers() -> None:
    with connected_pair() as (first, _):
        assert not forget([localsocket.MessageSocket(first)])
        assert first.is_connected


def test_a_handler_is_not_called_for_a_loop_that_was_forgotten() -> None:
    class Told(Reading):
        def disconnected(self, socket: Any) -> None:
            told.append(socket)

    told: list[Any] = []
    first, second = localsocket.pair()

    def running() -> Any:
        loop = EventLoop()
        loop.add(first, Told())
        loop.run(timeout=0)
        return loop

    with second:
        check_named([running()], "EventLoop")
        assert second.wait_disconnected(PATIENCE)
    assert not told


def test_a_server_that_is_forgotten_gives_its_address_back() -> None:
    check_named([localsocket.listen(ADDRESS)], "LocalServer")
    with localsocket.listen(ADDRESS):
        pass


def test_a_server_thread_names_itself_and_goes_on_since_nobody_can_stop_it() -> None:
    thread = ServerThread(ADDRESS, echo)
    thread.start()
    server, serving, runner = thread.server, thread._serving, thread._thread
    assert serving is not None
    assert runner is not None
    things = [thread]
    del thread
    try:
        check_named(things, "ServerThread 'forgotten' serving>")
        with connected() as client:
            client.write(b"still there")
            assert client.read(timeout=PATIENCE) == b"still there"
    finally:
        server.close()
        serving.stop(Deadline(0))
        runner.join()


def test_what_is_not_open_says_nothing() -> None:
    with served(), localsocket.Client(ADDRESS, timeout=PATIENCE) as client:
        assert client.call("add", 2, 3) == 5
    with localsocket.listen("other") as server, connected_to("other") as socket:
        pass
    never_started, never_opened = ServerThread(ADDRESS, echo), localsocket.Client(ADDRESS)
    things: list[Any] = [client, server, socket, never_started, never_opened]
    del client, server, socket, never_started, never_opened
    assert not forget(things)


def connected_to(address: str) -> LocalSocket:
    return localsocket.connect(address, timeout=PATIENCE)


def test_the_warning_leads_to_the_line_that_forgot_and_to_the_one_that_made() -> None:
    def forget_one() -> None:
        socket = connected()
        del socket  # here

    with served():
        tracemalloc.start(20)
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                forget_one()
            (warning,) = said
            assert warning.source is not None
            made = tracemalloc.get_object_traceback(warning.source)
        finally:
            tracemalloc.stop()
    assert warning.filename == __file__
    assert warning.lineno == forget_one.__code__.co_firstlineno + 2
    assert made is not None
    assert any(frame.filename == __file__ for frame in made)
    warning.source = None


# --- asyncio and anyio ------------------------------------------------------------------------------------------------


async def aio_socket() -> Any:
    return await aio.connect(ADDRESS, timeout=PATIENCE)


async def aio_client() -> Any:
    client = aio.Client(ADDRESS, timeout=PATIENCE)
    assert await client.call("add", 2, 3) == 5
    return client


async def aio_messages() -> Any:
    server = ServerThread("messages", take_messages)
    server.start()
    try:
        return await aio.connect_messages("messages", timeout=PATIENCE)
    finally:
        server.stop(timeout=0)  # it need not wait for the end of what is to be forgotten


async def aio_server() -> Any:
    return await aio.listen("other")


async def anyio_socket() -> Any:
    return await localsocket.anyio.connect(ADDRESS, timeout=PATIENCE)


async def anyio_server() -> Any:
    return await localsocket.anyio.listen("other")


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (aio_socket, "LocalSocket 'forgotten' connected"),
        (aio_client, "Client of 'forgotten', "),
        (aio_messages, "MessageSocket of msgpack over <LocalSocket 'messages' connected"),
        (aio_server, "LocalServer 'other' listening"),
        (anyio_socket, "LocalSocket 'forgotten' connected"),
        (anyio_server, "LocalServer 'other' listening"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_names_itself_where_it_is_awaited(make: Callable[[], Coroutine[Any, Any, Any]], name: str) -> None:
    async def forgetting() -> None:
        check_named([await make()], name)
        await asyncio.sleep(0)  # the loop takes down what it watched

    with served():
        asyncio.run(forgetting())


def test_what_serves_names_itself_once_its_loop_is_gone() -> None:
    async def serve() -> list[Any]:
        async def handler(socket: aio.LocalSocket) -> None:
            await socket.read()

        return [await aio.serve(ADDRESS, handler)]

    check_named(asyncio.run(serve()), "Serving 'forgotten' serving")


# --- the first copy of a program --------------------------------------------------------------------------------------


@pytest.mark.may_leave("files", reason="it stays the first copy to the end of its process")
def test_a_single_instance_names_itself_and_stays_the_first() -> None:
    (said,) = run("forget_one_copy.py")
    assert said["warnings"] == ["unclosed <SingleInstance 'one.copy', the first>"]
    assert said["status"] == 7
