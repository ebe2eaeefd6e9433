"""A client in Qt tells by signals alone, keeps what is under way, and ends whole with whom it belongs to."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.qt_face import QtThread
from localsocket import Fd, LocalSocket, ServerThread, Service, qt
from localsocket.errors import (
    BadResult,
    CallCancelled,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    ServerNotFound,
    UnsuitableMessage,
)
from localsocket.qt.binding import qt_core
from localsocket.services.gap import Gap
from localsocket.testing import PATIENCE, Background, UnansweringServer, VanishingServer, wait_until
from services.deaf import deaf_service
from testing.orders import Order, OutOfStock, orders


def run_until(condition: Callable[[], object]) -> None:
    """Run Qt's event loop until the condition holds."""
    core = qt_core()
    loop, late, look = core.QEventLoop(), core.QTimer(), core.QTimer()
    late.setSingleShot(True)
    late.timeout.connect(loop.quit)
    look.timeout.connect(lambda: condition() and loop.quit())
    late.start(int(PATIENCE * 1000))
    look.start(1)
    if not condition():
        loop.exec()
    late.stop()  # here: the garbage collector may come to them in another thread
    look.stop()
    assert condition()


def run_until_idle() -> None:
    """Run Qt's event loop until what was queued before has come."""
    done: list[bool] = []
    qt_core().QTimer.singleShot(0, lambda: done.append(True))
    run_until(lambda: done)
    qt_core().QTimer.singleShot(0, lambda: done.append(True))
    run_until(lambda: len(done) == 2)


class Told:
    """What answers and clients have told, in order."""

    def __init__(self) -> None:
        self.news: list[Any] = []

    def follow(self, answer: qt.PendingCall | qt.Client) -> Any:
        for name in ("finished", "failed", "begun", "received", "ended", "gap", "connected", "disconnected"):
            if hasattr(type(answer), name):
                getattr(answer, name).connect(lambda *what, name=name: self.news.append((name, *what)))
        return answer

    def wait(self, count: int) -> list[Any]:
        run_until(lambda: len(self.news) >= count)
        return self.news


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def service() -> Iterator[Service]:
    made = orders()
    with ServerThread("demo.orders", made):
        yield made


@pytest.fixture
def client(service: Service) -> Iterator[qt.Client]:
    made = qt.Client("demo.orders", errors=[OutOfStock])
    yield made
    made.close()
    run_until(lambda: service.stats().open_connections == 0)


def test_a_result_comes_as_a_signal_and_never_before_the_call_has_returned(client: qt.Client, told: Told) -> None:
    told.follow(client.call("total", Order("tea", 3)))
    assert told.news == []
    assert told.wait(1) == [("finished", 15)]
    told.follow(client.call("total", Order("tea", 3)))
    assert len(told.news) == 1


def test_a_signal_can_be_disconnected(client: qt.Client, told: Told) -> None:
    disconnected: list[int] = []
    reply = client.call("total", Order("tea", 3))
    slot = disconnected.append
    reply.finished.connect(slot)
    reply.finished.disconnect(slot)
    told.follow(reply)
    assert told.wait(1) == [("finished", 15)]
    assert not disconnected


def test_an_answer_that_nobody_keeps_is_told_all_the_same(client: qt.Client, told: Told) -> None:
    told.follow(client.call("total", Order("tea", 3)))
    gc.collect()
    assert told.wait(1) == [("finished", 15)]


def test_items_come_in_order_between_the_beginning_and_the_end(client: qt.Client, told: Told) -> None:
    told.follow(client.stream("count", 4))
    assert told.wait(6) == [("begun",), *(("received", number) for number in range(4)), ("ended",)]


def test_errors_are_what_a_client_that_waits_would_raise(client: qt.Client, told: Told) -> None:
    for answer in [
        client.call("place", Order("tea", 12)),
        client.stream("count", 3),
        client.call("total", object()),
        client.call("count", 3),
    ]:
        answer.failed.connect(lambda error: told.news.append(type(error)))
    assert sorted(told.wait(4), key=str) == sorted([OutOfStock, OutOfStock, UnsuitableMessage, BadResult], key=str)


def test_messages_of_a_topic_come_from_its_beginning_on(client: qt.Client, told: Told, service: Service) -> None:
    subscription = told.follow(client.subscribe("sold", Order))
    assert told.wait(1) == [("begun",)]
    for count in (1, 2):
        service._topics["sold"].publish(Order("tea", count))
    assert told.wait(3)[1:] == [("received", Order("tea", 1)), ("received", Order("tea", 2))]
    assert subscription.lost == 0
    subscription.close()
    run_until(lambda: service.stats().subscribers == 0)
    assert len(told.news) == 3


def test_proxies_give_answers(client: qt.Client, told: Told) -> None:
    told.follow(client.proxy.total(Order("tea", 3), price=2))
    assert told.wait(1) == [("finished", 6)]


def test_files_and_large_bodies_are_arguments_and_results(told: Told) -> None:
    service = Service("demo.files")

    @service.method
    def give_back(file: Fd) -> Fd:
        return file.duplicate()

    @service.method
    def join(strings: list[str]) -> str:
        return "".join(strings)

    with ServerThread("demo.files", service), open(__file__, "rb") as file, Fd.of(file) as sent:
        client = qt.Client("demo.files")
        for count in (1, 2):  # the first makes the memory by which others go
            told.follow(client.call("join", ["a" * 200_000, "b" * 100_000]))
            assert told.wait(count)[-1] == ("finished", "a" * 200_000 + "b" * 100_000)
        if sys.platform == "linux":
            assert client.stats().bytes_sent_by_memory > 300_000
            told.follow(client.call("give_back", sent))
            name, given = told.wait(3)[-1]
            assert name == "finished", given
            with given:
                assert os.path.sameopenfile(given.fileno(), file.fileno())
        client.close()
        run_until(lambda: service.stats().open_connections == 0)


def test_a_paused_stream_tells_nothing_until_it_goes_on(client: qt.Client, told: Told) -> None:
    stream = client.stream("count", 4)
    stream.received.connect(lambda _: stream.pause())
    told.follow(stream)
    assert told.wait(2) == [("begun",), ("received", 0)]
    told.follow(client.call("total", Order("tea")))
    assert told.wait(3)[2:] == [("finished", 5)]
    for number in (1, 2, 3):
        stream.resume()
        assert told.wait(3 + number)[2 + number] == ("received", number)
    assert told.wait(7)[-1] == ("ended",)


# --- deadlines, cancelling, losses ------------------------------------------------------------------------------------


def test_a_call_that_is_late_or_cancelled_is_told_so_once(told: Told) -> None:
    with UnansweringServer("demo.orders", orders()):
        client = qt.Client("demo.orders")
        late = told.follow(client.call("total", Order("tea"), timeout=0.05))
        (_, error), *others = told.wait(1)
        assert isinstance(error, DeadlinePassed)
        assert late.is_over
        cancelled = told.follow(client.call("total", Order("tea")))
        cancelled.cancel()
        cancelled.cancel()
        assert isinstance(told.wait(2)[1][1], CallCancelled)
        assert not others
        client.close()


def test_half_an_answer_is_a_lost_connection(told: Told) -> None:
    with VanishingServer("demo.orders", orders()):
        client = told.follow(qt.Client("demo.orders"))
        told.follow(client.call("total", Order("tea")))
        told.wait(3)
        assert [name for name, *_ in told.news] == ["connected", "disconnected", "failed"]
        assert all(isinstance(error, ClosedByPeer) for _, error in told.news[1:])


def test_where_nobody_serves_that_is_told_to_all_who_wait(told: Told) -> None:
    client = told.follow(qt.Client("demo.nobody"))
    for _ in range(2):
        told.follow(client.call("total"))
    told.wait(3)
    assert all(isinstance(error, ServerNotFound) for _, error in told.news)


def test_a_client_connects_again_and_its_subscription_goes_on(told: Told) -> None:
    client = told.follow(qt.Client("demo.orders", reconnect=True))
    got: list[Order] = []
    for count in (1, 2):
        service = orders()
        with ServerThread("demo.orders", service):
            if count == 1:
                client.subscribe("sold", Order, resume=True).received.connect(got.append)
            run_until(lambda service=service: service.stats().subscribers == 1)
            service._topics["sold"].publish(Order("tea", count))
            run_until(lambda count=count: len(got) == count)
    client.close()
    assert [order.count for order in got] == [1, 2]
    assert [name for name, *_ in told.news].count("connected") == 2


def test_a_subscription_that_goes_on_tells_what_it_has_missed(told: Told, service: Service) -> None:
    client = qt.Client("demo.orders", reconnect=True)
    subscription = told.follow(client.subscribe("sold", Order, resume=True))
    told.wait(1)
    sold = service._topics["sold"]
    sold.publish(Order("tea", 1))
    told.wait(2)
    for session in list(service._sessions):
        session._link.abort()
    wait_until(lambda: sold.subscribers == 0)
    for count in (2, 3):  # while the event loop does not run
        sold.publish(Order("tea", count))
    told.wait(3)
    sold.publish(Order("tea", 4))
    told.wait(4)
    assert told.news[1:] == [("received", Order("tea", 1)), ("gap", Gap("sold", 2)), ("received", Order("tea", 4))]
    assert subscription.lost == 2
    client.close()


# --- ends -------------------------------------------------------------------------------------------------------------


def test_closing_tells_who_waits(told: Told) -> None:
    with UnansweringServer("demo.orders", orders()):
        client = qt.Client("demo.orders")
        told.follow(client.call("total", Order("tea")))
        told.follow(client.stream("count", 3))
        run_until(lambda: client.stats().active_calls == 2)
        told.follow(client.subscribe("sold"))
        client.close()
        client.close()
        told.wait(3)
        assert all(isinstance(error, ClosedByUs) for _, error in told.news)


def test_a_client_may_be_closed_in_a_slot(service: Service, told: Told) -> None:
    client = qt.Client("demo.orders")
    subscription = told.follow(client.subscribe("sold", Order))
    subscription.received.connect(lambda _: client.close())
    told.wait(1)
    service._topics["sold"].publish(Order("tea"))
    told.wait(3)
    assert isinstance(told.news[2][1], ClosedByUs)
    run_until(lambda: service.stats().open_connections == 0)


def test_a_slot_may_destroy_the_parent_and_nothing_more_is_told(service: Service) -> None:
    late: list[object] = []
    for _ in range(5):
        parents = [qt_core().QObject()]

        def listen(*what: object, parents: list[object] = parents) -> None:
            if not parents:
                late.append(what)

        client = qt.Client("demo.orders", parents[0])
        stream = client.stream("count", 3)
        stream.received.connect(listen)
        stream.received.connect(lambda _, parents=parents: parents.clear())
        for signal in (stream.ended, stream.failed, client.call("total", Order("tea")).finished, client.disconnected):
            signal.connect(listen)
        run_until(lambda parents=parents: not parents and service.stats().open_connections == 0)
        assert stream.is_over
        with pytest.raises(RuntimeError):
            client.call("total", Order("tea"))
    run_until_idle()
    assert late == []


def test_a_client_ends_with_its_parent_and_leaves_nothing(told: Told, service: Service) -> None:
    parent = qt_core().QObject()
    client = qt.Client("demo.orders", parent)
    told.follow(client.call("total", Order("tea")))
    told.wait(1)
    waits = told.follow(client.subscribe("sold"))
    state = weakref.ref(client._state)
    del client, parent
    assert waits.is_over
    del waits
    wait_until(lambda: service.stats().open_connections == 0)
    run_until(lambda: gc.collect() >= 0 and state() is None)
    assert len(told.news) == 1


def test_a_client_that_nobody_keeps_is_gone_with_its_calls(service: Service) -> None:
    client = qt.Client("demo.orders")
    client.call("total", Order("tea"))
    run_until(lambda: service.stats().calls == 1)
    state = weakref.ref(client._state)
    calls = client.within(PATIENCE)
    del client
    run_until_idle()
    assert not calls.call("total", Order("tea")).is_over
    del calls
    run_until(lambda: gc.collect() >= 0 and state() is None)
    wait_until(lambda: service.stats().open_connections == 0)


def test_a_client_is_forgotten_in_any_thread(service: Service) -> None:
    kept = [qt.Client("demo.orders") for _ in range(3)]
    for client in kept:
        client.call("total", Order("tea"))
    del client
    run_until(lambda: service.stats().calls == 3)
    Background(kept.clear).result()
    run_until(lambda: service.stats().open_connections == 0)


def test_a_client_in_a_thread_of_qt_ends_with_it(service: Service) -> None:
    kept: list[qt.Client] = []
    with QtThread() as thread:
        for _ in range(2):
            kept.append(thread.call(lambda: qt.Client("demo.orders")))
            thread.call(lambda: kept[-1].call("total", Order("tea")))
        wait_until(lambda: service.stats().calls == 2)
        assert service.stats().open_connections == 2
    wait_until(lambda: service.stats().open_connections == 0)
    with pytest.raises(RuntimeError):
        kept[0].connected  # noqa: B018


# --- threads, and Qt without events -----------------------------------------------------------------------------------


def test_other_threads_are_refused(client: qt.Client) -> None:
    stream = client.subscribe("sold")
    refused: list[Callable[[], object]] = [
        lambda: client.call("total", Order("tea")),
        lambda: client.stream("count", 3),
        lambda: client.notify("total", Order("tea")),
        lambda: client.subscribe("sold"),
        lambda: client.proxy.total(Order("tea")),
        client.describe,
        client.open,
        client.close,
        stream.cancel,
        stream.pause,
        stream.resume,
        stream.close,
    ]

    def try_all() -> None:
        for each in refused:
            with pytest.raises(RuntimeError, match="thread that created it"):
                each()

    Background(try_all).result()
    assert not stream.is_over


def test_a_thread_of_python_is_refused() -> None:
    def try_it() -> None:
        with pytest.raises(RuntimeError, match="QThread"):
            qt.Client("demo.orders")

    Background(try_it).result()


def test_a_parent_of_another_thread_is_refused() -> None:
    parent = qt_core().QObject()
    with QtThread() as thread, pytest.raises(RuntimeError, match="another thread"):
        thread.call(lambda: qt.Client("demo.orders", parent))


def test_signals_are_gone_when_all_is_told(client: qt.Client, told: Told) -> None:
    reply = told.follow(client.call("total", Order("tea")))
    told.wait(1)
    for name in ("finished", "failed"):
        with pytest.raises(RuntimeError, match="is over"):
            getattr(reply, name)


# --- what is unsent ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def clogged() -> Iterator[tuple[qt.Client, LocalSocket]]:
    """Give a client that has taken more than can be sent to its service, which reads nothing, and that one's end."""
    with deaf_service("demo.deaf") as service:
        client = qt.Client("demo.deaf")
        for _ in range(40):
            client.notify("note", bytes(100_000))
        run_until(lambda: client.stats().bytes_sent > 1_000_000)
        yield client, service.result()


def losses(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "bytes unsent" in record.getMessage()]


def test_a_client_whose_service_goes_logs_that_notifications_are_lost(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    with clogged() as (client, served):
        told.follow(client)
        assert not losses(caplog)
        served.abort()
        told.wait(1)
        assert [name for name, *_ in told.news] == ["disconnected"]
        assert len(losses(caplog)) == 1


@pytest.mark.parametrize("has_gone", [True, False])
def test_closing_logs_what_is_lost(has_gone: bool, caplog: pytest.LogCaptureFixture) -> None:
    with clogged() as (client, served):
        client.close(timeout=PATIENCE if has_gone else 0.02)
        assert not losses(caplog)
        if has_gone:
            served.abort()
        run_until(lambda: losses(caplog))
        run_until_idle()
        assert len(losses(caplog)) == 1


def test_what_was_notified_before_closing_arrives(service: Service) -> None:
    client = qt.Client("demo.orders")
    sent: list[object] = []
    client.notify("total", Order("tea", notes=["x" * 900_000])).finished.connect(sent.append)
    run_until(lambda: sent)
    client.close()
    run_until(lambda: service.stats().calls == 1)
    run_until(lambda: service.stats().open_connections == 0)
