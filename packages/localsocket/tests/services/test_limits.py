"""Each limit of CallLimits holds, has a default, and costs nobody but who meets it."""

from __future__ import annotations

import contextlib
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localsocket import CallLimits, Client, LocalSocket, Service, connect, listen
from localsocket.errors import (
    CallFailed,
    ClosedByPeer,
    DeadlinePassed,
    LocalSocketError,
    PeerBrokeProtocol,
    TooLongToSend,
    TooManyCalls,
)
from localsocket.interfaces import KIB, MIB
from localsocket.services.failures import error_of
from localsocket.services.inbox import Inbox
from localsocket.testing import PATIENCE, Background, wait_until
from localsocket.wire.answerer import AnsweredCall
from localsocket.wire.call_bodies import decode_call, encode_call
from localsocket.wire.caller import Caller
from localsocket.wire.frames import HEADER, HEADER_SIZE, Kind, encode_frame
from localsocket.wire.greeting import Greeting
from localsocket.wire.stream_terms import NO_TERMS
from services.conftest import ADDRESS, Serve


def service_with(**limits: Any) -> Service:
    service = Service("demo", limits=CallLimits(**limits))

    @service.method
    def echo(data: bytes) -> bytes:
        return data

    @service.method
    def make(size: int) -> bytes:
        return bytes(size)

    @service.method
    def lines(count: int, size: int) -> Iterator[bytes]:
        for _ in range(count):
            yield bytes(size)

    service.topic("ticks", bytes)
    return service


class RawClient:
    """A client that keeps to the form of what it sends, and to nothing else."""

    def __init__(self, **greeting: Any) -> None:
        self.socket: LocalSocket = connect(ADDRESS, timeout=PATIENCE)
        self.caller = Caller(Greeting(role="client", **{"max_message": MIB, "stream_window": 256 * KIB, **greeting}))

    def greet(self) -> None:
        assert self.is_welcome()

    def is_welcome(self) -> bool:
        """Greet, and tell whether the other side does too."""
        with contextlib.suppress(ClosedByPeer):
            self.socket.write(self.caller.mine.encode(), timeout=PATIENCE)
            while self.caller.peer is None and (data := self.socket.read(timeout=PATIENCE)):
                self.caller.feed(data)
        return self.caller.peer is not None

    def feed(self) -> list[Any]:
        return self.caller.feed(self.socket.read(timeout=PATIENCE))

    def call(self, method: str, *arguments: object) -> Any:
        call = self.caller.begin(method, None, arguments)
        self.socket.write(call.frame, timeout=PATIENCE)
        return call

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.abort()


# --- what they are ------------------------------------------------------------------------------------------------


def test_the_defaults_are_what_the_documentation_says() -> None:
    assert CallLimits() == CallLimits(message=MIB, calls=256, stream=256 * KIB, unsent=MIB, greeting=10.0)


@pytest.mark.parametrize("name", ["message", "calls", "stream", "unsent"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, None])
def test_a_limit_that_means_nothing_is_refused(name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=f"CallLimits.{name} must be"):
        CallLimits(**{name: value})


@pytest.mark.parametrize("value", [-1.0, float("nan"), "1"])
def test_a_time_to_greet_that_means_nothing_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"CallLimits.greeting must"):
        CallLimits(greeting=value)


# --- messages -----------------------------------------------------------------------------------------------------


def test_the_longest_message_passes_in_both_directions_and_one_byte_more_does_not(serve: Serve) -> None:
    overhead = len(encode_call("echo", None, (bytes(1000),))) - 1000
    with serve(service_with(message=2000 + overhead)), Client(ADDRESS, limits=CallLimits(message=1000)) as client:
        assert len(client.call("make", 1000 - 3)) == 997  # beside the three bytes that tell the length
        with pytest.raises(CallFailed):
            client.call("make", 998)
        with pytest.raises(CallFailed):
            client.call("echo", bytes(2000))
        with pytest.raises(TooLongToSend) as caught:
            client.call("echo", bytes(2001))
        assert (caught.value.length, caught.value.limit) == (2001 + overhead, 2000 + overhead)
        with pytest.raises(TooLongToSend):
            client.notify("echo", bytes(2001))
        assert client.call("echo", b"still there") == b"still there"


def test_a_peer_that_sends_more_is_disconnected_before_anything_is_kept_for_it(serve: Serve) -> None:
    with serve(service_with(message=1000)), RawClient() as peer:
        peer.greet()
        tracemalloc.start()
        try:
            with contextlib.suppress(ClosedByPeer):  # in the midst of it, as soon as the header has been read
                peer.socket.write(HEADER.pack(2**32 - 1, Kind.CALL, 0, 0, 1) + bytes(64 * KIB), timeout=PATIENCE)
            assert peer.socket.wait_disconnected(PATIENCE)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < MIB


def test_a_service_that_sends_more_than_it_may_is_left(runtime_directory: Path) -> None:
    with listen(ADDRESS) as server, contextlib.ExitStack() as stack:
        opening = Background(lambda: stack.enter_context(Client(ADDRESS, limits=CallLimits(message=1000))))
        served = server.accept(timeout=PATIENCE)
        stack.callback(served.abort)
        served.write(Greeting(role="service", max_message=MIB, max_calls=1).encode())
        client = opening.result()
        call = client.start("anything")
        served.write(encode_frame(Kind.REPLY, 1, bytes(1001)))
        with pytest.raises(PeerBrokeProtocol, match="1001 bytes, but the limit here is 1000"):
            call.result(timeout=PATIENCE)
        assert served.wait_disconnected(PATIENCE)


# --- calls --------------------------------------------------------------------------------------------------------


def test_a_client_that_makes_more_calls_than_it_may_is_refused_those(serve: Serve) -> None:
    gate, running = threading.Event(), threading.Semaphore(0)
    service = service_with(calls=2)

    @service.method
    def hold() -> None:
        running.release()
        gate.wait(PATIENCE)

    with serve(service), RawClient() as peer:
        peer.greet()
        calls = [peer.call("hold") for _ in range(3)]
        for _ in range(2):
            assert running.acquire(timeout=PATIENCE)
        while not any(call.is_over for call in calls):
            peer.feed()
        gate.set()
        while not all(call.is_over for call in calls):
            peer.feed()
        (refused,) = [call.failure for call in calls if call.failure]
        refusal = error_of(refused, "hold", {})
        assert isinstance(refusal, TooManyCalls)
        assert refusal.limit == 2


# --- streams ------------------------------------------------------------------------------------------------------


def test_no_more_of_a_stream_is_sent_than_its_receiver_granted_and_one_item(serve: Serve) -> None:
    window, count, size = 5000, 100, 600
    item = len(b"\xc5\0\0") + size + HEADER_SIZE
    with serve(service_with()), RawClient(stream_window=window) as peer:
        peer.greet()
        stream = peer.call("lines", count, size)
        granted, taken = window, 0
        while not stream.is_over or stream.items:
            if stream.items and not peer.socket.bytes_available:
                _, credit = peer.caller.take_item(stream) or (b"", b"")
                peer.socket.write(credit)
                taken += 1
                granted = window + taken * item if credit else granted
            else:
                peer.feed()
            assert (taken + len(stream.items or ())) * item < granted + item
        assert taken == count


def test_a_stream_whose_receiver_reads_nothing_stops_at_the_window(serve: Serve) -> None:
    with serve(service_with()), RawClient(stream_window=5000) as peer:
        peer.greet()
        stream = peer.call("lines", 100, 600)
        while len(stream.items or ()) < 9:
            peer.feed()
        for _ in range(10):
            answered = peer.call("echo", b"")
            while not answered.is_over:
                peer.feed()
        assert len(stream.items or ()) == 9


def test_a_service_that_sends_more_of_a_stream_than_it_was_granted_is_left(runtime_directory: Path) -> None:
    with listen(ADDRESS) as server, contextlib.ExitStack() as stack:
        opening = Background(lambda: stack.enter_context(Client(ADDRESS, limits=CallLimits(stream=100))))
        served = server.accept(timeout=PATIENCE)
        stack.callback(served.abort)
        served.write(Greeting(role="service", max_message=MIB, max_calls=1).encode())
        stream = opening.result().stream("anything")
        item = encode_frame(Kind.ITEM, 1, b"\xc4\x58" + bytes(88))
        served.write(encode_frame(Kind.STREAM, 1, b"") + item * 2)
        assert stream.receive(timeout=PATIENCE) == bytes(88)
        with pytest.raises(PeerBrokeProtocol, match="more of a stream than it was granted"):
            stream.receive(timeout=PATIENCE)
        assert served.wait_disconnected(PATIENCE)


# --- unsent -------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_client_that_reads_no_answers_is_read_no_more_calls_of(serve: Serve) -> None:
    unsent, size, count = 64 * KIB, KIB, 60_000
    service = service_with(unsent=unsent)
    with serve(service), RawClient() as peer, Client(ADDRESS) as other:
        peer.greet()
        calls = [peer.caller.begin("make", None, (size,)) for _ in range(count)]
        frames = b"".join(call.frame for call in calls)
        sending = Background(peer.socket.write, frames)
        wait_until(lambda: service.stats().bytes_unsent >= unsent, "it to hold as much as it may")
        assert other.call("echo", b"others") == b"others"
        # The limit, and what is said of the calls that arrived in one piece: they are more than it may have under way.
        assert service.stats().bytes_unsent < unsent + 2 * MIB
        assert not sending.is_done
        while not all(call.is_over for call in calls):
            peer.feed()
        sending.result()
        assert service.stats().dropped_peers == 0
        assert sum(call.failure is None for call in calls) >= 256


def test_a_client_that_has_much_to_send_waits_for_the_service_to_read(runtime_directory: Path) -> None:
    def notify(timeout: float | None = None) -> None:
        client.notify("note", bytes(64 * KIB), timeout=timeout)

    def is_full() -> bool:
        with contextlib.suppress(DeadlinePassed):
            notify(timeout=0.05)
        return unsent() > 64 * KIB

    def unsent() -> int:
        assert client._connection is not None
        return client._connection.socket.bytes_to_write

    with listen(ADDRESS) as server, contextlib.ExitStack() as stack:
        limits = CallLimits(unsent=64 * KIB)
        opening = Background(lambda: stack.enter_context(Client(ADDRESS, limits=limits)))
        served = server.accept(timeout=PATIENCE)
        stack.callback(served.abort)
        served.write(Greeting(role="service", max_message=MIB, max_calls=1000).encode())
        client = opening.result()
        wait_until(is_full)
        with pytest.raises(DeadlinePassed, match="notifying 'note' took longer than"):
            notify(timeout=0.05)
        assert unsent() < 256 * KIB
        waiting = Background(notify)
        waiting.wait_until_waiting()
        while not waiting.is_done:
            if served.wait_readable(timeout=0.01):  # the last bytes may have been read before the call is seen to end
                served.read_available()
        waiting.result()


# --- greeting -----------------------------------------------------------------------------------------------------


def test_who_does_not_greet_in_time_is_disconnected_and_who_does_stays(serve: Serve) -> None:
    service = service_with(greeting=0.1)
    with serve(service), contextlib.ExitStack() as stack:
        late = [stack.enter_context(RawClient()) for _ in range(2)]
        with contextlib.suppress(ClosedByPeer):  # in a slow moment its time is over before
            late[1].socket.write(late[1].caller.mine.encode()[:-1])
        polite = stack.enter_context(RawClient())
        while not polite.is_welcome():  # in a slow moment
            late.append(polite)
            polite = stack.enter_context(RawClient())
        for each in late:
            assert each.socket.wait_disconnected(PATIENCE)
        answered = polite.call("echo", b"x")
        while not answered.is_over:
            polite.feed()
        assert service.stats().dropped_peers == len(late)


def test_a_service_that_does_not_greet_is_waited_for_no_longer_than_told() -> None:
    with listen(ADDRESS), pytest.raises(DeadlinePassed, match=r"waiting for the greeting of 'services\.test'"):
        Client(ADDRESS, timeout=0.05).open()


def test_a_call_before_the_greeting_ends_the_connection(serve: Serve) -> None:
    service = service_with()
    with serve(service), RawClient() as peer:
        peer.socket.write(encode_frame(Kind.CALL, 1, encode_call("echo", None, (b"",))))
        assert peer.socket.wait_disconnected(PATIENCE)
        assert service.stats().calls == 0


# --- fifty that are mute --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def mute_clients(count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        sockets = []
        for _ in range(count):
            with contextlib.suppress(LocalSocketError):
                connected = connect(ADDRESS, timeout=PATIENCE)
                sockets.append(stack.enter_context(socket.socket(fileno=connected.detach())))
        yield sockets


@pytest.mark.parametrize("said", [b"", Greeting(role="client", max_message=MIB).encode()[:20]], ids=["mute", "slow"])
def test_fifty_mute_clients_do_not_delay_a_good_one_and_are_dropped(serve: Serve, said: bytes) -> None:
    service = service_with(greeting=0.3)
    with serve(service), mute_clients(50) as mute:
        for each in mute:
            with contextlib.suppress(ConnectionError):  # in a slow moment its time is over before
                each.send(said)
        wait_until(lambda: service.stats().connections == 50, "all to be accepted")
        late = 0
        while (good := welcome_client()) is None:
            late += 1
        with good as client:
            for _ in range(20):
                assert client.call("echo", b"good", timeout=PATIENCE) == b"good"
            wait_until(lambda: service.stats().open_connections == 1, "the mute ones to be dropped")
            assert client.call("echo", b"good") == b"good"
        for each in mute:
            each.settimeout(PATIENCE)
            with contextlib.suppress(ConnectionResetError):
                while each.recv(4096):
                    pass
        assert service.stats().dropped_peers == 50 + late


def welcome_client() -> Client | None:
    """Return a client that is connected, or None where a slow moment had it greet too late."""
    client = Client(ADDRESS)
    try:
        client.open()
    except ClosedByPeer:
        return None
    return client


def test_calls_that_are_not_admitted_are_answered_some_at_a_time() -> None:
    refused: list[AnsweredCall] = []
    inbox = Inbox(CallLimits(), refused.append, lambda: True, lambda: None)  # type: ignore[arg-type, func-returns-value]
    body = decode_call(encode_call("nothing", None, ()))
    arrived = [AnsweredCall(number, body, 0, 10, NO_TERMS) for number in range(1, 501)]
    inbox.waiting.extend(arrived)
    turns = 0
    while inbox.waiting:
        before = len(refused)
        assert inbox.take_next() is None
        assert 0 < len(refused) - before <= 64
        turns += 1
    assert refused == arrived
    assert turns > 5
