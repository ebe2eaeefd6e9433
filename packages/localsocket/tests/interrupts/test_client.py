"""A client that is interrupted before any line of a call goes on, or is closed and says so, and nothing is left."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from interrupts.every_line import Interruption, at_every_line
from localsocket import Client, ServerThread, Service
from localsocket.errors import ClosedByPeer, ClosedByUs
from localsocket.testing import PATIENCE, Background, wait_until

# A socket that an interrupt has cut off from its owner is closed by the garbage collector, which says so.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

ADDRESS = "interrupts.client"
_LOOKS = 50

Call = Callable[[Client], object]


class Served:
    """A service to call, and what has become of the calls."""

    def __init__(self) -> None:
        self.service = Service("interrupted")
        self.noted: list[str] = []
        self.gate = threading.Event()
        self.ticks = self.service.topic("ticks", int)
        for method in (self.add, self.echo, self.note, self.count, self.hold):
            self.service.method(method)

    def add(self, a: int, b: int) -> int:
        return a + b

    def echo(self, data: bytes) -> bytes:
        return data

    def note(self, text: str) -> None:
        self.noted.append(text)

    def count(self, to: int) -> Iterator[int]:
        yield from range(to)

    def hold(self) -> str:
        self.gate.wait(PATIENCE)
        return "released"


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    with ServerThread(ADDRESS, served.service):
        yield served


def call(client: Client) -> None:
    assert client.call("add", 2, 3, timeout=PATIENCE) == 5


def call_with_much(client: Client) -> None:
    assert len(client.call("echo", bytes(400_000), timeout=PATIENCE)) == 400_000


def start_and_take(client: Client) -> None:
    assert client.start("add", 2, 3).result(PATIENCE) == 5


def start_and_cancel(client: Client) -> None:
    client.start("hold").cancel()


def notify(client: Client) -> None:
    client.notify("note", "said")


def take_a_stream(client: Client) -> None:
    assert list(client.stream("count", 3)) == [0, 1, 2]


def take_a_stream_item_by_item(client: Client) -> None:
    assert list(client.stream("count", 3, prefetch=1, idle_timeout=PATIENCE)) == [0, 1, 2]


def leave_a_stream(client: Client) -> None:
    with client.stream("count", 10**9) as stream:
        assert next(stream) == 0


def subscribe(client: Client) -> None:
    client.subscribe("ticks", timeout=PATIENCE).close()


def describe(client: Client) -> None:
    assert client.describe(timeout=PATIENCE).name == "interrupted"


CALLS = [
    call,
    call_with_much,
    start_and_take,
    start_and_cancel,
    notify,
    take_a_stream,
    take_a_stream_item_by_item,
    leave_a_stream,
    subscribe,
    describe,
]
# With another thread at work, the others run every line that these three run.
CALLS_WITH_LINES_OF_THEIR_OWN = [each for each in CALLS if each not in (call, start_and_take, take_a_stream)]


def check_goes_on_or_says_so(client: Client) -> None:
    with contextlib.suppress(ClosedByUs, ClosedByPeer):
        assert client.call("add", 20, 3, timeout=PATIENCE) == 23
        assert client.call("echo", bytes(100_000), timeout=PATIENCE) == bytes(100_000)
        wait_until(lambda: client.call("add", 2, 3) and client.stats().active_calls == 0, "no call to be under way")


def check_nothing_is_under_way(served: Served) -> None:
    wait_until(lambda: served.service.stats().active_calls == 0, "no call to be under way")
    wait_until(lambda: served.ticks.subscribers == 0, "nobody to be subscribed")


def descriptors() -> int:
    gc.collect()  # an exception may hold frames, and they a socket that nobody has closed
    return len(os.listdir("/proc/self/fd"))


@contextlib.contextmanager
def no_descriptor_left_open() -> Iterator[None]:
    """What is done inside leaves none; what a process keeps from its first call on was there before."""
    with Client(ADDRESS) as client:
        call(client)
    before = descriptors()
    yield
    wait_until(lambda: descriptors() <= before, "every descriptor to be closed")


@pytest.mark.long
@pytest.mark.parametrize("do", CALLS)
def test_a_client_goes_on_or_is_closed_and_says_so_and_no_descriptor_is_left_open(served: Served, do: Call) -> None:
    def scenario(interruption: Interruption) -> None:
        with Client(ADDRESS) as client:
            with interruption:
                do(client)
            served.gate.set()  # for a call that was begun, and not cancelled by whom it was to be
            check_goes_on_or_says_so(client)
            check_nothing_is_under_way(served)

    with no_descriptor_left_open():
        assert at_every_line(scenario) > 50


@pytest.mark.long
@pytest.mark.parametrize("do", CALLS_WITH_LINES_OF_THEIR_OWN)
def test_another_thread_that_waits_on_the_same_connection_has_an_end(served: Served, do: Call) -> None:
    def scenario(interruption: Interruption) -> None:
        served.gate.clear()
        with Client(ADDRESS) as client:
            with contextlib.suppress(ClosedByUs, ClosedByPeer), Background(client.call, "hold") as waiting:
                wait_until(lambda: served.service.stats().active_calls == 1, "the other call to be served")
                with interruption:
                    do(client)
                served.gate.set()
                assert waiting.result() == "released"
            check_goes_on_or_says_so(client)
            check_nothing_is_under_way(served)

    at_every_line(scenario, within_with=True)


@pytest.mark.long
@pytest.mark.parametrize("reconnect", [False, True])
def test_a_client_that_was_interrupted_while_it_connected_connects_again(served: Served, reconnect: bool) -> None:
    def scenario(interruption: Interruption) -> None:
        client = Client(ADDRESS, reconnect=reconnect)
        with interruption:
            client.open()
        # Another thread, which would wait for ever if this one still held what only one may hold.
        assert Background(lambda: client.call("add", 2, 3, timeout=PATIENCE)).result() == 5
        client.close()
        looks = itertools.count()

        def is_closed() -> bool:
            if next(looks) == _LOOKS:
                gc.collect()  # an exception may hold frames, and they a socket that nobody has closed
            return served.service.stats().open_connections == 0

        wait_until(is_closed, "every connection to be closed")

    with no_descriptor_left_open():
        assert at_every_line(scenario, within_with=True) > 100


@pytest.mark.long
def test_closing_that_was_interrupted_can_be_done_again_and_wakes_who_waits(served: Served) -> None:
    def scenario(interruption: Interruption) -> None:
        served.gate.clear()
        client = Client(ADDRESS)
        with contextlib.suppress(ClosedByUs), Background(client.call, "hold"):
            wait_until(lambda: served.service.stats().active_calls == 1, "the call to be served")
            with interruption:
                client.close()
            client.close()
            served.gate.set()
        check_nothing_is_under_way(served)
        wait_until(lambda: served.service.stats().open_connections == 0, "the connection to be closed")

    assert at_every_line(scenario, within_with=True) > 10
