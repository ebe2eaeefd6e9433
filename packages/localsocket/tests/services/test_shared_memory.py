"""Large bodies go by memory that both sides share, where both want that, and by socket where there is no room."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import os
import re
import socket
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from numpy.typing import NDArray

import localsocket
from localsocket import CallLimits, Client, ServerThread, Service, aio, current_call
from localsocket.errors import BadArguments, ClosedByPeer, LocalSocketError
from localsocket.interfaces import KIB, MIB
from localsocket.payload.shared_memories import SharedMemories
from localsocket.services import client_core, session
from localsocket.services import service as service_module
from localsocket.services.topic import Topic
from localsocket.testing import PATIENCE, wait_until
from programs import Program
from services.conftest import ADDRESS, Serve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is shared on Linux alone")

DATA = os.urandom(200_000)
SIZE = len(DATA)
ALL_BY_SOCKET = [
    ({"shared_memory": False}, {}),
    ({}, {"shared_memory": False}),
    ({"limits": CallLimits(shared_memory=0)}, {}),
    ({}, {"limits": CallLimits(shared_memory=0)}),
    ({"limits": CallLimits(shared_memory_in_all=0)}, {}),
    ({}, {"limits": CallLimits(shared_memory_in_all=0)}),
]


def shared(**options: Any) -> Service:
    service = Service("demo.shared", **options)
    got = service.topic("got", int)

    @service.method
    def echo(data: bytes) -> bytes:
        return data

    @service.method
    def size(data: bytes) -> int:
        return len(data)

    @service.method
    def make(size: int) -> bytes:
        return DATA[:1] * size

    @service.method
    def parts(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield DATA

    @service.method
    def keep(data: bytes) -> None:
        got.publish(len(data))

    @service.method(idempotent=True)
    def again(data: bytes) -> int:
        return len(data)

    @service.method
    def ask(data: bytes) -> int:
        asked: bytes = current_call().caller.call("echo", data + data)
        return len(asked)

    return service


def open_files() -> list[str]:
    with os.scandir("/proc/self/fd") as files:
        return sorted(os.readlink(file.path) for file in files)


def memories_mapped(pid: int | str = "self") -> int:
    return Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").count("memfd:localsocket")


@pytest.fixture(autouse=True)
def nothing_stays_mapped() -> Iterator[None]:
    before = memories_mapped()
    yield
    wait_until(lambda: memories_mapped() == before, "what was mapped to be let go")


@pytest.fixture(autouse=True)
def what_is_not_used_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a machine that stops for two seconds between two calls has the later ones go by socket for a while."""
    monkeypatch.setattr(session, "LOOK_AGAIN", PATIENCE)


def by_memory(of: Client | aio.Client | Service) -> tuple[int, int]:
    stats = of.stats()
    return stats.bytes_sent_by_memory, stats.bytes_received_by_memory


# --- which way --------------------------------------------------------------------------------------------------------


def test_large_arguments_and_results_go_by_memory_from_the_second_on(serve: Serve) -> None:
    service = shared()
    with serve(service), Client(ADDRESS) as client:
        for _ in range(4):
            assert client.call("echo", DATA) == DATA
        sent, received = by_memory(client)
        assert sent >= 3 * SIZE
        # The service asked when it answered first, and may have been told after it did again.
        assert received >= 2 * SIZE
        assert by_memory(service) == (received, sent)
        assert client.stats().bytes_sent < 2 * SIZE
        assert client.stats().bytes_received < 3 * SIZE


def test_large_arguments_and_results_of_tasks_go_by_memory(serve: Serve) -> None:
    async def main() -> None:
        async with aio.Client(ADDRESS) as client:
            for _ in range(4):
                assert await client.call("echo", DATA) == DATA
            assert min(by_memory(client)) >= 2 * SIZE
            assert by_memory(service) == by_memory(client)[::-1]

    service = shared()
    with serve(service):
        asyncio.run(main())


def test_coroutine_functions_and_async_generators_send_by_memory() -> None:
    service = Service("demo.shared")

    @service.method
    async def echo(data: bytes) -> bytes:
        return data

    @service.method
    async def parts(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield DATA

    with ServerThread(ADDRESS, service), Client(ADDRESS) as client:
        for _ in range(3):
            assert client.call("echo", DATA) == DATA
        before = by_memory(client)[1]
        assert list(client.stream("parts", 5)) == [DATA] * 5
        assert by_memory(client)[1] >= before + 5 * SIZE


def test_what_is_small_goes_by_socket_and_makes_no_memory(serve: Serve) -> None:
    service = shared()
    with serve(service), Client(ADDRESS) as client:
        before = memories_mapped()
        for _ in range(3):
            assert client.call("size", bytes(127 * KIB)) == 127 * KIB
        assert memories_mapped() == before
        assert by_memory(client) == by_memory(service) == (0, 0)


@pytest.mark.parametrize(("of_service", "of_client"), ALL_BY_SOCKET)
def test_where_one_side_wants_none_all_goes_by_socket(
    serve: Serve, of_service: dict[str, Any], of_client: dict[str, Any]
) -> None:
    service = shared(**of_service)
    with serve(service), Client(ADDRESS, **of_client) as client:
        before = memories_mapped()
        for _ in range(3):
            assert client.call("echo", DATA) == DATA
        assert by_memory(client) == by_memory(service) == (0, 0)
        assert memories_mapped() == before


def test_where_one_side_takes_less_memory_than_the_other_makes_that_goes_by_socket(serve: Serve) -> None:
    service = shared(limits=CallLimits(shared_memory=1 * MIB))
    with serve(service), Client(ADDRESS) as client:
        for _ in range(3):
            assert client.call("echo", DATA) == DATA
        sent, received = by_memory(client)
        assert not sent
        assert received


def test_what_has_no_room_goes_by_socket(serve: Serve) -> None:
    service = shared(limits=CallLimits(message=4 * MIB))
    with serve(service), Client(ADDRESS, limits=CallLimits(message=4 * MIB)) as client:
        client.call("echo", DATA)
        pending = [client.start("echo", DATA) for _ in range(64)]
        assert [each.result() for each in pending] == [DATA] * 64
        assert client.call("make", 3 * MIB) == DATA[:1] * 3 * MIB
        assert client.call("size", bytes(3 * MIB)) == 3 * MIB
        sent, received = by_memory(client)
        assert 0 < sent < 64 * SIZE
        assert received > 0


def test_items_and_notifications_go_by_memory(serve: Serve) -> None:
    service = shared()
    with serve(service), Client(ADDRESS) as client, client.subscribe("got", int) as got:
        assert client.call("echo", DATA) == DATA
        client.call("size", DATA)
        sent, received = by_memory(client)
        assert list(client.stream("parts", 20)) == [DATA] * 20
        assert by_memory(client)[1] > received
        client.notify("keep", DATA)
        assert next(got) == SIZE
        assert by_memory(client)[0] >= sent + SIZE


def test_a_call_that_may_be_repeated_on_another_connection_goes_by_socket(serve: Serve) -> None:
    service = shared()
    with serve(service), Client(ADDRESS, reconnect=True) as client:
        for _ in range(3):
            client.call("again", DATA)
        assert by_memory(client) == (0, 0)
        for _ in range(3):
            client.call("size", DATA)
        assert by_memory(client)[0] >= 2 * SIZE


def test_calls_both_ways_on_one_connection_go_by_the_same_memory(serve: Serve) -> None:
    service, of_client = shared(), shared()
    with serve(service), Client(ADDRESS, serves=of_client) as client:
        for _ in range(4):
            assert client.call("ask", DATA) == 2 * SIZE
        sent, received = by_memory(service)
        assert sent >= 2 * SIZE
        assert received >= 2 * SIZE


def test_a_client_that_serves_can_do_without_too(serve: Serve) -> None:
    service = shared()
    with serve(service), Client(ADDRESS, serves=shared(), shared_memory=False) as client:
        for _ in range(3):
            assert client.call("ask", DATA) == 2 * SIZE
        assert by_memory(service) == (0, 0)


def test_two_ends_of_a_pair_share_memory() -> None:
    one, two = socket.socketpair()
    service = shared()
    with localsocket.serve_socket(one, service), Client(two) as client:
        for _ in range(3):
            assert client.call("echo", DATA) == DATA
        assert min(by_memory(service)) > 0


def test_threads_that_share_a_client_get_what_is_theirs(serve: Serve) -> None:
    failures = []

    def call(client: Client, number: int) -> None:
        data = bytes([number]) * (140_000 + number)
        failures.extend(count for count in range(30) if client.call("echo", data) != data)

    with serve(shared()), Client(ADDRESS) as client:
        threads = [threading.Thread(target=call, args=(client, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert by_memory(client)[0]
    assert not failures


# --- large values in them ---------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Picture:
    name: str
    pixels: bytes


def pictures() -> Service:
    service = Service("demo.pictures", limits=MUCH)

    @service.method
    def bright(picture: Picture) -> Picture:
        return Picture(picture.name, bytes(reversed(picture.pixels)))

    @service.method
    def doubled(numbers: NDArray[numpy.int64]) -> NDArray[numpy.int64]:
        numbers *= 2  # they are this side's own
        return numbers

    @service.method
    def viewed(data: memoryview, *, more: bytearray) -> tuple[int, int, bool]:
        more[0] = 1
        return len(data), len(more), data.readonly

    @service.method
    def anything(value: Any) -> Any:
        return value

    @service.method
    def layers(count: int) -> Iterator[NDArray[numpy.int64]]:
        for number in range(count):
            yield numpy.full(40_000, number)

    return service


MUCH = CallLimits(message=8 * MIB, shared_memory=32 * MIB)
NUMBERS = numpy.arange(40_000)


def holder_of(array: NDArray[Any]) -> type:
    """Return of which class the memory is that an array lies in."""
    lies_in: Any = array
    while isinstance(lies_in, numpy.ndarray):
        lies_in = lies_in.base
    return type(lies_in.obj) if isinstance(lies_in, memoryview) else type(lies_in)


def test_large_values_come_back_as_they_were_wherever_they_stand(serve: Serve) -> None:
    with serve(pictures()), Client(ADDRESS, limits=MUCH) as client:
        for _ in range(3):
            assert client.call("bright", Picture("p", DATA)) == {"name": "p", "pixels": DATA[::-1]}
        value = {"a": [DATA, "x"], "b": (bytearray(DATA), memoryview(DATA)[1:]), "c": NUMBERS}
        back = client.call("anything", value)
        assert (back["a"], back["b"]) == ([DATA, "x"], [DATA, DATA[1:]])
        numpy.testing.assert_array_equal(back["c"], NUMBERS)
        assert list(client.call("viewed", DATA, more=DATA)) == [SIZE, SIZE, True]
        assert min(by_memory(client)) > 4 * SIZE


def test_an_array_is_copied_once_on_each_side_and_is_the_receivers_own(serve: Serve) -> None:
    with serve(pictures()), Client(ADDRESS, limits=MUCH) as client:
        for _ in range(3):
            doubled = client.call("doubled", NUMBERS)
            doubled += 1
            numpy.testing.assert_array_equal(doubled, 2 * NUMBERS + 1)
        assert holder_of(doubled) is bytearray
        for number, layer in enumerate(client.stream("layers", 8)):
            assert set(layer) == {number}


def test_large_values_of_tasks_come_back_as_they_were(serve: Serve) -> None:
    async def main() -> None:
        async with aio.Client(ADDRESS, limits=MUCH) as client:
            for _ in range(3):
                numpy.testing.assert_array_equal(await client.call("doubled", NUMBERS), 2 * NUMBERS)
                assert await client.call("anything", [1, DATA]) == [1, DATA]
            assert holder_of(await client.call("doubled", NUMBERS)) is bytearray

    with serve(pictures()):
        asyncio.run(main())


def test_large_messages_of_a_topic_are_one_copy_for_all_subscribers_and_come_apart(serve: Serve) -> None:
    service = pictures()
    numbers, letters = service.topic("numbers", NDArray[numpy.int64], queue=9), service.topic("letters", bytes, queue=9)
    with contextlib.ExitStack() as stack:
        stack.enter_context(serve(service))
        one, two = (stack.enter_context(Client(ADDRESS, limits=MUCH)) for _ in range(2))
        first, second = (stack.enter_context(client.subscribe("numbers")) for client in (one, two))
        third = stack.enter_context(one.subscribe("letters"))
        changing, wanted = NUMBERS.copy(), []
        for factor in range(1, 5):
            changing[:] = factor * NUMBERS
            wanted.append(changing.copy())
            assert numbers.publish(changing) == 2
            assert letters.publish(DATA[factor:]) == 1
            changing[:] = 0
        for subscription in (first, second):
            for each in wanted:
                numpy.testing.assert_array_equal(next(subscription), each)
        assert [next(third) for _ in range(4)] == [DATA[factor:] for factor in range(1, 5)]
        wait_until(lambda: is_apart_by_now(numbers, first), "values to come apart")


def is_apart_by_now(topic: Topic[Any], subscription: Iterator[Any]) -> bool:
    topic.publish(NUMBERS)
    return holder_of(next(subscription)) is bytearray


def test_arguments_are_let_go_when_their_call_has_ended(serve: Serve) -> None:
    """And not when the next call comes, or the garbage collector."""
    service = Service("demo.pictures", limits=MUCH)
    given: list[weakref.ref[Any]] = []

    @service.method
    def keep_none(numbers: NDArray[numpy.int64]) -> NDArray[numpy.int64]:
        given.append(weakref.ref(numbers))
        return numbers

    with serve(service), Client(ADDRESS, limits=MUCH) as client:
        client.call("keep_none", NUMBERS)
        gc.disable()
        try:
            got = weakref.ref(client.call("keep_none", NUMBERS))
            assert got() is None
            wait_until(lambda: given[-1]() is None, "the arguments to be let go")
        finally:
            gc.enable()


@pytest.mark.parametrize("is_old", ["service", "client"])
def test_a_side_that_does_not_know_of_values_apart_gets_them_in_their_place(
    serve: Serve, is_old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module if is_old == "service" else client_core, "APART", "not-said")
    service = pictures()
    with serve(service), Client(ADDRESS, limits=MUCH) as client:
        for _ in range(3):
            assert client.call("anything", [DATA, 1]) == [DATA, 1]
            numpy.testing.assert_array_equal(client.call("anything", NUMBERS), NUMBERS)
        assert min(by_memory(client)) > 2 * SIZE


def test_an_argument_of_another_type_is_refused_with_its_path_also_where_it_stands_apart(serve: Serve) -> None:
    with serve(pictures()), Client(ADDRESS, limits=MUCH) as client:
        for _ in range(2):
            client.call("anything", DATA)
        with pytest.raises(BadArguments) as caught:
            client.call("bright", {"name": DATA, "pixels": DATA})
        assert caught.value.path == "picture.name"


# --- the end, and rest ------------------------------------------------------------------------------------------------


def resident(of: str) -> int:
    """Return how many KiB of shared memory this process has in use."""
    text = Path("/proc/self/smaps").read_text(encoding="utf-8")
    mappings = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", text, flags=re.MULTILINE)
    lines = [line for each in mappings if "memfd:localsocket" in each for line in each.splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith(of))


def test_memory_that_is_not_used_is_given_back(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LOOK_AGAIN", 0.05)
    with serve(shared()), Client(ADDRESS) as client:
        for _ in range(2):
            for _ in range(3):
                assert client.call("echo", DATA) == DATA
            assert min(by_memory(client)) > 0
            wait_until(lambda: resident("Rss:") <= 16, "all but the headers to be given back")
        before = by_memory(client)[0]
        wait_until(lambda: client.call("size", DATA) == SIZE and by_memory(client)[0] > before, "it to be used again")


def test_a_limit_is_there_again_when_a_connection_has_ended(serve: Serve) -> None:
    service = shared(limits=CallLimits(shared_memory_in_all=4 * MIB))
    with serve(service):
        for _ in range(3):
            before = by_memory(service)
            with Client(ADDRESS) as client:
                for _ in range(3):
                    client.call("echo", DATA)
                assert min(by_memory(client)) > 0
                with Client(ADDRESS) as second:
                    for _ in range(3):
                        assert second.call("echo", DATA) == DATA
                    assert by_memory(second) == (0, 0)
            assert by_memory(service) > before
            memories = service._memories
            assert isinstance(memories, SharedMemories)
            wait_until(lambda memories=memories: not memories.mapped_size, "the memory to be let go")  # type: ignore[misc]


def test_notifications_in_memory_are_served_although_their_sender_has_gone(serve: Serve) -> None:
    service = shared()
    with serve(service), Client(ADDRESS) as listener, listener.subscribe("got", int) as got:
        with Client(ADDRESS) as client:
            client.call("size", DATA)
            client.call("size", DATA)
            for _ in range(15):
                client.notify("keep", DATA)
            assert by_memory(client)[0] > 2 * SIZE
        assert [next(got) for _ in range(15)] == [SIZE] * 15


def test_a_forked_child_has_none_of_it(serve: Serve) -> None:
    with serve(shared()), Client(ADDRESS) as client:
        for _ in range(3):
            client.call("echo", DATA)
        assert memories_mapped()
        if not (child := os.fork()):
            os._exit(min(memories_mapped(), 100))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client.call("echo", DATA) == DATA


def test_a_client_is_told_at_once_when_its_server_is_killed(runtime_directory: Path) -> None:
    before = open_files()
    with contextlib.closing(Program("share_memory.py", "serve", ADDRESS)) as server:
        assert server.read() == "ready"
        with Client(ADDRESS) as client:
            for _ in range(3):
                client.call("echo", DATA)
            assert min(by_memory(client)) > 0
            server.kill()
            with pytest.raises(ClosedByPeer):
                client.call("echo", DATA)
            assert memories_mapped() == 0
    assert open_files() == before
    with ServerThread(ADDRESS, shared()):
        """Takes the place of the one that was killed, and leaves nothing."""


def test_nothing_is_left_of_a_client_that_is_killed(serve: Serve) -> None:
    service = shared()
    with serve(service), Client(ADDRESS) as other:
        other.call("size", b"")
        before = open_files()
        for _ in range(2):
            with contextlib.closing(Program("share_memory.py", "call", ADDRESS)) as client:
                assert client.read() > 0
                client.kill()
            wait_until(lambda: service.stats().open_connections == 1, "its end to be seen")
            wait_until(lambda: not memories_mapped(), "its memory to be let go")
            wait_until(lambda: open_files() == before, "its descriptors to be closed")
        assert other.call("echo", DATA) == DATA


def test_a_call_whose_time_was_over_before_it_was_sent_leaves_its_room() -> None:
    """Nobody reads at the other end, so that what is to be sent waits."""
    service = shared()
    with ServerThread(ADDRESS, service), Client(ADDRESS, limits=CallLimits(unsent=1)) as client:
        for _ in range(2):
            client.call("size", DATA)
        connection = client._connection
        assert connection is not None
        own = connection.caller.bodies._own  # type: ignore[union-attr]
        free = own._is_free  # type: ignore[union-attr]
        assert free()
        connection.socket._unsent.append(b"")  # something waits
        connection.socket._unsent.size += 2
        with pytest.raises(LocalSocketError):
            client.call("size", DATA, timeout=0.01)
        assert free()
        connection.socket._unsent.clear()
