"""The closed loops: every byte is checked, in whatever pieces it comes back, whatever moves the bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import pytest

import localsocket
from localsocket import errors
from localsocket.tools.aio_socket_factory import AioSocketFactory
from localsocket.tools.closed_loop import ClosedLoops, Exchange
from localsocket.tools.echo_server import Echo, echo_server
from localsocket.tools.faces import loop_maker
from localsocket.tools.socket_factory import SocketFactory

Factory: TypeAlias = Callable[..., ClosedLoops]

FACTORIES: dict[str, Factory] = {
    "blocking": SocketFactory,
    "aio": AioSocketFactory,
    "aio-uvloop": partial(AioSocketFactory, new_loop=loop_maker("aio-uvloop")),
}


@pytest.fixture(params=FACTORIES.values(), ids=FACTORIES)
def factory(request: pytest.FixtureRequest) -> Factory:
    chosen: Factory = request.param
    return chosen


class Shredder(Echo):
    """Echoes each piece as many smaller ones, so that pieces cross the ends of chunks."""

    def ready_read(self, socket: localsocket.EventSocket) -> None:
        data = socket.read_available()
        for begin in range(0, len(data), 7):
            socket.write(data[begin : begin + 7])


class Liar(Echo):
    """Changes one bit of the first byte of all."""

    has_lied = False

    def ready_read(self, socket: localsocket.EventSocket) -> None:
        data = socket.read_available()
        if not self.has_lied:
            self.has_lied = True
            data = bytes([data[0] ^ 1]) + data[1:]
        socket.write(data)


class Stale(Echo):
    """Answers every chunk with the first one."""

    first = b""

    def ready_read(self, socket: localsocket.EventSocket) -> None:
        data = socket.read_available()
        self.first = self.first or data
        socket.write(self.first)


class Quitter(Echo):
    """Leaves a connection in its midst."""

    def ready_read(self, socket: localsocket.EventSocket) -> None:
        socket.abort()


def exchange_with(
    handler: localsocket.Handler, factory: Factory, *, connections: int, chunk_bytes: int, round_trips: int
) -> Exchange:
    with (
        localsocket.ServerThread("measured", handler),
        factory("measured", connections=connections, chunk_bytes=chunk_bytes) as sockets,
    ):
        return sockets.run_round_trips(round_trips, timeout=60)


@pytest.mark.parametrize(("connections", "chunk_bytes"), [(1, 1), (3, 100), (5, 100_000), (2, 500_000)])
def test_every_byte_comes_back_right(factory: Factory, connections: int, chunk_bytes: int) -> None:
    exchange = exchange_with(Echo(), factory, connections=connections, chunk_bytes=chunk_bytes, round_trips=60)
    assert exchange.corrupted == 0
    assert exchange.round_trips >= 60
    assert exchange.bytes_received >= 60 * chunk_bytes


@pytest.mark.parametrize("chunk_bytes", [1, 5, 20, 1000])
def test_pieces_are_checked_like_whole_chunks(factory: Factory, chunk_bytes: int) -> None:
    exchange = exchange_with(Shredder(), factory, connections=2, chunk_bytes=chunk_bytes, round_trips=100)
    assert exchange.corrupted == 0
    assert exchange.round_trips >= 100


@pytest.mark.parametrize("chunk_bytes", [1, 1000])
def test_one_wrong_byte_is_counted_once(factory: Factory, chunk_bytes: int) -> None:
    assert exchange_with(Liar(), factory, connections=1, chunk_bytes=chunk_bytes, round_trips=20).corrupted == 1


@pytest.mark.parametrize("chunk_bytes", [1, 100])
def test_a_stale_echo_is_not_taken_for_the_next_chunk(factory: Factory, chunk_bytes: int) -> None:
    exchange = exchange_with(Stale(), factory, connections=1, chunk_bytes=chunk_bytes, round_trips=10)
    assert exchange.corrupted == 5 * chunk_bytes


def test_each_connection_does_its_share_and_fast_ones_go_on(factory: Factory) -> None:
    exchange = exchange_with(Echo(), factory, connections=4, chunk_bytes=1, round_trips=10)
    assert exchange.round_trips >= 12  # ten do not divide by four: each does three


def test_a_second_run_goes_on_where_the_first_stopped(factory: Factory) -> None:
    with echo_server("measured", "thread"), factory("measured", connections=3, chunk_bytes=70_000) as sockets:
        runs = [sockets.run_for(0.05) for _ in range(3)]
    assert [run.corrupted for run in runs] == [0, 0, 0]
    assert all(run.round_trips for run in runs)


def test_a_server_that_leaves_ends_the_run_with_its_reason(factory: Factory) -> None:
    with pytest.raises(errors.ClosedByPeer):
        exchange_with(Quitter(), factory, connections=2, chunk_bytes=10, round_trips=10)


def test_no_server_is_said_before_anything_is_opened(factory: Factory) -> None:
    with pytest.raises(errors.ServerNotFound):
        factory("nobody", connections=2, chunk_bytes=1).__enter__()


def test_latencies_are_ordered_before_a_quantile_is_taken(factory: Factory) -> None:
    exchange = exchange_with(Echo(), factory, connections=1, chunk_bytes=1, round_trips=200)
    assert 0 < exchange.latency_us(0.0) <= exchange.latency_us(0.5) <= exchange.latency_us(0.99)
