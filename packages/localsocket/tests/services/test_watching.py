"""Calls as they happen, for the owner of a service: watched, counted by method, and logged."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localsocket import ANY_USER, Client, ServerThread, Service
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import BadArguments, CallFailed, NoSuchMethod
from localsocket.services.service import _is_owner
from localsocket.testing import PATIENCE, wait_until
from localsocket.wire.caller import Caller
from localsocket.wire.greeting import Greeting
from programs import NOBODY, run
from services.conftest import ADDRESS, Serve
from services.raw_peers import connect_raw
from wire.http_building import request


class Shop:
    def __init__(self, **options: Any) -> None:
        self.service = Service("shop", version="2.1", **options)
        self.gate = threading.Event()
        for method in (self.sell, self.fail, self.hold, self.count):
            self.service.method(method)
        self.topic = self.service.topic("sold", str)

    def sell(self, what: str, pieces: int = 1) -> int:
        return pieces

    def fail(self) -> None:
        raise KeyError

    def hold(self) -> None:
        self.gate.wait(PATIENCE)

    def count(self, to: int) -> Iterator[int]:
        yield from range(to)


def call_each(client: Client) -> None:
    client.call("sell", "tea", pieces=3)
    for method, kind in (("fail", CallFailed), ("sell", BadArguments), ("nothing", NoSuchMethod)):
        with pytest.raises(kind):
            client.call(method)
    assert list(client.stream("count", 2)) == [0, 1]
    client.notify("sell", "rice")


EACH = [
    ("begin", "sell", "call", "", ""),
    ("end", "sell", "call", "ok", ""),
    ("begin", "fail", "call", "", ""),
    ("end", "fail", "call", "error", "KeyError"),
    ("end", "sell", "call", "refused", "BadArguments"),
    ("end", "nothing", "call", "refused", "NoSuchMethod"),
    ("begin", "count", "stream", "", ""),
    ("end", "count", "stream", "ok", ""),
    ("begin", "sell", "notification", "", ""),
    ("end", "sell", "notification", "ok", ""),
]


def test_each_call_is_told_with_what_becomes_of_it(serve: Serve) -> None:
    with serve(Shop().service), Client(ADDRESS) as watching, Client(ADDRESS) as client:
        events = watching.stream("localsocket.monitor", timeout=PATIENCE)
        assert next(events)["event"] == "watching"
        call_each(client)
        told = [next(events) for _ in EACH]
    assert [tuple(each[part] for part in ("event", "method", "kind", "outcome", "error")) for each in told] == EACH
    assert [each["sequence"] for each in told] == list(range(1, len(EACH) + 1))
    assert {(each["uid"], each["pid"], each["protocol"]) for each in told} == {
        (os.getuid(), os.getpid(), "localsocket")
    }
    assert told[0]["call"] == told[1]["call"] != told[2]["call"]
    assert all(0 < each["duration"] < PATIENCE for each in told if each["event"] == "end")
    assert {each["arguments"] for each in told} == {""}


def test_arguments_are_told_to_who_asks_for_them(serve: Serve) -> None:
    with serve(Shop().service), Client(ADDRESS) as watching, Client(ADDRESS) as client:
        events = watching.stream("localsocket.monitor", arguments=True, timeout=PATIENCE)
        next(events)
        client.call("sell", "x" * 10_000, pieces=3)
        told = next(events)["arguments"]
    assert told.startswith("what='xxx")
    assert told.endswith("pieces=3")
    assert len(told) < 200


def test_a_call_that_is_given_up_is_told_as_that(serve: Serve) -> None:
    shop = Shop()
    with serve(shop.service), Client(ADDRESS) as watching, Client(ADDRESS) as client:
        events = watching.stream("localsocket.monitor", timeout=PATIENCE)
        next(events)
        client.subscribe("sold").close()
        assert [next(events)["outcome"] for _ in range(2)] == ["", "cancelled"]


def test_calls_by_http_are_told_with_the_number_of_their_request(serve: Serve) -> None:
    pytest.importorskip("h11")
    with serve(Shop().service), Client(ADDRESS) as watching, connect_raw(ADDRESS) as stranger:
        events = watching.stream("localsocket.monitor", timeout=PATIENCE)
        next(events)
        stranger.sendall(request("/sell", b'{"what": "tea"}', "X-Request-Id: r-17"))
        told = next(events)
    assert (told["protocol"], told["request_id"], told["method"]) == ("http", "r-17", "sell")


def test_calls_of_a_trace_are_told_with_its_number(serve: Serve) -> None:
    pytest.importorskip("h11")
    with serve(Shop().service), Client(ADDRESS) as watching, connect_raw(ADDRESS) as stranger:
        events = watching.stream("localsocket.monitor", timeout=PATIENCE)
        next(events)
        stranger.sendall(request("/sell", b'{"what": "tea"}', f"traceparent: 00-{'ab' * 16}-{'cd' * 8}-01"))
        assert next(events)["request_id"] == "ab" * 16


def test_who_reads_too_slowly_loses_the_oldest_and_can_tell(serve: Serve) -> None:
    with serve(Shop().service), Client(ADDRESS) as watching, Client(ADDRESS) as client:
        events = watching.stream("localsocket.monitor", timeout=PATIENCE, prefetch=1)
        next(events)
        for call in [client.start("sell", "tea") for _ in range(2000)]:
            call.result(timeout=PATIENCE)
        sequence = 0
        while sequence < 4000:
            before, sequence = sequence, next(events)["sequence"]
            if sequence > before + 1:
                break
        assert sequence > before + 1


def test_nothing_of_a_call_is_told_once_nobody_watches(serve: Serve) -> None:
    shop = Shop()
    with serve(shop.service), Client(ADDRESS) as client:
        assert shop.service._watch is None
        with Client(ADDRESS) as watching:
            events = watching.stream("localsocket.monitor", timeout=PATIENCE)
            next(events)
            assert shop.service._watch is not None
        wait_until(lambda: shop.service._watch is None, "the watcher to be forgotten")
        client.call("sell", "tea")


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_a_service_tells_its_numbers_by_method(serve: Serve) -> None:
    shop = Shop()
    with serve(shop.service), Client(ADDRESS) as client:
        call_each(client)
        client.call("sell", "tea")
        report = client.call("localsocket.stats")
    assert (report["service"], report["version"], report["pid"], report["worker"]) == ("shop", "2.1", os.getpid(), 0)
    methods = {method["name"]: method for method in report["methods"]}
    assert (methods["sell"]["calls"], methods["sell"]["errors"]) == (4, 1)
    assert (methods["fail"]["calls"], methods["fail"]["errors"]) == (1, 1)
    assert (methods["localsocket.unknown"]["calls"], methods["count"]["calls"]) == (1, 1)
    assert report["stats"]["errors"] == 3
    assert report["uptime"] < shop.service.report().uptime
    slowest = [method["latency_p99"] for method in report["methods"]]
    assert slowest == sorted(slowest, reverse=True)
    for method in methods.values():
        assert 0 < method["latency_p50"] <= method["latency_p99"]
        assert 0 < method["seconds"] <= method["calls"] * method["latency_p99"]


@pytest.mark.parametrize("is_failing", [False, True])
def test_a_call_that_goes_on_after_its_deadline_is_counted_once(serve: Serve, *, is_failing: bool) -> None:
    shop = Shop()

    @shop.service.method
    def outlast() -> None:
        shop.gate.wait(PATIENCE)
        if is_failing:
            raise KeyError

    caller = Caller(Greeting(role="client", max_message=1000))
    with serve(shop.service), connect_raw(ADDRESS) as peer:  # a client would have cancelled it first
        peer.sendall(caller.opening())
        call = caller.begin("outlast", 0.01, ())
        peer.sendall(call.frame)
        while not call.is_over:
            caller.feed(peer.recv(1000))
        assert call.failure is not None
        shop.gate.set()
        (session,) = shop.service._open_sessions()
        wait_until(lambda: not session.calls_begun, "it to have ended")
        (method,) = shop.service.report().methods
        assert (call.failure.code, method.calls, method.errors) == ("too-late", 1, 1)
        assert shop.service.stats().errors == 1


def test_a_service_that_is_there_says_so(serve: Serve) -> None:
    with serve(Shop().service), Client(ADDRESS) as client:
        first, second = client.call("localsocket.ping"), client.call("localsocket.ping")
    assert (first["service"], first["version"]) == ("shop", "2.1")
    assert 0 < first["uptime"] < second["uptime"]


@pytest.mark.parametrize(
    ("uid", "is_owner"), [(os.geteuid(), True), (0, True), (os.geteuid() + 4711, False), (-1, False)]
)
def test_the_owner_and_root_may_watch(uid: int, is_owner: bool) -> None:
    assert _is_owner(PeerCredentials(pid=1, uid=uid, gid=1)) is is_owner


@pytest.mark.long
@pytest.mark.root
def test_another_user_gets_no_numbers_and_watches_nothing(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    expected = dict.fromkeys(("localsocket.stats", "localsocket.monitor"), "NotAllowed")
    with ServerThread(path, Shop().service, mode=0o666, allow=ANY_USER):
        assert run("call_methods.py", path, *expected, uid=NOBODY) == [expected]


# --- the log ----------------------------------------------------------------------------------------------------------


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.__dict__["call"] for record in caplog.records if record.name == "localsocket.calls"]


def test_one_record_is_written_for_each_call(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "localsocket.calls")
    with serve(Shop(log_calls=True).service), Client(ADDRESS) as client:
        call_each(client)
        wait_until(lambda: len(logged(caplog)) == 6, "the notification to be logged")
    ends = [each[1:] for each in EACH if each[0] == "end"]
    assert [tuple(each[part] for part in ("method", "kind", "outcome", "error")) for each in logged(caplog)] == ends
    assert {each["service"] for each in logged(caplog)} == {"shop"}
    assert {(each["uid"], each["pid"]) for each in logged(caplog)} == {(os.getuid(), os.getpid())}
    assert "tea" not in str(logged(caplog)) + caplog.text


def test_arguments_are_logged_where_that_was_asked_for(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "localsocket.calls")
    with serve(Shop(log_calls="arguments").service), Client(ADDRESS) as client:
        client.call("sell", "tea", pieces=3)
    assert logged(caplog)[0]["arguments"] == "what='tea', pieces=3"


def test_another_word_for_the_log_is_refused() -> None:
    with pytest.raises(ValueError, match="'all'"):
        Service("shop", log_calls="all")  # type: ignore[arg-type]
