"""Descriptors that nobody asked for are closed at once, and cost whoever sends them the connection: lesson S19."""

from __future__ import annotations

import array
import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import localsocket
from localsocket import CallLimits, Client, Fd, ServerThread, Service
from localsocket.errors import PeerBrokeProtocol
from localsocket.testing import PATIENCE, Background, wait_until
from localsocket.wire.frames import HEADER, Kind, encode_greeting

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere descriptors do not travel yet")

pack = msgspec.msgpack.encode


def plain_service() -> Service:
    service = Service("attacked")

    @service.method
    def measure(log: Fd) -> int:
        return os.fstat(log.fileno()).st_size

    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    return service


def async_service() -> Service:
    service = Service("attacked")

    @service.method
    async def measure(log: Fd) -> int:
        return os.fstat(log.fileno()).st_size

    @service.method
    async def add(a: int, b: int) -> int:
        return a + b

    return service


@pytest.fixture(params=[plain_service, async_service], ids=["threads", "asyncio"])
def attacked(request: pytest.FixtureRequest, runtime_directory: Path) -> Iterator[tuple[Path, Service]]:
    path, service = runtime_directory / "x.sock", request.param()
    with ServerThread(path, service):
        yield path, service


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that ends for its reader when every copy of its writing end is closed."""
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(end)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def send(sock: socket.socket, data: bytes, descriptors: list[int]) -> None:
    beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    sock.sendmsg([data], beside)


def frame(kind: int, number: int, body: bytes = b"", *, count: int = 0) -> bytes:
    return HEADER.pack(len(body), kind, count, 0, number) + body


def call(number: int, method: str = "measure", *, count: int = 1, padding: int = 0) -> bytes:
    places = [msgspec.msgpack.Ext(2, bytes([place])) for place in range(min(count, 1))]
    return frame(Kind.CALL, number, pack((method, None, places, {}, {"padding": "x" * padding})), count=count)


def greet(sock: socket.socket, *, carries: bool = True) -> None:
    said = {"role": "client", "max_message": 1 << 20}
    if carries:
        said |= {"capabilities": ["payload"], "max_descriptors": 8}
    sock.sendall(encode_greeting(pack(said)))
    read_frame(sock)


def read_frame(sock: socket.socket) -> tuple[int, bytes]:
    length, kind, _, _, _ = HEADER.unpack(read_exactly(sock, HEADER.size))
    return kind, read_exactly(sock, length)


def read_exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def send_in_two(sock: socket.socket, data: bytes, size: int, descriptor: int) -> None:
    """Send a frame, the descriptor with its second part: when the first part has been read."""
    send(sock, call(1, "add", count=0) + data[:size], [])
    assert read_frame(sock)[0] == Kind.FAILURE
    send(sock, data[size:], [descriptor])


@contextlib.contextmanager
def attacker(path: Path, *, carries: bool = True) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(path))
        greet(sock, carries=carries)
        yield sock


def assert_disconnected(sock: socket.socket) -> None:
    with contextlib.suppress(ConnectionResetError):
        while sock.recv(65536):
            pass


def assert_nobody_has(reading: int) -> None:
    assert os.read(reading, 1) == b""  # which waits for the last of its writers


def assert_served(path: Path) -> None:
    with Client(path, timeout=PATIENCE) as good:
        assert good.call("add", 2, 3, timeout=PATIENCE) == 5


WRONG: dict[str, Callable[[socket.socket, int], None]] = {
    "more than the service takes": lambda sock, fd: send(sock, call(1, count=9), [fd] * 9),
    "more than it says": lambda sock, fd: send(sock, call(1), [fd] * 2),
    "fewer than it says": lambda sock, fd: send(sock, call(1, count=2), [fd]),
    "as many as the kernel takes": lambda sock, fd: send(sock, call(1, count=8), [fd] * 253),
    "a call that does not tell of them": lambda sock, fd: send(sock, call(1, count=0), [fd]),
    "a call that tells of none that come": lambda sock, fd: sock.sendall(call(1)),
    "in the midst of a header": lambda sock, fd: send_in_two(sock, call(2), 5, fd),
    "in the midst of a body": lambda sock, fd: send_in_two(sock, call(2, count=0, padding=5000), 100, fd),
    "between two frames": lambda sock, fd: (
        send(sock, call(1, "add", count=0), []),
        send(sock, frame(Kind.CANCEL, 1), [fd]),
    )[0],
    "with what is no call": lambda sock, fd: send(sock, frame(Kind.CANCEL, 1, count=1), [fd]),
    "with a frame that is passed over": lambda sock, fd: send(sock, frame(200, 0, b"x", count=1), [fd]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_s19_descriptors_that_break_the_protocol_are_closed_and_end_the_connection(
    attacked: tuple[Path, Service], pipe: tuple[int, int], wrong: str
) -> None:
    path, service = attacked
    reading, writing = pipe
    with attacker(path) as sock:
        WRONG[wrong](sock, writing)
        os.close(writing)
        assert_disconnected(sock)
        assert_nobody_has(reading)
    wait_until(lambda: service.stats().dropped_peers == 1, "the service to count it")
    assert_served(path)


@pytest.mark.parametrize("carries", [False, True])
def test_s19_a_flood_of_descriptors_leaves_none(attacked: tuple[Path, Service], *, carries: bool) -> None:
    path, _ = attacked
    assert_served(path)
    before = open_descriptors()
    with open(os.devnull, "rb") as null:
        for _ in range(50):
            with attacker(path, carries=carries) as sock:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    for number in range(1, 5):
                        send(sock, call(number, count=8), [null.fileno()] * 253)
                assert_disconnected(sock)
    wait_until(lambda: open_descriptors() <= before, "all of them to be closed")
    assert_served(path)


def test_s19_where_none_were_agreed_the_kernel_closes_them_and_a_count_ends_the_connection(
    attacked: tuple[Path, Service], pipe: tuple[int, int]
) -> None:
    path, _ = attacked
    reading, writing = pipe
    with attacker(path, carries=False) as sock:
        send(sock, frame(Kind.CALL, 1, pack(("add", None, (2, 3)))), [writing])
        os.close(writing)
        assert_nobody_has(reading)
        assert read_frame(sock) == (Kind.REPLY, pack(5))
        send(sock, call(2), [])
        assert_disconnected(sock)


@pytest.mark.parametrize("first", [b"{", b"GET / HTTP/1.1\r\n", b"\0\0", b"\xff"])
def test_s19_with_the_first_byte_none_is_taken(
    attacked: tuple[Path, Service], pipe: tuple[int, int], first: bytes
) -> None:
    path, _ = attacked
    reading, writing = pipe
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        send(sock, first, [writing])
        os.close(writing)
        assert_nobody_has(reading)


def test_s19_calls_that_are_refused_hold_none(attacked: tuple[Path, Service]) -> None:
    path, _ = attacked
    before = open_descriptors()
    with open(os.devnull, "rb") as null, attacker(path) as sock:
        for number in range(1, 101):
            send(sock, call(number, ("nothing", "add")[number % 2], count=8), [null.fileno()] * 8)
            assert read_frame(sock)[0] == Kind.FAILURE
        assert open_descriptors() <= before + 5
        send(sock, call(200), [null.fileno()])
        assert read_frame(sock) == (Kind.REPLY, pack(0))


def test_s19_half_a_frame_with_descriptors_is_closed_with_its_connection(
    attacked: tuple[Path, Service], pipe: tuple[int, int]
) -> None:
    path, _ = attacked
    reading, writing = pipe
    for half in (call(1)[:20], call(1)[:3]):
        copy = os.dup(writing)
        with attacker(path) as sock:
            send(sock, half, [copy])
            os.close(copy)
        assert_served(path)
    os.close(writing)
    assert_nobody_has(reading)


# --- a service that attacks its client --------------------------------------------------------------------------------


@contextlib.contextmanager
def listening_at(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield listening
    path.unlink()


def call_blocking(path: Path) -> None:
    with Client(path, timeout=PATIENCE) as client:
        client.call("add", 2, 3, timeout=PATIENCE)


def call_awaiting(path: Path) -> None:
    async def main() -> None:
        async with localsocket.aio.Client(path, timeout=PATIENCE) as client:
            await client.call("add", 2, 3, timeout=PATIENCE)

    asyncio.run(main())


ANSWERS: dict[str, tuple[bytes, int]] = {
    "more than the client takes": (frame(Kind.REPLY, 1, pack(5), count=9), 9),
    "more than it says": (frame(Kind.REPLY, 1, pack(5), count=1), 2),
    "with an answer that does not tell of them": (frame(Kind.REPLY, 1, pack(5)), 1),
    "with a failure": (frame(Kind.FAILURE, 1, pack(("failed", "no", {})), count=1), 1),
    "none that it tells of": (frame(Kind.REPLY, 1, pack(5), count=1), 0),
}


@pytest.mark.parametrize("use", [call_blocking, call_awaiting])
@pytest.mark.parametrize("answer", ANSWERS)
def test_s19_a_service_that_sends_what_was_not_agreed_is_left(
    runtime_directory: Path, pipe: tuple[int, int], use: Callable[[Path], None], answer: str
) -> None:
    path, (data, count) = runtime_directory / "x.sock", ANSWERS[answer]
    reading, writing = pipe

    def attack(listening: socket.socket) -> None:
        sock, _ = listening.accept()
        with sock:
            sock.settimeout(PATIENCE)
            said: dict[str, Any] = {"role": "service", "max_message": 1 << 20, "max_calls": 10}
            said |= {"capabilities": ["payload"], "max_descriptors": 8}
            read_frame(sock)
            sock.sendall(encode_greeting(pack(said)))
            read_frame(sock)
            send(sock, data, [writing] * count)
            os.close(writing)
            assert_disconnected(sock)

    with listening_at(path) as listening, Background(attack, listening):
        with pytest.raises(PeerBrokeProtocol, match="descriptors"):
            use(path)
        assert_nobody_has(reading)


@pytest.mark.parametrize("use", [call_blocking, call_awaiting])
def test_s19_descriptors_that_a_result_does_not_mention_are_closed(
    runtime_directory: Path, pipe: tuple[int, int], use: Callable[[Path], None]
) -> None:
    path = runtime_directory / "x.sock"
    reading, writing = pipe

    def serve(listening: socket.socket) -> None:
        sock, _ = listening.accept()
        with sock:
            sock.settimeout(PATIENCE)
            said: dict[str, Any] = {"role": "service", "max_message": 1 << 20, "max_calls": 10}
            said |= {"capabilities": ["payload"], "max_descriptors": 0}
            read_frame(sock)
            sock.sendall(encode_greeting(pack(said)))
            read_frame(sock)
            send(sock, frame(Kind.REPLY, 1, pack(5), count=1), [writing])
            os.close(writing)
            assert_disconnected(sock)

    with listening_at(path) as listening, Background(serve, listening):
        use(path)
        assert_nobody_has(reading)


def test_the_limit_is_no_more_than_the_kernel_takes() -> None:
    with pytest.raises(ValueError, match="253"):
        CallLimits(descriptors=254)
    with pytest.raises(ValueError, match="descriptors"):
        CallLimits(descriptors=-1)
