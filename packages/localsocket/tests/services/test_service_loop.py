"""Plain functions on one event loop: short ones run where they arrive, and a long one holds up nobody else."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import localsocket
from localsocket import Client, ServerThread, Service, current_call
from localsocket.blocking import runners, service_loop
from localsocket.blocking.served import Served
from localsocket.blocking.service_loop import ServiceLoop
from localsocket.errors import ClosedByPeer
from localsocket.testing import FOREVER, PATIENCE, Background, wait_until
from services.conftest import ADDRESS


class Slow:
    """A service with a function that runs as long as it is held."""

    def __init__(self) -> None:
        self.service = Service("slow")
        for method in (self.hold, self.holding_stream, self.count, self.thread, self.echo, self.leave):
            self.service.method(method)
        self.gate = threading.Event()
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()

    def hold(self, number: int = 0) -> int:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.gate.wait(PATIENCE)
        with self._lock:
            self.running -= 1
        if number < 0:
            raise SystemExit(7)
        return number

    def holding_stream(self) -> Iterator[int]:
        yield 1
        self.hold()
        yield 2

    def count(self, to: int) -> Iterator[int]:
        yield from range(to)

    def thread(self) -> int:
        return threading.get_ident()

    def echo(self, number: int) -> int:
        return number

    def leave(self) -> None:
        raise SystemExit(7)

    def wait_for(self, running: int) -> None:
        wait_until(lambda: self.running == running, f"{running} functions to run")


@contextlib.contextmanager
def served(**options: Any) -> Iterator[tuple[Slow, Client, ServerThread]]:
    slow = Slow()
    with ServerThread(ADDRESS, slow.service, **options) as server, Client(ADDRESS) as client:
        try:
            yield slow, client, server
        finally:
            slow.gate.set()


# --- taking over ----------------------------------------------------------------------------------------------------


def test_short_functions_all_run_in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "_PATIENCE", PATIENCE)  # on a busy machine a short one may take milliseconds, too
    with served() as (_, client, _), Client(ADDRESS) as other:
        threads = {each.call("thread") for _ in range(100) for each in (client, other)}
        assert len(threads) == 1


def test_a_function_that_takes_long_holds_up_neither_its_own_client_nor_others() -> None:
    with served() as (slow, client, _), Client(ADDRESS) as other:
        held = client.start("hold", 7)
        slow.wait_for(1)
        assert client.call("echo", 1) == 1
        assert other.call("echo", 2) == 2
        assert list(other.stream("count", 1000)) == list(range(1000))
        slow.gate.set()
        assert held.result() == 7


def test_calls_that_arrived_together_with_a_long_one_do_not_wait_for_it() -> None:
    with served() as (slow, client, _):
        calls = [client.start("echo" if number != 3 else "hold", number) for number in range(8)]
        assert [call.result(timeout=PATIENCE) for call in (*calls[:3], *calls[4:])] == [0, 1, 2, 4, 5, 6, 7]
        assert not calls[3].is_done
        slow.gate.set()
        assert calls[3].result() == 3


def test_many_long_functions_run_at_the_same_time() -> None:
    with served() as (slow, client, _):
        held = [client.start("hold", number) for number in range(20)]
        slow.wait_for(20)
        assert client.call("echo", 1) == 1
        slow.gate.set()
        assert [call.result() for call in held] == list(range(20))


def test_a_generator_that_takes_long_for_an_item_holds_up_nobody() -> None:
    with served() as (slow, client, _):
        stream = client.stream("holding_stream")
        assert next(stream) == 1
        slow.wait_for(1)
        assert client.call("echo", 1) == 1
        slow.gate.set()
        assert list(stream) == [2]


def test_the_thread_that_took_over_is_the_one_that_stays() -> None:
    with served() as (slow, client, _):
        first = client.call("thread")
        held = client.start("hold")
        slow.wait_for(1)
        second = client.call("thread")
        assert second != first
        slow.gate.set()
        held.result()
        assert client.call("thread") == second


def test_threads_that_were_held_up_end_when_they_are_free() -> None:
    before = threading.active_count()
    with served() as (slow, client, _):
        for _ in range(3):
            slow.gate.clear()
            held = [client.start("hold") for _ in range(5)]
            slow.wait_for(5)
            slow.gate.set()
            for call in held:
                call.result()
            wait_until(lambda: threading.active_count() <= before + 3, "the threads to end")


def test_a_call_that_was_cancelled_before_its_turn_is_never_run() -> None:
    with served(max_threads=1) as (slow, client, _):
        held = client.start("hold")
        slow.wait_for(1)
        waiting = client.start("hold")
        waiting.cancel()
        slow.gate.set()
        assert held.result() == 0
        assert client.call("echo", 1) == 1
        assert slow.most == 1
        wait_until(lambda: slow.service.stats().active_calls == 0, "nothing to be under way")


# --- max_threads ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_functions_run_at_once_than_there_are_threads_for(threads: int) -> None:
    with served(max_threads=threads) as (slow, client, _):
        held = [client.start("hold", number) for number in range(3 * threads)]
        slow.wait_for(threads)
        late = client.start("echo", 1)
        with pytest.raises(TimeoutError):
            late.result(timeout=0.05)
        slow.gate.set()
        assert [call.result() for call in held] == list(range(3 * threads))
        assert late.result() == 1
        assert slow.most == threads


# --- endings --------------------------------------------------------------------------------------------------------


def test_stopping_waits_for_functions_that_run_and_delivers_what_they_give() -> None:
    with served() as (slow, client, server):
        held = [client.start("hold", number) for number in range(3)]
        slow.wait_for(3)
        stopping = Background(lambda: server.stop(timeout=FOREVER))
        wait_until(lambda: not server.server.is_listening, "the server to be closed")
        assert not stopping.is_done
        slow.gate.set()
        assert [call.result() for call in held] == [0, 1, 2]
        stopping.result()


def test_a_thread_that_another_is_about_to_start_is_not_in_the_way_of_stopping() -> None:
    with served() as (_, client, server):
        assert client.call("echo", 1) == 1
        serving = server._serving
        assert isinstance(serving, ServiceLoop)
        serving._runners._helpers.add(threading.Thread())  # as the one that watches the loop does
        server.stop()
        assert server.error is None


def test_stopping_does_not_wait_longer_than_told(caplog: pytest.LogCaptureFixture) -> None:
    with served() as (slow, client, server):
        held = [client.start("hold", number) for number in range(3)]
        slow.wait_for(3)
        server.stop(timeout=0.05)
        assert slow.running == 3
        for call in held:
            with pytest.raises(ClosedByPeer):
                call.result()
        assert "service 'slow' stops while 3 functions are still running" in caplog.text


def test_stopping_while_every_thread_is_held_up_ends_too() -> None:
    with served(max_threads=2) as (slow, client, server):
        held = [client.start("hold", number) for number in range(4)]
        slow.wait_for(2)
        with Background(lambda: server.stop(timeout=0.05)):
            pass
        for call in held:
            with pytest.raises(ClosedByPeer):
                call.result()


@pytest.mark.parametrize("takes_long", [False, True])
def test_a_function_that_ends_the_program_ends_its_server_and_says_so(takes_long: bool) -> None:
    with contextlib.suppress(SystemExit), served() as (slow, client, server):
        leaving = client.start("hold", -1) if takes_long else client.start("leave")
        if takes_long:
            slow.wait_for(1)
            assert client.call("echo", 1) == 1
            slow.gate.set()
        with pytest.raises(ClosedByPeer):
            leaving.result(timeout=PATIENCE)
        assert server.wait_stopped(PATIENCE)
        assert isinstance(server.error, SystemExit)
        with pytest.raises(SystemExit):
            server.stop()


def test_a_client_that_leaves_in_the_middle_is_nobodys_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with served() as (slow, client, _):
        with Client(ADDRESS) as leaving:
            leaving.start("hold")
            next(leaving.stream("count", 10**9))
            slow.wait_for(1)
        wait_until(lambda: slow.service.stats().open_connections == 1, "it to be noticed")
        slow.gate.set()
        slow.wait_for(0)
        assert client.call("echo", 1) == 1
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# --- what a function knows ------------------------------------------------------------------------------------------


def test_each_call_knows_itself_in_whichever_thread_it_runs() -> None:
    service = Service("known")
    gate = threading.Event()

    @service.method
    def known(number: int) -> tuple[str, int, int]:
        call = current_call()
        gate.wait(0.02)
        assert current_call() is call
        return call.method.name, call.peer.pid, call.arguments[0]  # type: ignore[return-value]

    @service.method
    def known_stream(number: int) -> Iterator[int]:
        for _ in range(3):
            yield current_call().arguments[0]  # type: ignore[misc]

    with ServerThread(ADDRESS, service), Client(ADDRESS) as client:
        calls = [client.start("known", number) for number in range(5)]
        streams = [client.stream("known_stream", number) for number in range(5)]
        assert [call.result()[::2] for call in calls] == [["known", number] for number in range(5)]
        assert [list(stream) for stream in streams] == [[number] * 3 for number in range(5)]
    with pytest.raises(RuntimeError, match="no call is being served here"):
        current_call()


def test_a_method_may_call_its_own_service() -> None:
    service = Service("recursive")

    @service.method
    def factorial(number: int) -> int:
        if number <= 1:
            return 1
        with Client(ADDRESS) as client:
            return number * client.call("factorial", number - 1, timeout=PATIENCE)  # type: ignore[no-any-return]

    with ServerThread(ADDRESS, service), Client(ADDRESS) as client:
        assert client.call("factorial", 8, timeout=PATIENCE) == 40320


def test_two_services_may_be_served_at_once_and_one_at_two_addresses() -> None:
    slow = Slow()
    with (
        ServerThread(ADDRESS, slow.service),
        ServerThread("services.second", slow.service),
        Client(ADDRESS) as first,
        Client("services.second") as second,
    ):
        held = first.start("hold")
        slow.wait_for(1)
        assert second.call("echo", 1) == 1
        assert slow.service.stats().open_connections == 2
        slow.gate.set()
        assert held.result() == 0


def test_an_idle_service_uses_no_time() -> None:
    with served() as (_, client, _):
        assert client.call("echo", 1) == 1
        used: list[float] = []

        def uses_nothing() -> bool:
            before = time.process_time()
            threading.Event().wait(0.2)
            used.append(time.process_time() - before)
            return used[-1] < 0.02

        wait_until(uses_nothing, "the service to come to rest")


# --- turns ------------------------------------------------------------------------------------------------------------


class DueNow:
    """An event loop of which only is known what it is to call soon."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], object]] = []

    def serve(self, server: object, handler: object) -> None:
        pass

    def call_soon(self, callback: Callable[[], object]) -> None:
        self.soon.append(callback)

    def turn(self) -> None:
        soon, self.soon = self.soon, []
        for callback in soon:
            callback()


@pytest.fixture
def due(monkeypatch: pytest.MonkeyPatch) -> DueNow:
    due = DueNow()
    monkeypatch.setattr(service_loop, "EventLoop", lambda: due)
    return due


def busy_loop(monkeypatch: pytest.MonkeyPatch, seconds: float) -> tuple[ServiceLoop, list[Served], list[Served]]:
    """Return a loop, connections that never have nothing to do, each turn of which takes so long, and who had turns."""
    serving, turns, now = ServiceLoop(None, Slow().service, 8), [], [0.0]  # type: ignore[arg-type, var-annotated]

    def give_turn(served: Served) -> None:
        turns.append(served)
        now[0] += seconds
        serving.wake(served)

    monkeypatch.setattr(serving._turns, "give", give_turn)
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    connections = [Served() for _ in range(5)]
    for each in connections:
        serving.wake(each)
    return serving, connections, turns


def test_however_many_connections_wait_for_turns_each_has_one_in_each_round(
    due: DueNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, connections, turns = busy_loop(monkeypatch, 0.0)
    for _ in range(8):
        due.turn()
    assert turns == connections * 8


def test_the_loop_looks_for_what_has_arrived_before_many_turns_have_taken_long(
    due: DueNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, connections, turns = busy_loop(monkeypatch, 0.003)
    for number in range(20):
        due.turn()
        assert len(due.soon) == 1
        assert len(turns) == 2 * (number + 1)
    assert turns == (connections * 20)[: len(turns)]


# --- who waits for a thread -------------------------------------------------------------------------------------------


@pytest.fixture
def crowded(due: DueNow, monkeypatch: pytest.MonkeyPatch) -> tuple[ServiceLoop, list[str]]:
    """A loop all of whose threads are held by one connection, and whose turns have been."""
    serving, turns = ServiceLoop(None, Slow().service, 8), list[str]()  # type: ignore[arg-type]
    while serving._shares.take("holder", US):
        pass
    monkeypatch.setattr(serving._turns, "_serve_turn", lambda served: turns.append(served.session.name))
    monkeypatch.setattr(serving._turns, "_expire", lambda served: None)
    return serving, turns


US = 1000


class Named:
    """What a loop asks of the session of a connection that has sent something."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.peer = localsocket.PeerCredentials(pid=1, uid=US, gid=0)
        self.has_much = False
        self.put_off = 0

    def receive(self, data: bytes) -> None: ...

    def put_off_turn(self) -> None:
        self.put_off += 1


def connection(name: str) -> Served:
    made = Served()
    made.session = Named(name)  # type: ignore[assignment]
    made.link = SimpleNamespace(peers_place=None)  # type: ignore[assignment]
    return made


def test_threads_that_are_free_again_go_to_those_who_wait_in_their_order_and_newcomers_come_after(
    due: DueNow, crowded: tuple[ServiceLoop, list[str]]
) -> None:
    serving, turns = crowded
    while serving._shares.may_user_take(US):
        serving._shares.take(object(), US)
    for name in ("first", "second", "third"):
        serving.take_in(connection(name), b"")
    assert turns == []
    serving._runners._holders[threading.current_thread()] = connection("holder")
    serving._runners._holders[threading.current_thread()].session = Gone("holder")  # type: ignore[assignment]
    serving._shares.give_back("holder", US)
    serving._shares.take(serving._runners._holders[threading.current_thread()], US)
    serving._runners._give_back_share()
    serving.take_in(connection("newcomer"), b"")
    assert turns == []
    due.turn()
    assert turns == ["first", "second", "third", "newcomer"]


class Gone(Named):
    is_over = False


def test_a_connection_that_waits_for_a_thread_reads_no_more_than_it_may(
    crowded: tuple[ServiceLoop, list[str]],
) -> None:
    serving, turns = crowded
    while serving._shares.may_user_take(US):
        serving._shares.take(object(), US)
    waiting, queued = connection("waiting"), connection("queued")
    serving.take_in(waiting, b"")
    serving.take_in(waiting, b"")
    queued.is_queued = True
    queued.session.has_much = True  # type: ignore[misc]
    serving.take_in(queued, b"")
    assert turns == []
    assert [each.session.put_off for each in (waiting, queued)] == [1, 1]  # type: ignore[attr-defined]
