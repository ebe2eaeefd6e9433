"""Varlink peers that keep to no rule get a clear error, or are disconnected with one log line; nobody else notices."""

from __future__ import annotations

import contextlib
import logging
import tracemalloc
from collections.abc import Iterator

import pytest

from localsocket import CallLimits, Client, ServerThread
from localsocket.errors import LocalSocketError
from localsocket.testing import PATIENCE, Background, wait_until
from services.conftest import ADDRESS
from services.varlink_peers import Shop, shop, talking
from wire.broken_varlink import BROKEN

MIB = 1 << 20


class Served:
    """A shop, and a client of our own protocol that it has to go on serving."""

    def __init__(self, service: Shop, client: Client) -> None:
        self.service = service
        self.client = client

    def is_well(self) -> bool:
        return bool(self.client.call("add", 2, 3, timeout=PATIENCE) == 5)


@pytest.fixture(params=["events", "asyncio"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    service = shop(is_async=request.param == "asyncio")
    with ServerThread(ADDRESS, service), Client(ADDRESS, timeout=PATIENCE) as client:
        yield Served(service, client)
        client.close()
        wait_until(lambda: service.stats().open_connections == 0)


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == "localsocket.services"]


def test_what_is_no_call_ends_the_connection_with_one_log_line(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    for name, said in BROKEN.items():
        if not said.startswith(b"{"):
            said = b'{"method":"demo.shop.Add","parameters":{"a":1},"oneway":true}\0' + said
        dropped = served.service.stats().dropped_peers
        caplog.clear()
        with talking(ADDRESS) as peer:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                peer.socket.sendall(said)
            with pytest.raises(EOFError):
                peer.hear()
        wait_until(lambda dropped=dropped: served.service.stats().dropped_peers == dropped + 1)  # type: ignore[misc]
        assert len(lines_of(caplog)) == 1, name
        assert "disconnects pid" in lines_of(caplog)[0], name
        assert len(lines_of(caplog)[0]) < 1000, name
        assert served.is_well(), name
    assert all(record.levelno == logging.WARNING for record in caplog.records)


REFUSED = {
    "parameters that are an array": b'{"method":"demo.shop.Add","parameters":[1]}\0',
    "parameters that are a string": b'{"method":"demo.shop.Add","parameters":"a"}\0',
    "a parameter that is not there": b'{"method":"demo.shop.Add","parameters":{"a":1,"c":2}}\0',
    "a parameter that is missing": b'{"method":"demo.shop.Add"}\0',
    "a parameter that lies of its type": b'{"method":"demo.shop.Add","parameters":{"a":{"b":1}}}\0',
    "an integer beyond 64 bits": b'{"method":"demo.shop.Add","parameters":{"a":18446744073709551616}}\0',
    "an integer of 5,000 digits": b'{"method":"demo.shop.Echo","parameters":{"value":[%s]}}\0' % (b"9" * 5000),
    "a float beyond all floats": b'{"method":"demo.shop.Add","parameters":{"a":1e999}}\0',
    "an upgrade": b'{"method":"demo.shop.Add","parameters":{"a":1},"upgrade":true}\0',
    "a stream without more": b'{"method":"demo.shop.Count","parameters":{"to":1}}\0',
    "a method with escapes": b'{"method":"demo.shop.\\u001b[31mAdd"}\0',
    "a method without an interface": b'{"method":"Add"}\0',
    "no method at all": b'{"method":""}\0',
    "a long method": b'{"method":"demo.shop.%s"}\0' % (b"A" * 100_000),
    "a method of Python": b'{"method":"add","parameters":{"a":1}}\0',
    "a method of the package": b'{"method":"localsocket.describe"}\0',
}


def test_what_cannot_be_served_is_answered_and_the_peer_stays(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with talking(ADDRESS) as peer:
        for name, said in REFUSED.items():
            peer.socket.sendall(said)
            answer = peer.hear()
            assert answer["error"].startswith(("org.varlink.service.", "localsocket.service.")), name
            assert len(str(answer)) < 100_200, name
            assert peer.ask("Add", a=1) == {"parameters": {"result": 2}}, name
    assert lines_of(caplog) == []


def test_a_huge_message_is_refused_before_it_is_kept(served: Served) -> None:
    tracemalloc.start()
    try:
        with talking(ADDRESS) as peer, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            piece = b'{"method":"demo.shop.Add","parameters":{"a":"' + bytes(MIB).replace(b"\0", b"x")
            for _ in range(20):
                peer.socket.sendall(piece)
        assert served.is_well()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * MIB
    wait_until(lambda: served.service.stats().dropped_peers == 1)


def test_half_a_request_keeps_nobody_waiting() -> None:
    def is_served() -> bool:
        # In a slow moment it is too late with its greeting, too.
        with contextlib.suppress(LocalSocketError), Client(ADDRESS, timeout=PATIENCE) as client:
            return bool(client.call("add", 2, 3, timeout=PATIENCE) == 5)
        return False

    service = shop(limits=CallLimits(greeting=0.05))
    with ServerThread(ADDRESS, service), talking(ADDRESS) as peer:
        with contextlib.suppress(ConnectionError):
            peer.socket.sendall(b'{"method":"demo.shop.Add","parameters":{')
        wait_until(is_served)
        with pytest.raises(EOFError):
            peer.hear()


def test_who_pipelines_without_reading_is_read_no_further(served: Served) -> None:
    """What it asks for costs more to send than to ask for."""
    asking = b'{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"demo.shop"}}\0'
    with talking(ADDRESS) as peer:
        peer.socket.settimeout(None)
        with Background(_say_all, peer.socket, asking * 30_000):
            wait_until(lambda: served.service.stats().bytes_unsent >= MIB // 2)
            assert served.is_well()
            assert served.service.stats().bytes_unsent < 8 * MIB
            peer.socket.shutdown(2)
    assert served.is_well()


def _say_all(sock: object, data: bytes) -> None:
    with contextlib.suppress(OSError):
        sock.sendall(data)  # type: ignore[attr-defined]
