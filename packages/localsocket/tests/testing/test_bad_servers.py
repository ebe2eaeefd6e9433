"""Servers that misbehave do so to clients alone, and clients keep their word: late, lost or garbled, it is told."""

from __future__ import annotations

import pytest

import localsocket
from localsocket import Client, ServerThread
from localsocket.errors import ClosedByPeer, DeadlinePassed, NoSuchMethod, PeerBrokeProtocol
from localsocket.testing import (
    EVERY_BAD_SERVER,
    Background,
    GarblingServer,
    MisbehavingServer,
    ServerUnderTest,
    SilentServer,
    TricklingServer,
    UnansweringServer,
    VanishingServer,
    server_contract,
    wait_until,
)
from testing.orders import Order, orders

SOON = 0.05


@pytest.mark.parametrize("kind", EVERY_BAD_SERVER)
def test_a_bad_server_ends_with_its_block_whatever_its_client_does(kind: type[MisbehavingServer]) -> None:
    with kind("bad.server", orders()), localsocket.connect("bad.server") as mute:
        mute.write(b"\0")
        client = Client("bad.server")
        opening = Background(client.open)
        if kind is not SilentServer:
            opening.result()
    wait_until(lambda: opening.is_done)
    client.close()


def test_a_silent_server_is_given_up_in_time() -> None:
    with SilentServer("bad.server", orders()):
        client = Client("bad.server", timeout=SOON)
        with pytest.raises(DeadlinePassed):
            client.open()
        client.close()


def test_a_call_that_is_never_answered_is_given_up_in_time() -> None:
    with UnansweringServer("bad.server", orders()), Client("bad.server") as client, pytest.raises(DeadlinePassed):
        client.call("total", Order("tea"), timeout=SOON)


def test_half_an_answer_is_a_lost_connection() -> None:
    with VanishingServer("bad.server", orders()), Client("bad.server") as client, pytest.raises(ClosedByPeer):
        client.call("total", Order("tea"))


def test_an_answer_in_single_bytes_is_whole() -> None:
    with TricklingServer("bad.server", orders(), pause=0), Client("bad.server") as client:
        assert client.call("total", Order("tea")) == 5
        assert list(client.stream("count", 2)) == [0, 1]


def test_what_is_no_protocol_is_told() -> None:
    with GarblingServer("bad.server", orders()), Client("bad.server") as client, pytest.raises(PeerBrokeProtocol):
        client.call("total", Order("tea"))


# --- and peers that misbehave are set on a service --------------------------------------------------------------------


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
def test_a_service_keeps_the_contract_of_servers(is_async: bool) -> None:
    with ServerThread("demo.orders", orders(is_async=is_async)):
        server_contract.check(ServerUnderTest.calling("demo.orders", "total", Order("tea", 3), price=7))


def test_what_cannot_be_called_is_no_server_under_test() -> None:
    with ServerThread("demo.orders", orders()), pytest.raises(NoSuchMethod):
        ServerUnderTest.calling("demo.orders", "totl")
