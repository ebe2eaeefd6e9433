"""Either side is killed in the middle of calls, streams and broadcasts: nothing hangs, and nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from localsocket import Client, Service, aio, listen
from localsocket.errors import ClosedByPeer, LocalSocketError
from localsocket.services.topic import Policy
from localsocket.testing import FOREVER, PATIENCE, Background, wait_until
from programs import Program
from services.conftest import ADDRESS, Serve

LOOP_KINDS = ["uvloop"]

FEW, MANY = 5, 100
TIMES = [pytest.param(FEW, id="few"), pytest.param(MANY, id="many", marks=[pytest.mark.soak, pytest.mark.timeout(900)])]


def with_server(kind: str) -> Program:
    program = Program("serve_calls.py", kind, ADDRESS)
    assert program.read() == {"serving": ADDRESS}
    return program


class Busy:
    """Does one thing again and again in a thread, until that fails."""

    def __init__(self, step: Callable[[], object]) -> None:
        self.count = 0
        self._step = step
        self._running = Background(self._run)

    def wait_until_busy(self, steps: int = 3) -> None:
        target = self.count + steps
        wait_until(lambda: self.count >= target or self._running.is_done, "it to be busy")

    def failure(self) -> LocalSocketError:
        with contextlib.suppress(LocalSocketError):
            self._running.result()
        try:
            self._running.result()
        except LocalSocketError as error:
            return error
        raise AssertionError("it cannot end well")

    def _run(self) -> None:
        while True:
            self._step()
            self.count += 1


@pytest.fixture
def name_is_free_again() -> Iterator[None]:
    """A killed server cannot remove its socket; the next one does."""
    yield
    with listen(ADDRESS):
        pass


# --- the server is killed -------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.usefixtures("name_is_free_again")
@pytest.mark.parametrize("times", TIMES)
def test_a_killed_server_ends_everything_that_its_client_waits_for(times: int) -> None:
    for number in range(times):
        with with_server("async" if number % 2 else "plain") as server, Client(ADDRESS) as client:
            stream, topic = client.stream("count"), client.subscribe("ticks")
            busy = [
                Busy(lambda: client.call("echo", b"x" * 10_000, timeout=FOREVER)),
                Busy(lambda: client.call("echo", b"x", timeout=FOREVER)),
                Busy(lambda: client.call("slowly", 1, timeout=FOREVER)),
                Busy(partial(stream.receive, timeout=FOREVER)),
                Busy(partial(topic.receive, timeout=FOREVER)),
            ]
            for each in busy:
                each.wait_until_busy()
            server.kill()
            for each in busy:
                assert isinstance(each.failure(), ClosedByPeer)
            assert client.stats().active_calls == 0


@pytest.mark.long
@pytest.mark.usefixtures("name_is_free_again")
@pytest.mark.parametrize("times", TIMES)
def test_a_killed_server_ends_everything_that_tasks_wait_for(run: Any, times: int) -> None:
    async def without_end(step: Callable[[], Any], done: Callable[[], object]) -> None:
        while True:
            await step()
            done()

    async def be_busy(server: Program) -> None:
        async with aio.Client(ADDRESS) as client:
            stream, topic = client.stream("count"), client.subscribe("ticks")
            steps: list[Callable[[], Any]] = [
                lambda: client.call("echo", b"x" * 10_000),
                lambda: client.call("slowly", 1),
                lambda: anext(stream),
                lambda: anext(topic),
            ]
            counts = [0] * len(steps)

            def note(number: int) -> None:
                counts[number] += 1

            tasks = [
                asyncio.create_task(without_end(step, lambda number=number: note(number)))  # type: ignore[misc]
                for number, step in enumerate(steps)
            ]
            while min(counts) < 3:
                await asyncio.sleep(0.001)
            server.kill()
            for failed in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(failed, ClosedByPeer)
            assert client.stats().active_calls == 0

    for number in range(times):
        with with_server("async" if number % 2 else "plain") as server:
            run(be_busy(server))


@pytest.mark.long
@pytest.mark.usefixtures("name_is_free_again")
@pytest.mark.parametrize("times", TIMES)
def test_a_client_goes_on_however_often_its_server_is_killed(times: int) -> None:
    server = with_server("plain")
    try:
        with Client(ADDRESS, reconnect=True) as client:
            repeated = Busy(lambda: client.call("slowly", 1, timeout=FOREVER))
            for _ in range(times):
                repeated.wait_until_busy()
                server.close()
                server = with_server("plain")
            repeated.wait_until_busy()
            assert 2 <= client.stats().connections <= times + 1
            client.close()
            assert not isinstance(repeated.failure(), ClosedByPeer)
    finally:
        server.close()


# --- the client is killed -------------------------------------------------------------------------------------------


class Served:
    """A service that is called, and publishes, without end."""

    def __init__(self, policy: Policy) -> None:
        self.service = Service("demo.calls")
        for method in (self.echo, self.slowly, self.count):
            self.service.method(method)
        self.topic = self.service.topic("ticks", int, queue=4, policy=policy)
        self.streams = 0
        self.is_over = threading.Event()

    def echo(self, data: bytes) -> bytes:
        return data

    def slowly(self, number: int) -> int:
        time.sleep(0.01)
        return number

    def count(self) -> Iterator[int]:
        self.streams += 1
        try:
            while True:
                yield 1
        finally:
            self.streams -= 1

    def wait_until_left(self) -> None:
        wait_until(lambda: self.service.stats().open_connections == 0, "the connection to end")
        wait_until(lambda: self.streams == 0, "the stream to be closed")
        wait_until(lambda: self.topic.subscribers == 0, "the subscription to end")
        wait_until(lambda: self.service.stats().active_calls == 0, "the calls to end")

    def publish(self) -> int:
        published = 0
        while not self.is_over.is_set():
            self.topic.publish(published, timeout=PATIENCE)
            published += 1
            time.sleep(0.0005)
        return published


@pytest.mark.long
@pytest.mark.parametrize("times", TIMES)
def test_a_killed_client_leaves_nothing_in_the_service(serve: Serve, times: int) -> None:
    policies: list[Policy] = ["drop_oldest", "disconnect", "block"]
    for policy in itertools.islice(itertools.cycle(policies), times):
        served = Served(policy)
        with serve(served.service), Background(served.publish):
            try:
                with Program("call_much.py", ADDRESS) as client:
                    client.read()
                    assert served.service.stats().open_connections == 1
                    client.kill()
                served.wait_until_left()
                with Client(ADDRESS) as another:
                    assert another.call("echo", b"others", timeout=PATIENCE) == b"others"
            finally:
                served.is_over.set()
