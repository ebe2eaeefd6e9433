"""Descriptors as arguments and results: they arrive, belong to somebody at any time, and none is left behind."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import os
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import IO, Any

import pytest
import uvloop

import localsocket
from contracts import AioFace, BothWaysFace, ServingInLoop, ServingInThread
from localsocket import CallLimits, Client, Fd, ServerThread, Service, _core, aio, current_call
from localsocket.blocking.pending_call import PendingCall
from localsocket.errors import (
    BadArguments,
    CallCancelled,
    ClosedByUs,
    NoDescriptors,
    TooManyDescriptors,
    UnsuitableMethod,
    UnsuitableType,
)
from localsocket.testing import PATIENCE, wait_until
from services.conftest import ADDRESS, Serve
from services.raw_peers import connect_raw

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere descriptors do not travel yet")

FACES = ["events-blocking", "events-aio", "stock-aio", "uvloop-aio", "stock-threads-blocking"]


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> Iterator[BothWaysFace]:
    loops = {"stock": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    server, _, client = request.param.rpartition("-")
    with AioFace(loops.get(server, asyncio.new_event_loop)) as loop:
        if server == "events":
            yield ServingInThread(is_async=False, clients=loop if client == "aio" else None)
        else:
            yield ServingInLoop(loop, is_async=server in loops, clients=loop if client == "aio" else None)


@pytest.fixture
def file() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as made:
        made.write(b"some text")
        made.flush()
        yield made


def open_descriptors() -> set[str]:
    """Return what is open, each with what it is."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
        except OSError:
            continue  # that of the listing
    return found


def copies_of(file: IO[bytes]) -> int:
    """Return how many descriptors of this process are of the same file."""
    target = os.readlink(f"/proc/self/fd/{file.fileno()}")
    return sum(each.partition(" ")[2] == target for each in open_descriptors())


def expect_copies(file: IO[bytes], count: int) -> None:
    """Wait until so many are open: who has sent one closes it when the other side may have it already."""
    wait_until(lambda: copies_of(file) == count, f"{count} descriptors of the file to be open")


def read_all(fd: Fd) -> bytes:
    return os.pread(fd.fileno(), 100, 0)


@dataclasses.dataclass
class Job:
    name: str
    log: Fd
    errors: Fd | None = None


def add(service: Service, function: Callable[..., Any], *, is_async: bool) -> None:
    if not is_async:
        service.method(function)
        return

    @wraps(function)
    async def later(*arguments: Any, **named: Any) -> Any:
        await asyncio.sleep(0)
        return function(*arguments, **named)

    service.method(later)


def made(file: IO[bytes], *, is_async: bool) -> Service:
    service = Service("descriptors")

    def open_file() -> Fd:
        return Fd.of(file)

    def open_some(count: int) -> list[Fd]:
        return [Fd.of(file) for _ in range(count)]

    def read(log: Fd) -> bytes:
        return read_all(log)

    def read_job(job: Job) -> list[bytes]:
        return [read_all(job.log), *([] if job.errors is None else [read_all(job.errors)])]

    def start(name: str) -> Job:
        return Job(name, Fd.of(file), None)

    def add_one(number: int) -> int:
        return number + 1

    for function in (open_file, open_some, read, read_job, start, add_one):
        add(service, function, is_async=is_async)
    return service


def test_a_descriptor_is_an_argument_and_a_result(face: BothWaysFace, file: IO[bytes]) -> None:
    with face.serve(made(file, is_async=face.is_async), ADDRESS), face.connect(ADDRESS) as client:
        for _ in range(3):
            with client.call("open_file", timeout=PATIENCE) as fd:
                assert isinstance(fd, Fd)
                assert not os.get_inheritable(fd.fileno())
                assert os.path.sameopenfile(fd.fileno(), file.fileno())
                assert client.call("read", fd, timeout=PATIENCE) == b"some text"
                assert client.call("read", log=fd, timeout=PATIENCE) == b"some text"
                assert client.call("add_one", 1, timeout=PATIENCE) == 2
                expect_copies(file, 2)
        expect_copies(file, 1)


def test_it_may_be_a_part_of_a_value(face: BothWaysFace, file: IO[bytes]) -> None:
    with face.serve(made(file, is_async=face.is_async), ADDRESS), face.connect(ADDRESS) as client, Fd.of(file) as fd:
        with tempfile.TemporaryFile() as other:
            other.write(b"errors")
            other.flush()
            with Fd.of(other) as errors:
                assert client.call("read_job", Job("x", fd, errors)) == [b"some text", b"errors"]
                assert client.call("read_job", Job("x", errors, fd)) == [b"errors", b"some text"]
        assert client.call("read_job", Job("x", fd)) == [b"some text"]
        assert client.call("read_job", Job("x", fd, fd)) == [b"some text"] * 2  # each goes as a copy
        given = client.call("start", "y")
        assert given["name"] == "y"
        with given["log"] as log:
            assert read_all(log) == b"some text"
        for each in client.call("open_some", 8):
            each.close()
        expect_copies(file, 2)


def test_calls_of_all_sizes_in_flight_keep_their_own(face: BothWaysFace, file: IO[bytes]) -> None:
    """Bytes before and behind, small and large: which descriptor belongs to which frame is never in doubt."""
    service = made(file, is_async=face.is_async)

    def mixed(number: int, log: Fd, padding: bytes) -> tuple[int, bytes, int]:
        return number, read_all(log), len(padding)

    add(service, mixed, is_async=face.is_async)
    with face.serve(service, ADDRESS), face.connect(ADDRESS) as client:
        sizes = [0, 10, 3000, 200_000, 1, 70_000]
        files = [tempfile.TemporaryFile() for _ in range(len(sizes) * 3)]  # noqa: SIM115 - closed below
        fds = []
        for number, each in enumerate(files):
            each.write(b"%d" % number)
            each.flush()
            fds.append(Fd.of(each))
        pending = []
        for number, fd in enumerate(fds):
            pending.append(client.start("mixed", number, fd, bytes(sizes[number % len(sizes)])))
            pending.append(client.start("add_one", number))
        for number in range(len(fds)):
            told = pending[2 * number].result(PATIENCE)
            assert tuple(told) == (number, b"%d" % number, sizes[number % len(sizes)])
            assert pending[2 * number + 1].result(PATIENCE) == number + 1
        for owner in (*fds, *files):
            owner.close()


def test_what_a_method_was_given_is_closed_when_it_has_ended(face: BothWaysFace, file: IO[bytes]) -> None:
    service = Service("keeping")
    kept: list[Any] = []

    def forget(log: Fd) -> int:
        kept.append(log)
        return log.fileno()

    def fail(log: Fd) -> None:
        raise LookupError(log.fileno())

    def keep(log: Fd) -> None:
        kept.append(log.duplicate())

    def take(log: Fd) -> None:
        kept.append(log.detach())

    for function in (forget, fail, keep, take):
        add(service, function, is_async=face.is_async)
    with face.serve(service, ADDRESS), face.connect(ADDRESS) as client, Fd.of(file) as fd:
        client.call("forget", fd)
        expect_copies(file, 2)
        with pytest.raises(ClosedByUs):
            kept.pop().fileno()
        with pytest.raises(localsocket.errors.CallFailed):
            client.call("fail", fd)
        expect_copies(file, 2)
        client.call("keep", fd)
        client.call("take", fd)
        expect_copies(file, 4)
        kept[0].close()
        os.close(kept[1])
        assert not fd.is_closed, "an argument stays its caller's"


def test_a_stream_has_what_it_was_given_until_its_end(serve: Serve, file: IO[bytes]) -> None:
    service = Service("streaming")

    @service.method
    def pieces(log: Fd) -> Iterator[bytes]:
        yield os.pread(log.fileno(), 4, 0)
        yield os.pread(log.fileno(), 100, 4)

    with serve(service), Client(ADDRESS) as client, Fd.of(file) as fd:
        assert list(client.stream("pieces", fd)) == [b"some", b" text"]
        with client.stream("pieces", fd) as stream:
            assert next(stream) == b"some"
        expect_copies(file, 2)


def test_an_async_stream_has_it_too(file: IO[bytes]) -> None:
    service = Service("streaming")

    @service.method
    async def pieces(log: Fd) -> AsyncIterator[bytes]:
        yield os.pread(log.fileno(), 4, 0)
        yield os.pread(log.fileno(), 100, 4)

    with ServerThread(ADDRESS, service), Client(ADDRESS) as client, Fd.of(file) as fd:
        assert list(client.stream("pieces", fd)) == [b"some", b" text"]
        expect_copies(file, 2)


def test_a_notification_takes_them_and_what_it_gives_is_closed(serve: Serve, file: IO[bytes]) -> None:
    service = Service("notified")
    seen = threading.Event()

    @service.method
    def pass_on(log: Fd) -> Fd:
        seen.set()
        return log.duplicate()

    with serve(service), Client(ADDRESS) as client, Fd.of(file) as fd:
        client.notify("pass_on", fd)
        assert seen.wait(PATIENCE)
        expect_copies(file, 2)


def test_what_a_cancelled_call_gives_is_closed(serve: Serve, file: IO[bytes]) -> None:
    service = Service("late")
    entered, may_go_on = threading.Event(), threading.Event()

    @service.method
    def open_late(log: Fd) -> Fd:
        entered.set()
        assert may_go_on.wait(PATIENCE)
        return log.duplicate()

    with serve(service), Client(ADDRESS) as client, Fd.of(file) as fd:
        pending = client.start("open_late", fd)
        assert entered.wait(PATIENCE)
        pending.cancel()
        may_go_on.set()
        with pytest.raises(CallCancelled):
            pending.result()
        assert client.call("localsocket.ping")
        expect_copies(file, 2)


def take_in_the_answer_of(pending: PendingCall, client: Client) -> None:
    """Make other calls until the answer has come: who waits for one takes in the others, which come in any order."""
    wait_until(lambda: client.call("add_one", 1) == 2 and pending.is_done, "the answer")


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_a_result_that_nobody_takes_is_closed(serve: Serve, file: IO[bytes]) -> None:
    with serve(made(file, is_async=False)), Client(ADDRESS) as client:
        pending = client.start("open_file")
        take_in_the_answer_of(pending, client)
        expect_copies(file, 2)
        del pending
        expect_copies(file, 1)


def test_what_was_answered_is_not_kept_until_something_else_comes(serve: Serve, file: IO[bytes]) -> None:
    async def main() -> None:
        async with aio.Client(ADDRESS) as client:
            assert await client.call("add_one", 1) == 2
            assert client._connection is not None
            assert client._connection.caller.news == []

    with serve(made(file, is_async=False)), Client(ADDRESS) as client:
        assert client.call("add_one", 1) == 2
        assert client._connection is not None
        assert client._connection.caller.news == []
        asyncio.run(main())


def test_where_the_connection_is_lost_with_descriptors_under_way_none_stays(serve: Serve, file: IO[bytes]) -> None:
    service = made(file, is_async=False)
    entered, may_go_on = threading.Event(), threading.Event()

    @service.method
    def hold(log: Fd) -> None:
        entered.set()
        assert may_go_on.wait(PATIENCE)

    with serve(service):
        client = Client(ADDRESS, timeout=PATIENCE)
        client.open()
        with Fd.of(file) as fd:
            pending = [client.start("hold", fd) for _ in range(3)]
            pending += [client.start("open_file") for _ in range(3)]
            assert entered.wait(PATIENCE)
        client._connection.abort()  # type: ignore[union-attr]
        client.close()
        may_go_on.set()
        del pending, client
        gc.collect()
        expect_copies(file, 1)


def test_both_sides_give_and_take_on_one_connection(face: BothWaysFace, file: IO[bytes]) -> None:
    if face.is_async:
        pytest.skip("the same is tried with plain functions")
    service, mine = made(file, is_async=False), Service("mine")

    @service.method
    def ask_back(log: Fd) -> bytes:
        caller = current_call().caller
        with caller.call("give") as given:
            told: bytes = read_all(given) + caller.call("measure", log)
        return told

    @mine.method
    def give() -> Fd:
        return Fd.of(file)

    @mine.method
    def measure(log: Fd) -> bytes:
        return b", %d bytes" % os.fstat(log.fileno()).st_size

    with ServerThread(ADDRESS, service), Client(ADDRESS, serves=mine) as client, Fd.of(file) as fd:
        assert client.call("ask_back", fd) == b"some text, 9 bytes"
        assert client.call("ask_back", fd) == b"some text, 9 bytes"
        expect_copies(file, 2)


def test_coroutines_give_and_take_both_ways(file: IO[bytes]) -> None:
    service, mine = Service("theirs"), Service("mine")

    @service.method
    async def ask_back(log: Fd) -> bytes:
        caller: Any = current_call().caller
        with await caller.call("give") as given:
            told: bytes = read_all(given) + await caller.call("measure", log)
        return told

    @mine.method
    async def give() -> Fd:
        return Fd.of(file)

    @mine.method
    async def measure(log: Fd) -> bytes:
        return b", %d bytes" % os.fstat(log.fileno()).st_size

    async def main() -> None:
        async with localsocket.aio.Client(ADDRESS, serves=mine) as client:
            with Fd.of(file) as fd:
                assert await client.call("ask_back", fd) == b"some text, 9 bytes"

    with ServerThread(ADDRESS, service):
        for loop in (asyncio.new_event_loop, uvloop.new_event_loop):
            with asyncio.Runner(loop_factory=loop) as runner:
                runner.run(main())
    expect_copies(file, 1)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_more_than_the_other_side_takes_are_refused_before_they_are_sent(serve: Serve, file: IO[bytes]) -> None:
    service = Service("few", limits=CallLimits(descriptors=2))

    @service.method
    def count(logs: list[Fd]) -> int:
        return len(logs)

    @service.method
    def open_some(count: int) -> list[Fd]:
        return [Fd.of(file) for _ in range(count)]

    with serve(service), Client(ADDRESS, limits=CallLimits(descriptors=3)) as client, Fd.of(file) as fd:
        assert client.call("count", [fd] * 2) == 2
        with pytest.raises(TooManyDescriptors) as caught:
            client.call("count", [fd] * 3)
        assert caught.value.limit == 2
        for given in client.call("open_some", 3):
            given.close()
        with pytest.raises(TooManyDescriptors) as caught:
            client.call("open_some", 4)
        assert caught.value.limit == 3
        assert client.call("count", [fd]) == 1, "the connection goes on"
        expect_copies(file, 2)


def test_a_connection_holds_only_so_many_for_calls_that_wait(serve: Serve, file: IO[bytes]) -> None:
    service = Service("held", limits=CallLimits(descriptors=2))
    may_go_on = threading.Event()

    @service.method
    def hold(logs: list[Fd]) -> None:
        assert may_go_on.wait(PATIENCE)

    with serve(service), Client(ADDRESS) as client, Fd.of(file) as fd:
        pending = [client.start("hold", [fd, fd]) for _ in range(20)]
        assert client.call("localsocket.ping")
        wait_until(lambda: copies_of(file) <= 2 + 8 * 2, "those beyond the limit to be closed")
        may_go_on.set()
        outcomes = []
        for each in pending:
            try:
                outcomes.append(each.result(PATIENCE))
            except TooManyDescriptors as error:
                outcomes.append(error.limit)
        assert outcomes == [None] * 8 + [2] * 12
        expect_copies(file, 2)


def test_a_method_that_takes_none_is_given_none(serve: Serve, file: IO[bytes]) -> None:
    service = made(file, is_async=False)

    @service.method
    def anything(value: Any) -> str:
        return type(value).__name__

    with serve(service), Client(ADDRESS) as client, Fd.of(file) as fd:
        for method in ("add_one", "anything"):
            with pytest.raises(BadArguments):
                client.call(method, fd)
        with pytest.raises(localsocket.errors.NoSuchMethod):
            client.call("nothing", fd)
        with pytest.raises(BadArguments):
            client.call("read", 3)
        expect_copies(file, 2)
        assert client.call("read", fd) == b"some text"


def test_a_service_whose_annotations_ask_for_none_carries_none(serve: Serve, file: IO[bytes]) -> None:
    service = Service("plain")

    @service.method
    def anything(value: Any) -> Any:
        return Fd.of(file)

    with serve(service), Client(ADDRESS) as client, Fd.of(file) as fd:
        with pytest.raises(NoDescriptors, match="anything"):
            client.call("anything", fd)
        with pytest.raises(localsocket.errors.CallFailed):
            client.call("anything", 1)
        expect_copies(file, 2)


def test_what_carries_none_receives_as_if_there_were_no_such_thing(serve: Serve, file: IO[bytes]) -> None:
    plain = Service("plain")
    plain.method(lambda: None, name="nothing")
    with serve(plain), Client(ADDRESS) as client:
        client.call("nothing")
        socket = client._connection.socket  # type: ignore[union-attr]
        assert socket._arrivals is None
        assert type(socket._recv) is type(_core.receiver(socket._sock))
    with serve(made(file, is_async=False)), Client(ADDRESS) as client:
        client.call("add_one", 1)
        assert client._connection.socket._arrivals is not None  # type: ignore[union-attr]


def test_a_client_that_takes_none_is_given_none(serve: Serve, file: IO[bytes]) -> None:
    limits = CallLimits(descriptors=0)
    with serve(made(file, is_async=False)), Client(ADDRESS, limits=limits) as client, Fd.of(file) as fd:
        with pytest.raises(NoDescriptors):
            client.call("open_file")
        with pytest.raises(NoDescriptors):
            client.call("read", fd)
        assert client.call("add_one", 1) == 2
        expect_copies(file, 2)


def test_other_protocols_refuse_with_a_word(serve: Serve, file: IO[bytes]) -> None:
    with serve(made(file, is_async=False)), Client(ADDRESS, protocol="varlink") as client, Fd.of(file) as fd:
        with pytest.raises(Exception, match="descriptor"):
            client.call("open_file")
        with pytest.raises(Exception, match="descriptor"):
            client.call("read", log=fd)
        with pytest.raises(Exception, match="descriptor"):
            client.call("read", log=3)
        assert client.call("add_one", number=1) == 2


def test_http_refuses_as_not_implemented(serve: Serve, file: IO[bytes]) -> None:
    service = made(file, is_async=False)

    @service.method
    def is_given(log: Fd | None = None) -> bool:
        return log is not None

    def post(method: str, body: bytes) -> int:
        head = f"POST /{method} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        with connect_raw(ADDRESS) as peer:
            peer.sendall(head.encode() + body)
            return int(peer.recv(65536).split()[1])

    with serve(service):
        assert post("open_file", b"{}") == 501
        assert post("read", b'{"log": 3}') == 501
        assert post("read", b'{"log": null}') == 501
        assert post("is_given", b"{}") == 200
        assert post("add_one", b'{"number": "x"}') == 422


def test_what_is_logged_of_a_call_leaves_its_descriptors_alone(
    serve: Serve, file: IO[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    service = Service("logged", log_calls="arguments")

    @service.method
    def read(log: Fd) -> bytes:
        return read_all(log)

    with caplog.at_level("INFO", "localsocket.calls"), serve(service), Client(ADDRESS) as client, Fd.of(file) as fd:
        assert client.call("read", fd) == b"some text"
        wait_until(lambda: caplog.records, "the call to be logged")
        assert client.call("read", fd) == b"some text"


def test_items_and_messages_are_no_descriptors() -> None:
    service = Service("refused")

    def items() -> Iterator[Fd]:
        yield from ()

    def nested() -> Iterator[list[Job]]:
        yield from ()

    for function in (items, nested):
        with pytest.raises(UnsuitableMethod, match="item of a stream"):
            service.method(function)
    with pytest.raises(UnsuitableType, match="one receiver"):
        service.topic("logs", Job)


def test_an_error_that_holds_one_is_not_sent_with_it(serve: Serve, file: IO[bytes]) -> None:
    service = Service("failing", errors=[LookupError])

    @service.method
    def fail(log: Fd) -> None:
        raise LookupError(log)

    with serve(service), Client(ADDRESS, errors=[LookupError]) as client, Fd.of(file) as fd:
        with pytest.raises(localsocket.errors.CallFailed):
            client.call("fail", fd)
        gc.collect()
        expect_copies(file, 2)


def test_what_was_given_away_is_gone_and_given_once(serve: Serve, file: IO[bytes]) -> None:
    service = Service("given")
    mine: list[Fd] = [Fd.of(file)]

    @service.method
    def give() -> Fd:
        return mine[0]

    @service.method
    def give_twice() -> list[Fd]:
        once = Fd.of(file)
        mine.append(once)
        return [once, once]

    with serve(service), Client(ADDRESS) as client:
        client.call("give").close()
        assert mine[0].is_closed
        with pytest.raises(localsocket.errors.CallFailed):
            client.call("give")
        with pytest.raises(localsocket.errors.CallFailed):
            client.call("give_twice")
        mine[1].close()
        expect_copies(file, 1)


def test_a_call_with_one_is_not_made_again_on_another_connection(file: IO[bytes]) -> None:
    service = Service("again")
    entered = threading.Event()
    may_go_on = threading.Event()

    @service.method(idempotent=True)
    def hold(log: Fd) -> None:
        entered.set()
        assert may_go_on.wait(PATIENCE)

    options: Any = {"reconnect": True, "timeout": PATIENCE}
    with ServerThread(ADDRESS, service), Client(ADDRESS, **options) as client, Fd.of(file) as fd:
        pending = client.start("hold", fd)
        assert entered.wait(PATIENCE)
        client._connection.socket._cut()  # type: ignore[union-attr,attr-defined]
        with pytest.raises(localsocket.errors.ClosedByPeer):
            pending.result(PATIENCE)
        may_go_on.set()
        assert client.call("hold", fd) is None, "on a new connection, from the beginning"


# --- what is told -----------------------------------------------------------------------------------------------------


def test_descriptions_say_what_it_is(serve: Serve, file: IO[bytes]) -> None:
    with serve(made(file, is_async=False)), Client(ADDRESS) as client:
        methods = {method.name: method for method in client.describe().methods}
        assert methods["read"].signature == "read(log: Fd) -> bytes"
        assert methods["open_file"].returns == "Fd"
        assert methods["open_some"].returns == "list[Fd]"
