"""A peer cannot write the lines of a server's log, nor fill it, whatever kind of server it is."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localsocket import Client, EventSocket, Handler, LocalSocket, MessageSocket, ServerThread, Service, aio, connect
from localsocket.errors import CallFailed, LocalSocketError
from localsocket.log_thinning import BURST, BURST_OF_HANDLERS
from localsocket.testing import PATIENCE, wait_until
from wire.building import FAILURE, NOTIFICATION, frame, greeting, pack

FORGED = "x\nERROR root: login of admin ok\n\x1b[2J" * 200
OFTEN = 4 * BURST
GREETED = greeting("client", stream_window=1000)


def plain_service() -> Service:
    service = Service("demo.logged")

    @service.method
    def fail(text: str = "") -> None:
        raise LookupError

    @service.method
    def add(a: int) -> int:
        return a

    return service


def asyncio_service() -> Service:
    service = plain_service()

    @service.method
    async def soon() -> None: ...

    return service


@pytest.fixture(params=[plain_service, asyncio_service])
def path(request: pytest.FixtureRequest, runtime_directory: Path) -> Iterator[Path]:
    path = runtime_directory / "x.sock"
    with ServerThread(path, request.param()):
        yield path


def say(path: Path, *pieces: bytes) -> None:
    """Say something to a service without our client, and wait until it hangs up, or has answered a call."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(path))
        with contextlib.suppress(ConnectionError):
            sock.sendall(b"".join(pieces))
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass


def check_lines(caplog: pytest.LogCaptureFixture, most: int) -> None:
    wait_until(lambda: caplog.records, "a line")  # who says something may be done before it is served
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert 0 < len(lines) <= most
    for line in lines:
        assert line.isprintable(), line
        assert len(line) < 1500


HOSTILE: dict[str, list[bytes]] = {
    "a serializer": [greeting("client", serializer=FORGED)],
    "a role": [greeting(FORGED)],
    "a name": [GREETED, frame(NOTIFICATION, 0, pack((FORGED, None, ())))],
    "a parameter": [GREETED, frame(NOTIFICATION, 0, pack(("add", None, (), {FORGED: 1})))],
    "an argument": [GREETED, frame(NOTIFICATION, 0, pack(("add", None, (FORGED,))))],
    "a topic": [GREETED, frame(NOTIFICATION, 0, pack(("localsocket.subscribe", None, (FORGED,))))],
    "a frame": [GREETED, frame(99, 0, FORGED.encode())],
    "no greeting": [FORGED.encode()],
}


@pytest.mark.parametrize("pieces", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_peer_says_is_one_line_and_short(
    path: Path, caplog: pytest.LogCaptureFixture, pieces: list[bytes]
) -> None:
    say(path, *pieces)
    check_lines(caplog, 1)


@pytest.mark.long
@pytest.mark.parametrize("pieces", [HOSTILE["a serializer"], HOSTILE["no greeting"]])
def test_connections_that_are_dropped_do_not_fill_the_log(
    path: Path, caplog: pytest.LogCaptureFixture, pieces: list[bytes]
) -> None:
    for _ in range(OFTEN):
        say(path, *pieces)
    check_lines(caplog, 2 * BURST)


@pytest.mark.parametrize("name", ["a name", "a parameter", "an argument", "a topic"])
def test_notifications_that_are_not_served_do_not_fill_the_log(
    path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    first, notification = HOSTILE[name]
    say(path, first, *[notification] * OFTEN)
    check_lines(caplog, 2 * BURST)


def test_calls_that_fail_do_not_fill_the_log_and_have_no_reference_to_what_is_not_there(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    references = []
    with Client(path) as client:
        for _ in range(OFTEN):
            with pytest.raises(CallFailed) as caught:
                client.call("fail")
            references.append(caught.value.reference)
    told = [reference for reference in references if reference]
    assert BURST <= len(told) < 2 * BURST
    assert all(reference in caplog.text for reference in told)
    check_lines(caplog, 2 * BURST)


def test_what_a_method_says_of_its_arguments_is_one_line(
    runtime_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = plain_service()

    @service.method
    def find(name: str) -> None:
        raise ValueError(f"there is no {name}")

    path = runtime_directory / "y.sock"
    with ServerThread(path, service), Client(path) as client, pytest.raises(CallFailed):
        client.call("find", FORGED)
    assert "there is no x\\nERROR root" in caplog.text
    assert "\nERROR root" not in caplog.text
    assert "\x1b" not in caplog.text


class Failing(Handler):
    def connected(self, socket: EventSocket) -> None:
        raise LookupError

    def ready_read(self, socket: EventSocket) -> None: ...


def fail(socket: LocalSocket) -> None:
    raise LookupError


async def fail_soon(socket: aio.LocalSocket) -> None:
    raise LookupError


@pytest.mark.long
@pytest.mark.parametrize("handler", [Failing(), fail, fail_soon], ids=["events", "threads", "tasks"])
def test_handlers_that_fail_do_not_fill_the_log(
    runtime_directory: Path, caplog: pytest.LogCaptureFixture, handler: Any
) -> None:
    path = runtime_directory / "x.sock"
    with ServerThread(path, handler):
        for _ in range(2 * BURST_OF_HANDLERS):
            say(path)
    check_lines(caplog, BURST_OF_HANDLERS + 100)


def test_an_authorize_that_fails_does_not_fill_the_log(
    runtime_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def authorize(peer: object) -> bool:
        raise LookupError

    path = runtime_directory / "x.sock"
    with ServerThread(path, fail, authorize=authorize):
        for _ in range(OFTEN):
            say(path)
    failed = [record for record in caplog.records if "authorize() failed" in record.getMessage()]
    assert BURST <= len(failed) < 2 * BURST


# --- on the other side ------------------------------------------------------------------------------------------------


def answering(pieces: list[bytes]) -> Callable[[LocalSocket], None]:
    def answer(socket: LocalSocket) -> None:
        socket.write(b"".join(pieces))
        while socket.read():
            pass

    return answer


def failure(code: str, **parts: object) -> list[bytes]:
    return [greeting("service", max_calls=1), frame(FAILURE, 1, pack((code, FORGED, parts)))]


@pytest.mark.parametrize(
    "pieces",
    [
        [greeting("service", serializer=FORGED, max_calls=1)],
        [greeting(FORGED)],
        failure("failed", reference=FORGED),
        failure("bad-arguments", method=FORGED, path=FORGED, reason=FORGED),
        failure("raised", name=FORGED, arguments=[FORGED], attributes={}),
        failure("no-such-topic", topic=FORGED, service=FORGED, topics=[FORGED]),
        failure("too-late", doing=FORGED, timeout=FORGED),
    ],
)
def test_what_a_service_says_is_one_line_of_an_error(runtime_directory: Path, pieces: list[bytes]) -> None:
    path = runtime_directory / "x.sock"
    with ServerThread(path, answering(pieces)), contextlib.closing(Client(path)) as client:
        with pytest.raises(LocalSocketError) as caught:
            client.call("m", timeout=PATIENCE)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 1500


def test_what_the_other_end_of_an_exchange_says_is_one_line_of_an_error(runtime_directory: Path) -> None:
    path = runtime_directory / "x.sock"
    with ServerThread(path, answering([greeting("messages", serializer=FORGED)])), connect(path) as socket:
        messages = MessageSocket(socket)
        with pytest.raises(LocalSocketError) as caught:
            messages.receive(timeout=PATIENCE)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 1500
