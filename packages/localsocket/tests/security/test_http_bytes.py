"""HTTP that is wrong, cut off, slow or meant to be read in two ways: it is told so, and costs only itself."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from collections.abc import Iterator

import pytest

from contracts import AioFace, ServiceFace, ServingInLoop, ServingInThread
from contracts.service_of_claims import ADDRESS, ServiceOfClaims, small_limits
from localsocket import Client
from localsocket.log_thinning import ThinnedLog
from localsocket.testing import wait_until
from services.raw_peers import connect_raw
from wire.http_building import Told, chunked, request, responses
from wire.test_http_door import BROKEN, REFUSED, long_head

SLOW = 0.1  # seconds
RIGHT = request("/add", b'{"a": 1}')


@pytest.fixture(params=["events", "coroutines"])
def face(request: pytest.FixtureRequest) -> Iterator[ServiceFace]:
    if request.param == "events":
        yield ServingInThread(is_async=False)
        return
    with AioFace() as loop:
        yield ServingInLoop(loop, is_async=True)


def raw() -> socket.socket:
    return connect_raw(ADDRESS)


def told(peer: socket.socket, *, count: int = 0) -> list[Told]:
    """Return all responses until the connection ends, or so many."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while not count or len(responses(got)) < count:
            if not (piece := peer.recv(65536)):
                break
            got += piece
    return responses(got)


@pytest.mark.long
def test_wrong_requests_are_told_why_and_those_that_cannot_be_read_end_their_connection_with_one_log_line(
    face: ServiceFace, caplog: pytest.LogCaptureFixture
) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async, limits=small_limits(message=2000))
    of_claims.service._log = ThinnedLog(logging.getLogger("localsocket.services"), burst=len(BROKEN))
    with of_claims.served_by(face), Client(ADDRESS) as good:
        for name, said, status, code in REFUSED:
            with raw() as peer:
                peer.sendall(said + RIGHT)
                wrong, answered = told(peer, count=2)
            assert (wrong.status, wrong.json["code"], answered.json) == (status, code, 2), name
            assert good.call("add", 1) == 2
        assert not caplog.records
        for number, (name, said, status) in enumerate(BROKEN, 1):
            with raw() as peer:
                with contextlib.suppress(BrokenPipeError):
                    peer.sendall(said)
                last = told(peer)[-1]
            assert (last.status, last.headers["connection"]) == (status, "close"), name
            assert good.call("add", 1) == 2
            wait_until(lambda number=number: len(caplog.records) >= number, name)  # type: ignore[misc]
    assert len(caplog.records) == of_claims.service.stats().dropped_peers == len(BROKEN)
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert all("\r" not in record.getMessage() and "\0" not in record.getMessage() for record in caplog.records)


HALVES = [
    b"P",
    b"POST /add",
    b"POST /add HTTP/1.1\r\n",
    b"POST /add HTTP/1.1\r\nHost: x\r\nX: ",
    long_head(16_000)[:-4],
    request("/add", b'{"a": 1}')[:-1],
    request("/add", b'{"a": 1}', "Expect: 100-continue")[:-8],
    request("/add", chunked(b'{"a":', b"1}"), "Transfer-Encoding: chunked")[:-3],
    request("/add", chunked(b'{"a": 1}'), "Transfer-Encoding: chunked")[:-2] + b"X: ",
    request("/add", b'{"a": 1}') + request("/add", b'{"a": 1}')[:-1],
]


def settled(stack: contextlib.ExitStack) -> socket.socket:
    """Return a connection by which a call was answered in time, however slow this machine is now."""
    while True:
        peer = stack.enter_context(raw())
        with contextlib.suppress(ConnectionError):
            peer.sendall(RIGHT)
            if told(peer, count=1):
                return peer


def test_half_requests_are_dropped_in_time_and_idle_connections_are_not(
    face: ServiceFace, caplog: pytest.LogCaptureFixture
) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async, limits=small_limits(greeting=SLOW))
    of_claims.service._log = ThinnedLog(logging.getLogger("localsocket.services"), burst=1000)
    with of_claims.served_by(face), contextlib.ExitStack() as stack:
        good, idle, held = (settled(stack) for _ in range(3))
        held.sendall(request("/hold"))
        of_claims.diary.wait_for("held")
        halves = [stack.enter_context(raw()) for _ in HALVES]
        slow = stack.enter_context(raw())
        with contextlib.suppress(ConnectionError):
            for peer, half in zip(halves, HALVES, strict=True):
                peer.sendall(half)
            for byte in RIGHT + RIGHT[:-1]:  # whose time does not begin anew with each byte
                slow.sendall(bytes([byte]))
        for _ in range(100):
            good.sendall(RIGHT)
            assert told(good, count=1)[0].json == 2
        for peer in [*halves, slow]:
            with contextlib.suppress(ConnectionResetError):
                while peer.recv(65536):
                    pass
        wait_until(lambda: len(caplog.records) == of_claims.service.stats().dropped_peers > len(HALVES))
        idle.sendall(RIGHT)
        assert told(idle, count=1)[0].json == 2
        of_claims.gate.set()
        assert told(held, count=1)[0].json == "released"
    assert all("in time" in record.getMessage() for record in caplog.records)


def test_a_method_is_not_called_by_half_a_request(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    asked = request("/note", b'{"what": "half"}')
    with of_claims.served_by(face), raw() as peer:
        peer.sendall(asked[:-1])
        peer.shutdown(socket.SHUT_WR)
        assert not told(peer)
    assert not of_claims.diary.notes


def test_what_is_smuggled_in_a_body_is_never_a_request(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    hidden = request("/note", b'{"what": "smuggled"}')
    ways = [
        request("/add", b"0\r\n\r\n" + hidden, "Content-Length: 5", "Transfer-Encoding: chunked"),
        request("/add", b"0\r\n\r\n" + hidden, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        request("/add", b"0\r\n\r\n" + hidden, "Transfer-Encoding: chunked\r\n , identity"),
        request("/add", b"0\r\n\r\n" + hidden, "Transfer-Encoding:\x0bchunked"),
        request("/add", b"{}" + hidden, "Content-Length: 2", "Content-Length: 200"),
        request("/add", b"{}" + hidden, "Content-Length: 2, 200"),
        request("/add", b"", "X: a\nContent-Length: 0\r\n") + hidden,
    ]
    with of_claims.served_by(face), Client(ADDRESS) as good:
        for way in ways:
            with raw() as peer:
                with contextlib.suppress(BrokenPipeError):
                    peer.sendall(way)
                assert [each.status for each in told(peer)][-1] in (400, 501), way
        assert good.call("add", 1) == 2
    assert not of_claims.diary.notes


def test_who_may_not_call_a_method_may_not_by_http_either(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face), raw() as peer:
        peer.sendall(request("/forbidden", b'{"a": 1}') + request("/unclear", b'{"a": 1}', "Connection: close"))
        forbidden, unclear = told(peer)
    assert (forbidden.status, forbidden.json["code"]) == (403, "not-allowed")
    assert unclear.status == 500
    assert json.loads(unclear.body)["code"] == "failed"
