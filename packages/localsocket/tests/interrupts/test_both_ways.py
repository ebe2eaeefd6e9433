"""A client that serves too is interrupted before any line: it goes on, or is closed and says so; nothing is left."""

from __future__ import annotations

import contextlib
import gc
import itertools
import threading
from collections.abc import Callable, Iterator

import pytest

from interrupts.every_line import Interruption, at_every_line
from localsocket import Client, ServerThread, Service, current_call
from localsocket.errors import ClosedByPeer, ClosedByUs
from localsocket.testing import PATIENCE, wait_until

# A socket that an interrupt has cut off from its owner is closed by the garbage collector, which says so.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

ADDRESS = "interrupts.both"
_LOOKS = 50
_OF_GREETING = 90

Call = Callable[[Client], object]


def service_of(name: str) -> Service:
    service = Service(name)

    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    @service.method
    def ask(a: int, b: int) -> object:
        given: object = current_call().caller.call("add", a, b)
        return given

    @service.method
    def hold() -> None:
        GATE.wait(PATIENCE)

    @service.method
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    return service


GATE = threading.Event()
MINE = service_of("mine")


@pytest.fixture
def theirs() -> Iterator[Service]:
    service = service_of("theirs")
    with ServerThread(ADDRESS, service):
        yield service


def call(client: Client) -> None:
    assert client.call("add", 2, 3, timeout=PATIENCE) == 5


def call_and_be_called(client: Client) -> None:
    assert client.call("ask", 2, 3, timeout=PATIENCE) == 5


def start_and_cancel(client: Client) -> None:
    client.start("hold").cancel()


def notify(client: Client) -> None:
    client.notify("add", 1, 2)


def take_a_stream(client: Client) -> None:
    assert list(client.stream("count", 3)) == [0, 1, 2]


def check_goes_on_or_says_so(client: Client) -> None:
    with contextlib.suppress(ClosedByUs, ClosedByPeer):
        call_and_be_called(client)
        wait_until(lambda: client.stats().active_calls == 0, "no call to be under way")


def check_nothing_is_under_way(service: Service) -> None:
    wait_until(lambda: service.stats().active_calls == MINE.stats().active_calls == 0, "no call to be under way")


def closed_and_collected() -> Callable[[], bool]:
    """Return what tells whether no connection of a client is open. An exception may hold what nobody has closed."""
    looks = itertools.count()

    def is_closed() -> bool:
        if next(looks) == _LOOKS:
            gc.collect()
        return MINE.stats().open_connections == 0

    return is_closed


@pytest.mark.parametrize("do", [call, call_and_be_called, start_and_cancel, notify, take_a_stream])
def test_a_client_that_serves_goes_on_or_is_closed_and_says_so(theirs: Service, do: Call) -> None:
    def scenario(interruption: Interruption) -> None:
        GATE.clear()
        with Client(ADDRESS, serves=MINE) as client:
            with interruption:
                do(client)
            GATE.set()  # for a call that was begun, and not cancelled by whom it was to be
            check_goes_on_or_says_so(client)
        check_nothing_is_under_way(theirs)

    assert at_every_line(scenario, within_with=True) > 20


@pytest.mark.may_leave("threads", reason="threading forgets none whose start was interrupted")
def test_a_client_that_is_interrupted_while_it_is_greeted_leaves_no_connection_and_connects_again(
    theirs: Service,
) -> None:
    def scenario(interruption: Interruption) -> None:
        client = Client(ADDRESS, serves=MINE)
        # An interrupt where threading waits for a thread to start becomes its RuntimeError: it lets go of a lock twice.
        with interruption, contextlib.suppress(RuntimeError):
            client.open()
        call_and_be_called(client)
        client.close()
        wait_until(closed_and_collected(), "every connection to be closed")

    with Client(ADDRESS, serves=MINE) as client:  # which loads what is loaded once
        call_and_be_called(client)
    assert at_every_line(scenario, within_with=True, last=_OF_GREETING) > 10
    gc.collect()


def test_closing_a_client_that_serves_can_be_done_again(theirs: Service) -> None:
    def scenario(interruption: Interruption) -> None:
        client = Client(ADDRESS, serves=MINE)
        client.open()
        with interruption:
            client.close()
        client.close()
        check_nothing_is_under_way(theirs)
        wait_until(lambda: MINE.stats().open_connections == 0, "the connection to be closed")

    assert at_every_line(scenario, within_with=True) > 10
