"""A client in Qt tells by signals alone, keeps what is under way, and ends whole with whom it belongs to."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QEventLoop, QObject, QTimer

from localsocket import ServerThread, Service, qt
from localsocket.errors import (
    BadResult,
    CallCancelled,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    ServerNotFound,
    UnsuitableMessage,
)
from localsocket.testing import PATIENCE, UnansweringServer, VanishingServer, wait_until
from testing.orders import Order, OutOfStock, orders


def run_until(condition: Callable[[], object]) -> None:
    """Run Qt's event loop until the condition holds."""
    loop, late, look = QEventLoop(), QTimer(), QTimer()
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


class Told:
    """What answers and clients have told, in order."""

    def __init__(self) -> None:
        self.news: list[Any] = []

    def follow(self, answer: qt.PendingCall | qt.Client) -> Any:
        for name in ("finished", "failed", "begun", "received", "ended", "gap", "connected", "disconnected"):
            if (signal := getattr(answer, name, None)) is not None:
                signal.connect(lambda *what, name=name: self.news.append((name, *what)))
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


def test_a_client_may_be_closed_or_destroyed_in_a_slot(told: Told, service: Service) -> None:
    for end in (qt.Client.close, shiboken6.delete):
        client = qt.Client("demo.orders")
        client.stream("count", 3).received.connect(lambda _, end=end, client=client: end(client))
        client.call("total", Order("tea"))
        run_until(lambda: service.stats().connections and service.stats().open_connections == 0)


def test_a_client_ends_with_its_parent_and_leaves_nothing(told: Told, service: Service) -> None:
    parent = QObject()
    client = qt.Client("demo.orders", parent)
    told.follow(client.call("total", Order("tea")))
    told.wait(1)
    waits = told.follow(client.subscribe("sold"))
    state = weakref.ref(client._state)
    del client
    shiboken6.delete(parent)
    assert waits.is_over
    del waits
    wait_until(lambda: service.stats().open_connections == 0)
    gc.collect()
    assert state() is None


def test_a_client_that_nobody_keeps_is_gone_with_its_calls(service: Service) -> None:
    client = qt.Client("demo.orders")
    client.call("total", Order("tea"))
    run_until(lambda: service.stats().calls == 1)
    state = weakref.ref(client._state)
    del client
    gc.collect()
    assert state() is None
    wait_until(lambda: service.stats().open_connections == 0)


def test_destroying_an_answer_gives_its_call_up(told: Told, service: Service, client: qt.Client) -> None:
    subscription = client.subscribe("sold")
    run_until(lambda: service.stats().subscribers == 1)
    shiboken6.delete(subscription)
    run_until(lambda: service.stats().subscribers == 0)
    told.follow(client.call("total", Order("tea")))
    assert told.wait(1) == [("finished", 5)]


def test_what_was_notified_before_closing_arrives(service: Service) -> None:
    client = qt.Client("demo.orders")
    sent: list[object] = []
    client.notify("total", Order("tea", notes=["x" * 900_000])).finished.connect(sent.append)
    run_until(lambda: sent)
    client.close()
    run_until(lambda: service.stats().calls == 1)
    run_until(lambda: service.stats().open_connections == 0)
