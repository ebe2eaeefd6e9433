"""A signal that came just before a system call, and so did not end it, ends the wait all the same."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from localsocket import Client, EventLoop, ServerThread, Service, listen
from localsocket.blocking.message_socket import MessageSocket
from localsocket.errors import DeadlinePassed
from localsocket.interrupts import wait_in_parts
from localsocket.testing import PATIENCE, Background, clogged_pair, connected_pair, wait_until

ADDRESS = "interrupts.unseen"
_WAITS = {"wait", "sleep", "_receive_for_all", "_run", "_wait_for_room", "_wait_for_tstate_lock", "wait_in_parts"}

Wait = Callable[[], object]


class Interrupted(BaseException):
    """Raised by the handler of the signal."""


@contextlib.contextmanager
def client_of(service: Service) -> Iterator[Client]:
    with ServerThread(ADDRESS, service), Client(ADDRESS) as client:
        yield client


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def service(gate: threading.Event) -> Service:
    service = Service("unseen")
    service.topic("ticks", int)

    @service.method
    def hold() -> bool:
        return gate.wait(PATIENCE)

    @service.method
    def count_slowly() -> Iterator[int]:
        yield 1
        gate.wait(PATIENCE)

    return service


@contextlib.contextmanager
def a_call(service: Service) -> Iterator[Wait]:
    with client_of(service) as client:
        yield lambda: client.call("hold")


@contextlib.contextmanager
def a_call_with_a_time_limit(service: Service) -> Iterator[Wait]:
    with client_of(service) as client:
        yield lambda: client.call("hold", timeout=10 * PATIENCE)


@contextlib.contextmanager
def a_call_beside_another_threads(service: Service) -> Iterator[Wait]:
    with client_of(service) as client:
        other = Background(client.call, "hold")
        wait_until(lambda: client.stats().active_calls, "the other call")
        other.wait_until_waiting()
        yield lambda: client.call("hold")


@contextlib.contextmanager
def a_stream(service: Service) -> Iterator[Wait]:
    with client_of(service) as client, client.stream("count_slowly") as items:
        assert next(items) == 1
        yield partial(next, items)


@contextlib.contextmanager
def a_subscription(service: Service) -> Iterator[Wait]:
    with client_of(service) as client, client.subscribe("ticks") as ticks:
        yield partial(next, ticks)


@contextlib.contextmanager
def publishing_to_one_who_does_not_take(service: Service) -> Iterator[Wait]:
    full = service.topic("full", int, policy="block", queue=1)
    with client_of(service) as client, client.subscribe("full"):
        with contextlib.suppress(DeadlinePassed):
            while True:
                full.publish(1, timeout=0.1)
        yield partial(full.publish, 1)


@contextlib.contextmanager
def stopping_a_server_whose_method_hangs(service: Service) -> Iterator[Wait]:
    server = ServerThread(ADDRESS, service)
    with server, Client(ADDRESS) as client:
        client.start("hold")
        wait_until(lambda: service.stats().active_calls, "the call")
        yield partial(server.stop, timeout=None)


@contextlib.contextmanager
def waiting_for_the_end_of_a_server(service: Service) -> Iterator[Wait]:
    with ServerThread(ADDRESS, service) as server:
        yield server.wait_stopped


@contextlib.contextmanager
def running_an_event_loop(_service: Service) -> Iterator[Wait]:
    with EventLoop() as loop:
        yield loop.run


@contextlib.contextmanager
def accepting(_service: Service) -> Iterator[Wait]:
    with listen(ADDRESS) as server:
        yield server.accept


@contextlib.contextmanager
def reading(_service: Service) -> Iterator[Wait]:
    with connected_pair() as (one, _):
        yield lambda: one.read(timeout=None)


@contextlib.contextmanager
def receiving_a_message(_service: Service) -> Iterator[Wait]:
    with connected_pair() as (one, _):
        yield lambda: MessageSocket(one).receive(timeout=None)


@contextlib.contextmanager
def writing(_service: Service) -> Iterator[Wait]:
    with clogged_pair() as (one, _, _):
        yield lambda: one.write(bytes(100), timeout=None)


@contextlib.contextmanager
def waiting_for_the_peer_to_leave(_service: Service) -> Iterator[Wait]:
    with connected_pair() as (one, _):
        yield lambda: one.wait_disconnected(timeout=None)


WAYS = [
    a_call,
    a_call_with_a_time_limit,
    a_call_beside_another_threads,
    a_stream,
    a_subscription,
    publishing_to_one_who_does_not_take,
    stopping_a_server_whose_method_hangs,
    waiting_for_the_end_of_a_server,
    running_an_event_loop,
    accepting,
    reading,
    receiving_a_message,
    writing,
    waiting_for_the_peer_to_leave,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_signal_that_no_system_call_has_seen_ends_the_wait_all_the_same(
    way: Callable[[Service], contextlib.AbstractContextManager[Wait]], service: Service, gate: threading.Event
) -> None:
    with way(service) as wait:
        is_ended = is_ended_by_an_unseen_signal(wait)
        gate.set()
    assert is_ended


def test_a_wait_in_parts_lasts_as_long_as_asked_for_and_no_longer_than_needed() -> None:
    parts: list[float] = []
    wait_in_parts(parts.append, lambda: len(parts) == 3, None)
    assert len(parts) == 3
    assert max(parts) < 1
    wait_in_parts(parts.append, lambda: False, 0)
    assert len(parts) == 3
    event = threading.Event()
    wait_in_parts(event.wait, event.is_set, 0.02)


def test_other_threads_wait_in_one_piece() -> None:
    parts: list[float] = []
    Background(wait_in_parts, parts.append, lambda: bool(parts), None).result()
    assert parts[0] > PATIENCE


def is_ended_by_an_unseen_signal(wait: Wait) -> bool:
    """Have a signal noted, but no system call ended, once this thread waits; say whether that was enough."""
    main, has_begun, has_raised = threading.get_ident(), threading.Event(), threading.Event()

    def raise_it(*_: object) -> None:
        has_raised.set()
        raise Interrupted

    def interrupt() -> bool:
        has_begun.wait(PATIENCE)
        wait_until(lambda: sys._current_frames()[main].f_code.co_name in _WAITS, "the main thread to wait")
        _thread.interrupt_main(signal.SIGUSR1)
        is_enough = has_raised.wait(PATIENCE)
        if not is_enough:
            os.kill(os.getpid(), signal.SIGUSR1)
        return is_enough

    def begin() -> None:
        has_begun.set()
        wait()

    previous = signal.signal(signal.SIGUSR1, raise_it)
    try:
        interrupting = Background(interrupt)
        with pytest.raises(Interrupted):
            begin()
        return interrupting.result()
    finally:
        signal.signal(signal.SIGUSR1, previous)
