"""The service speaks second: the first byte of a connection chooses the protocol, and what chooses none is dropped."""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import Any
from unittest.mock import patch

import pytest

import localsocket
from localsocket import CallLimits, Client, ServerThread, Service, aio
from localsocket.errors import UnknownOption, Unsupported
from localsocket.services import protocols
from localsocket.testing import PATIENCE, wait_until
from services.conftest import ADDRESS, Serve
from services.raw_peers import connect_raw
from wire.building import GREETING, call, frames_in, greeting

CLIENT = greeting("client", stream_window=1000)


def service_of(**options: Any) -> Service:
    service = Service("demo.second", **options)

    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    return service


def connected() -> socket.socket:
    return connect_raw(ADDRESS)


def kinds_of(data: bytes) -> list[int]:
    return [kind for kind, _, _ in frames_in(data)]


def test_a_service_says_nothing_before_its_client_has(serve: Serve) -> None:
    service = service_of()
    with serve(service), connected() as peer:
        with Client(ADDRESS, timeout=PATIENCE) as client:
            assert client.call("add", 2, 3) == 5  # so that it has had a turn for the other one, too
        peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            peer.recv(1)
        peer.settimeout(PATIENCE)
        peer.sendall(CLIENT[:1])
        assert kinds_of(peer.recv(65536)) == [GREETING]
        for byte in CLIENT[1:] + call(1, "add", 2, 3):
            peer.sendall(bytes([byte]))
        assert frames_in(peer.recv(65536)) == [(5, 1, b"\x05")]


def test_a_call_right_behind_the_greeting_is_answered_after_the_greeting(serve: Serve) -> None:
    with serve(service_of()), connected() as peer:
        peer.sendall(CLIENT + call(1, "add", 2, 3))
        got = b""
        while kinds_of(got) != [GREETING, 5]:
            got += (piece := peer.recv(65536))
            assert piece


@pytest.mark.parametrize("first", [b"\x01", b"\x16\x03\x01", b"\xff", b" ", b"\n", b"get", b"[", b"\x80"])
def test_a_first_byte_that_leads_nowhere_ends_the_connection_with_one_log_line(
    serve: Serve, first: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    service = service_of()
    with serve(service), connected() as peer, Client(ADDRESS, timeout=PATIENCE) as client:
        with contextlib.suppress(ConnectionResetError):
            peer.sendall(first)
            assert peer.recv(1) == b""
        wait_until(lambda: service.stats().dropped_peers == 1)
        assert client.call("add", 2, 3) == 5
    (record,) = [each for each in caplog.records if each.name == "localsocket.services"]
    assert record.levelno == logging.WARNING
    assert f"its first byte is {first[0]:#04x}" in record.getMessage()


def test_log_lines_of_first_bytes_that_lead_nowhere_are_thinned_out(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    service = service_of()
    with serve(service):
        for count in range(1, 61):
            with connected() as peer, contextlib.suppress(ConnectionError):
                peer.sendall(b"\xff")
                peer.recv(1)
            wait_until(lambda count=count: service.stats().dropped_peers == count)  # type: ignore[misc]
    assert len(caplog.records) < 60


def test_a_mute_client_is_disconnected_when_its_time_is_over(serve: Serve) -> None:
    with serve(service_of(limits=CallLimits(greeting=0.05))), connected() as mute, connected() as half:
        with contextlib.suppress(ConnectionError):  # it may be disconnected before, in a slow moment
            half.sendall(CLIENT[:-1])
            while half.recv(65536):
                pass
        assert mute.recv(1) == b""


# --- protocols= -------------------------------------------------------------------------------------------------------


def test_a_service_speaks_all_protocols_that_are_installed_unless_it_says_which() -> None:
    assert service_of().protocols == protocols.spoken_here()
    assert service_of(protocols=["localsocket", "localsocket"]).protocols == ("localsocket",)


@pytest.mark.parametrize(
    ("chosen", "error", "said"),
    [
        (["local-socket"], ValueError, "did you mean 'localsocket'?"),
        (["gopher"], ValueError, "there are localsocket"),
        ([], ValueError, "at least one of localsocket"),
        ("localsocket", TypeError, r"\['localsocket'\]"),
        ([7], ValueError, "7 is not a protocol"),
    ],
)
def test_protocols_that_there_are_not_are_refused(chosen: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        service_of(protocols=chosen)
    with pytest.raises(error, match=said):
        ServerThread(ADDRESS, service_of(), protocols=chosen)
    with pytest.raises(error, match=said):
        aio.serve(ADDRESS, service_of(), protocols=chosen)


def test_a_protocol_whose_package_is_missing_is_refused_with_what_to_install() -> None:
    with patch.dict(protocols._NEEDS, {"localsocket": ("no_such_module", "extra")}):
        with pytest.raises(Unsupported, match=r"no_such_module, which is missing: pip install 'localsocket\[extra\]'"):
            service_of(protocols=["localsocket"])
        assert "localsocket" not in protocols.spoken_here.__wrapped__()


def test_protocols_are_for_services_and_their_keyword_is_known() -> None:
    def handler(connection: localsocket.LocalSocket) -> None: ...

    async def coroutine(connection: aio.LocalSocket) -> None: ...

    with pytest.raises(TypeError, match="protocols= is for a Service"):
        ServerThread(ADDRESS, handler, protocols=["localsocket"])
    with pytest.raises(TypeError, match="protocols= is for a Service"):
        aio.serve(ADDRESS, coroutine, protocols=["localsocket"])
    wrong: dict[str, Any] = {"protocol": ["localsocket"]}
    for make in (service_of, lambda **options: ServerThread(ADDRESS, service_of(), **options)):
        with pytest.raises(UnknownOption, match="did you mean 'protocols'"):
            make(**wrong)
    with pytest.raises(UnknownOption, match="did you mean 'protocols'"):
        aio.serve(ADDRESS, service_of(), **wrong)
