"""A peer that lies about shared memory ends its own connection, and costs nothing else: lessons S22 and S23."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from localsocket import CallLimits, Client, LocalSocket, PeerCredentials, ServerThread, Service, parse_address
from localsocket.errors import ClosedByPeer, PeerBrokeProtocol
from localsocket.interfaces import KIB, MIB, MemoryName
from localsocket.payload.sealed_memory import BLOCK, STATES, make_memory
from localsocket.services import client_core, session
from localsocket.testing import PATIENCE, wait_until
from localsocket.wire.frames import Kind
from localsocket.wire.shared_bodies import Memories
from security.conftest import ServedBy
from wire.other_program import CALL, FAILURE, NOTIFICATION, REPLY, OtherProgram, pack, unpack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is shared on Linux alone")

ADDRESS = "attacked.memory"
SIZE = 8 * BLOCK
MEMORY, ANSWER, BODY = int(Kind.MEMORY), int(Kind.MEMORY_ANSWER), int(Kind.BODY_IN_MEMORY)
ADD = pack(["add", None, [2, 3]])
LENGTH = len(ADD)


def calculator(**options: Any) -> Service:
    service = Service("attacked", **options)

    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    @service.method
    def echo(data: bytes) -> bytes:
        return data

    return service


@pytest.fixture
def service(served_by: ServedBy) -> Iterator[Service]:
    served = calculator()
    with served_by(served, ADDRESS):
        yield served


class Attacker(OtherProgram):
    """Knows what a program in another language knows: the memory is its own, and so is what it says of that."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.memory, self.name, self.descriptor = make_memory(SIZE)

    def close(self) -> None:
        self.memory.close()
        self.descriptor.close()

    def offer(self, name: MemoryName | None = None) -> bool:
        """Offer memory, and return whether the peer has taken it."""
        self.send(MEMORY, 0, pack(list(name or self.name)))
        kind, _, body = self.receive()
        assert kind == ANSWER
        return bool(unpack(body))

    def put(self, body: bytes, first: int = 1) -> None:
        count = -(-len(body) // BLOCK)
        self.memory[STATES + first : STATES + first + count] = b"\1" * count
        self.memory[first * BLOCK : first * BLOCK + len(body)] = body

    def ring(self, number: int, first: Any = 1, size: Any = LENGTH, kind: Any = CALL, apart: Any = None) -> None:
        self.send(BODY, number, pack([kind, first, size, *([] if apart is None else [apart])]))


@contextlib.contextmanager
def attacking(capabilities: Sequence[str] = ("shared-memory", "apart")) -> Iterator[Attacker]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(parse_address(ADDRESS).location)
        with contextlib.closing(Attacker(connection)) as attacker:
            attacker.greet(role="client", max_message=MIB, capabilities=list(capabilities))
            yield attacker


def mapped() -> int:
    return Path("/proc/self/maps").read_text(encoding="utf-8").count("memfd:")


def is_over(attacker: Attacker) -> bool:
    try:
        attacker.receive()
    except (EOFError, ConnectionResetError):
        return True
    return False


def test_a_program_that_knows_the_page_calls_by_memory(service: Service) -> None:
    with attacking() as attacker:
        assert attacker.offer()
        for number in (1, 2):
            attacker.put(ADD)
            attacker.ring(number)
            assert attacker.expect(REPLY, number) == 5
            assert attacker.memory[STATES + 1] == 0  # it may be used again
        assert service.stats().bytes_received_by_memory == 2 * len(ADD)


# --- lies of a client -------------------------------------------------------------------------------------------------


def put_and(**lie: Any) -> Callable[[Attacker], None]:
    def act(attacker: Attacker) -> None:
        attacker.put(ADD)
        attacker.ring(1, **lie)

    return act


def name_a_body_twice(attacker: Attacker) -> None:
    attacker.put(ADD)
    attacker.ring(1)
    assert attacker.expect(REPLY, 1) == 5
    attacker.ring(2)


def claim_too_few(attacker: Attacker) -> None:
    attacker.put(ADD)
    attacker.ring(1, size=BLOCK + 1)


PIECE = 4 * KIB
ECHO_APART = pack(["echo", None, []])[:-1] + b"\x91\xc7\x02\x03\x00\x00"


def put_apart(apart: Any) -> Callable[[Attacker], None]:
    """Put a value and a call with it there, and say of the value what is not so."""

    def act(attacker: Attacker) -> None:
        body = bytes(PIECE) + ECHO_APART
        attacker.put(body)
        attacker.ring(1, size=len(body), apart=apart)

    return act


def offer_again(attacker: Attacker) -> None:
    attacker.send(MEMORY, 0, pack(list(attacker.name)))


def answer_nothing(attacker: Attacker) -> None:
    attacker.send(ANSWER, 0, pack(True))


def say(kind: int, body: bytes) -> Callable[[Attacker], None]:
    return lambda attacker: attacker.send(kind, 1, body)


LIES: dict[str, Callable[[Attacker], None]] = {
    "a block that is the header": put_and(first=0),
    "a block before the memory": put_and(first=-1),
    "a block behind the memory": put_and(first=SIZE // BLOCK),
    "a block far behind it": put_and(first=2**40),
    "no bytes": put_and(size=0),
    "fewer than no bytes": put_and(size=-5),
    "more bytes than the memory has": put_and(size=SIZE),
    "more bytes than are taken": put_and(size=2 * MIB),
    "blocks that are not claimed": lambda attacker: attacker.ring(1),
    "more blocks than are claimed": claim_too_few,
    "a body that was read": name_a_body_twice,
    "a greeting": put_and(kind=1),
    "an offer": put_and(kind=MEMORY),
    "a body within a body": put_and(kind=BODY),
    "an answer to a call": put_and(kind=REPLY),
    "no such kind": put_and(kind=200),
    "texts for numbers": put_and(first="1"),
    "fractions for numbers": put_and(size=9.5),
    "a place that is cut": say(BODY, pack([CALL, 1, 9])[:-1]),
    "a place of two parts": say(BODY, pack([CALL, 1])),
    "a place of nothing": say(BODY, b""),
    "an offer of nothing": say(MEMORY, b""),
    "an offer of texts": say(MEMORY, pack(["1", "2", "3", "4", "5", "6"])),
    "an answer that is no answer": say(ANSWER, pack(7)),
    "an answer to no offer": answer_nothing,
    "a second offer": offer_again,
    "a value apart that is longer than all": put_apart([[False, 2 * PIECE]]),
    "values apart that are longer together": put_apart([[False, PIECE], [True, PIECE]]),
    "a value apart of fewer than no bytes": put_apart([[False, -PIECE], [False, 2 * PIECE]]),
    "values apart that are too short": put_apart([[False, 1]] * 4096),
    "a value apart that says nothing": put_apart([[False]]),
    "a value apart with a text for its length": put_apart([[False, "4096"]]),
    "no list of values apart": put_apart(4096),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_client_that_lies_ends_its_own_connection(service: Service, lie: str) -> None:
    before = mapped()
    with attacking() as good, Client(ADDRESS, shared_memory=False) as client:
        assert good.offer()
        dropped = service.stats().dropped_peers
        with attacking() as attacker:
            assert attacker.offer()
            LIES[lie](attacker)
            assert is_over(attacker)
        assert service.stats().dropped_peers == dropped + 1
        good.put(ADD)
        good.ring(9)
        assert good.expect(REPLY, 9) == 5
        assert client.call("add", 2, 3) == 5
    wait_until(lambda: mapped() == before, "all memory to be let go")


def test_a_program_that_knows_the_page_sends_bytes_apart(service: Service) -> None:
    with attacking() as attacker:
        assert attacker.offer()
        attacker.put(bytes(PIECE) + ECHO_APART)
        attacker.ring(1, size=PIECE + len(ECHO_APART), apart=[[False, PIECE]])
        assert attacker.expect(REPLY, 1) == bytes(PIECE)


def test_values_apart_that_were_not_agreed_end_the_connection(service: Service) -> None:
    with attacking(["shared-memory"]) as attacker:
        assert attacker.offer()
        put_apart([[False, PIECE]])(attacker)
        assert is_over(attacker)
    wait_until(lambda: service.stats().dropped_peers == 1)


@pytest.mark.parametrize("place", [b"\x00\x01", b"\xff\xff", b"\x00", b"\x00\x00\x00"])
def test_a_place_where_no_value_stands_fails_its_call_alone(service: Service, place: bytes) -> None:
    with attacking() as attacker:
        assert attacker.offer()
        body = bytes(PIECE) + ECHO_APART[:-4] + bytes([len(place), 3]) + place
        attacker.put(body)
        attacker.ring(1, size=len(body), apart=[[False, PIECE]])
        code, *_ = attacker.expect(FAILURE, 1)
        assert code == "bad-arguments"
        attacker.put(ADD)
        attacker.ring(2)
        assert attacker.expect(REPLY, 2) == 5


def test_values_apart_count_as_the_body_that_they_belong_to() -> None:
    """The limit of what calls may hold together is reached by them, and so is that of one message."""
    limits = CallLimits(message=64 * KIB)
    with ServerThread(ADDRESS, calculator(limits=limits)), attacking() as attacker:
        assert attacker.offer()
        body = bytes(64 * KIB) + ECHO_APART
        attacker.put(body)
        attacker.ring(1, size=len(body), apart=[[False, 64 * KIB]])
        assert is_over(attacker)


@pytest.mark.parametrize("kind", [MEMORY, ANSWER, BODY])
def test_what_was_not_agreed_ends_the_connection(service: Service, kind: int) -> None:
    with attacking([]) as attacker:
        attacker.send(kind, 1, pack(True))
        assert is_over(attacker)
    assert service.stats().dropped_peers == 1


def test_memory_that_is_not_what_it_seems_is_not_taken_and_calls_go_on(service: Service) -> None:
    reading, writing = os.pipe2(os.O_CLOEXEC)
    with attacking() as attacker, open(reading, "rb"), open(writing, "wb"):
        assert not attacker.offer(attacker.name._replace(descriptor=reading))
        attacker.put(ADD)
        attacker.send(CALL, 1, ADD)
        assert attacker.expect(REPLY, 1) == 5
        attacker.ring(2)  # as if it had been taken
        assert is_over(attacker)


def test_s23_what_is_changed_while_it_is_read_is_one_or_the_other(service: Service) -> None:
    """A body is copied before it is looked at, so that it is at worst a body that its sender might have sent."""
    one, two = (pack(["echo", None, [letter * 30_000]]) for letter in (b"a", b"b"))
    is_ending = threading.Event()
    with attacking() as attacker:
        assert attacker.offer()

        def flip() -> None:
            while not is_ending.wait(0.0001):  # and lets the others run
                for body in (one, two):
                    attacker.memory[BLOCK : BLOCK + len(body)] = body

        flipping = threading.Thread(target=flip)
        flipping.start()
        try:
            for number in range(1, 40):
                attacker.put(one)
                attacker.ring(number, size=len(one))
                answer = attacker.expect(REPLY, number)
                assert len(answer) == 30_000
                assert set(answer) <= set(b"ab")
        finally:
            is_ending.set()
            flipping.join()


def test_a_client_that_offers_memory_without_end_uses_up_no_descriptors(service: Service) -> None:
    before, files = mapped(), len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        with attacking() as attacker:
            assert attacker.offer()
    wait_until(lambda: (mapped(), len(os.listdir("/proc/self/fd"))) == (before, files))


# --- lies of a service ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def lying_service(lie: Callable[[Attacker, int], None]) -> Iterator[None]:
    """Serve one client after another, and lie to each when it calls."""

    def serve(connection: LocalSocket) -> None:
        sock = socket.socket(fileno=os.dup(connection.fileno()))
        sock.setblocking(True)
        sock.settimeout(PATIENCE)
        with sock, contextlib.closing(Attacker(sock)) as attacker:
            attacker.greet(role="service", max_message=MIB, max_calls=9, capabilities=["shared-memory", "apart"])
            _, number, _ = attacker.receive()
            with contextlib.suppress(OSError, EOFError):
                lie(attacker, number)
                attacker.receive()

    with ServerThread(ADDRESS, serve):
        yield


def offering(act: Callable[[Attacker, int], None]) -> Callable[[Attacker, int], None]:
    def lie(attacker: Attacker, number: int) -> None:
        assert attacker.offer()
        attacker.put(pack(5))
        act(attacker, number)

    return lie


LIES_OF_A_SERVICE: dict[str, Callable[[Attacker, int], None]] = {
    "a block behind the memory": offering(lambda a, number: a.ring(number, SIZE // BLOCK, 1, REPLY)),
    "blocks that are not claimed": offering(lambda a, number: a.ring(number, 3, 1, REPLY)),
    "for a call that was never made": offering(lambda a, number: a.ring(number + 9, 1, 1, REPLY)),
    "a call": offering(lambda a, number: a.ring(number, 1, 1, CALL)),
    "a notification": offering(lambda a, _: a.ring(0, 1, 1, NOTIFICATION)),
    "no offer": lambda a, number: a.ring(number, 1, 1, REPLY),
    "an answer to no offer": lambda a, _: a.send(ANSWER, 0, pack(True)),
    "a second offer": offering(lambda a, _: a.send(MEMORY, 0, pack(list(a.name)))),
}


@pytest.mark.parametrize("lie", LIES_OF_A_SERVICE)
def test_a_service_that_lies_breaks_the_protocol_for_its_client(lie: str) -> None:
    before = mapped()
    with lying_service(LIES_OF_A_SERVICE[lie]):
        with Client(ADDRESS) as client, pytest.raises((PeerBrokeProtocol, ClosedByPeer)) as caught:
            client.call("add", 2, 3, timeout=PATIENCE)
        assert isinstance(caught.value, PeerBrokeProtocol)
    wait_until(lambda: mapped() == before, "all memory to be let go")


def test_a_client_is_told_of_values_apart_that_are_longer_than_their_body() -> None:
    lie = offering(lambda attacker, number: attacker.ring(number, 1, PIECE, REPLY, [[True, PIECE], [False, PIECE]]))
    with lying_service(lie), Client(ADDRESS) as client, pytest.raises(PeerBrokeProtocol, match="apart"):
        client.call("add", 2, 3, timeout=PATIENCE)


def test_an_answer_in_memory_to_a_call_that_was_given_up_is_read_all_the_same() -> None:
    states: list[int] = []

    def answer_late(attacker: Attacker, number: int) -> None:
        attacker.send(MEMORY, 0, pack(list(attacker.name)))
        attacker.receive()  # the first call is cancelled
        _, second, _ = attacker.receive()
        assert attacker.receive()[0] == ANSWER
        attacker.put(pack(7))
        attacker.ring(number, 1, 1, REPLY)
        attacker.send(REPLY, second, pack(5))
        _, third, _ = attacker.receive()
        states.append(attacker.memory[STATES + 1])
        attacker.send(REPLY, third, pack(5))

    with lying_service(answer_late), Client(ADDRESS) as client:
        pending = client.start("add", 2, 3)
        pending.cancel()
        for _ in range(2):
            assert client.call("add", 2, 3, timeout=PATIENCE) == 5
    assert states == [0]


# --- other users ------------------------------------------------------------------------------------------------------


def test_nothing_is_shared_with_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says who that is; here it is made to say that both are somebody else."""
    asked: list[PeerCredentials] = []

    def memories_with_nobody(memories: Memories | None, peer: PeerCredentials) -> Memories | None:
        asked.append(peer)
        return real(memories, PeerCredentials(peer.pid, peer.uid + 1, peer.gid))

    real = session.memories_with
    monkeypatch.setattr(session, "memories_with", memories_with_nobody)
    monkeypatch.setattr(client_core, "memories_with", memories_with_nobody)
    service = calculator()
    with ServerThread(ADDRESS, service), Client(ADDRESS) as client:
        before = mapped()
        for _ in range(3):
            assert client.call("echo", bytes(200 * KIB)) == bytes(200 * KIB)
        assert mapped() == before
        stats = client.stats()
        assert (stats.bytes_sent_by_memory, stats.bytes_received_by_memory) == (0, 0)
        with attacking() as attacker:
            assert not attacker.offer()
            attacker.send(CALL, 1, ADD)
            assert attacker.expect(REPLY, 1) == 5
    assert {peer.uid for peer in asked} == {os.geteuid()}
