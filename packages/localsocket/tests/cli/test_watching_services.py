"""`ping`, `stats`, `monitor` and `top`: what services are doing, while they come and go."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import localsocket
from localsocket import Client, ServerThread, Service
from localsocket.cli import watching
from localsocket.cli.prometheus import prometheus_text
from localsocket.cli.units import duration, length_of_time
from localsocket.testing import PATIENCE, Background
from localsocket.tools import service_watch
from localsocket.tools.service_watch import ServiceWatch
from pauses import pause_by

Command = Callable[..., tuple[int, str, str]]
OnTerminal = Callable[..., tuple[int, str]]
Start = Callable[..., subprocess.Popen[bytes]]

SAMPLE = re.compile(r'[a-z_]+\{([a-z]+="([^"\\]|\\.)*",?)*\} -?[0-9.e+-]+')


def make_service(name: str = "demo.watched") -> Service:
    service = Service(name, version="1.2")

    @service.method
    def sell(what: str) -> int:
        return len(what)

    @service.method
    def fail() -> None:
        raise KeyError

    return service


@pytest.fixture
def client() -> Iterator[Client]:
    with ServerThread("demo.watched", make_service()), Client("demo.watched") as client:
        yield client


@pytest.mark.usefixtures("client")
def test_a_service_that_answers_is_alive(command: Command) -> None:
    status, output, errors = command("ping", "demo.watched")
    assert (status, errors) == (0, "")
    assert output.startswith("demo.watched 1.2 answered in ")
    pong = json.loads(command("ping", "demo.watched", "--json")[1])
    assert (pong["service"], pong["seconds"] > 0) == ("demo.watched", True)


def test_one_that_is_not_there_or_is_mute_is_not(command: Command) -> None:
    assert command("ping", "demo.watched")[0] == 3
    with localsocket.listen("demo.mute"):
        assert command("ping", "demo.mute", "--timeout", "0.01")[0] == 4


def test_what_a_service_has_done_is_told_by_method(command: Command, client: Client) -> None:
    for what in ("bread", "milk"):
        client.call("sell", what)
    status, output, _ = command("stats", "demo.watched")
    assert status == 0
    assert re.search(r"^  calls +3$", output, re.MULTILINE)
    assert re.search(r"^sell +2 +0 ", output, re.MULTILINE)
    assert json.loads(command("stats", "demo.watched", "--json")[1])["version"] == "1.2"


def test_a_collector_is_told_samples_each_of_a_declared_kind(command: Command, client: Client) -> None:
    client.call("sell", "bread")
    status, output, _ = command("stats", "demo.watched", "--prometheus")
    assert status == 0
    declared = {line.split()[2] for line in output.splitlines() if line.startswith("# TYPE ")}
    for line in output.splitlines():
        if not line.startswith("#"):
            assert SAMPLE.fullmatch(line), line
            assert re.sub(r"_(sum|count)$", "", line.partition("{")[0]) in declared
    assert 'localsocket_method_seconds_count{service="demo.watched",worker="0",method="sell"} 1\n' in output


def test_a_name_cannot_make_a_sample(hostile: str) -> None:
    with ServerThread("demo.watched", make_service()), Client("demo.watched") as client:
        report = client.call("localsocket.stats")
    report["service"] = f'a"}} 5\n{hostile}\\'
    for line in prometheus_text(report).splitlines():
        assert line.startswith("# ") or SAMPLE.fullmatch(line), line


def test_the_forms_of_numbers_exclude_each_other(command: Command) -> None:
    assert command("stats", "demo.watched", "--json", "--prometheus")[0] == 2


def test_calls_are_shown_as_they_happen_and_arguments_when_asked_for(start: Start, client: Client) -> None:
    monitor = start("monitor", "demo.watched", "--json", "--arguments")
    assert monitor.stdout is not None
    with Background(monitor.stdout.readline) as first:
        while not first.is_done:  # until it watches
            client.call("sell", "bread")
    event = json.loads(first.result())
    assert (event["method"], event["outcome"], event["arguments"]) == ("sell", "ok", "what='bread'")
    assert event["uid"] == os.geteuid()


class Event(dict[str, Any]):
    def __init__(self, sequence: int, **parts: Any) -> None:
        common = {"event": "end", "call": 1, "time": 0.25, "method": "sell", "uid": -1, "pid": 0, "arguments": ""}
        super().__init__({**common, "duration": 0.002, "outcome": "ok", "error": "", "sequence": sequence, **parts})


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What a service says that takes the place of its own monitor, and then it is gone."""
    events: list[Event] = []

    def stream(_client: Client, method: str, **_: object) -> Any:
        assert method == "localsocket.monitor"
        return Told(events)

    monkeypatch.setattr(Client, "stream", stream)
    return events


class Told:
    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def __enter__(self) -> Iterator[Event]:
        yield from self._events
        raise localsocket.errors.ClosedByPeer("reading")

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.usefixtures("client")
def test_a_person_sees_a_line_for_each_call_and_what_was_missed(
    command: Command, told: list[Event], hostile: str, check_harmless: Callable[[str], None]
) -> None:
    told += [Event(0, event="watching"), Event(1, event="begin"), Event(2)]
    told += [Event(5, outcome="error", error="KeyError", method="fail"), Event(6, method=hostile)]
    status, output, errors = command("monitor", "demo.watched")
    assert status == 3
    first, second, third = output.splitlines()
    assert first.endswith(".250 ?/? sell 2 ms ok")
    assert second.endswith(" fail 2 ms error KeyError")
    check_harmless(third)
    assert errors.splitlines()[0] == "localsocket: 2 events were missed: they came faster than they could be shown"


@pytest.mark.usefixtures("client")
def test_one_method_may_be_watched_and_its_beginnings(command: Command, told: list[Event]) -> None:
    told += [Event(1, event="begin"), Event(2), Event(3, method="fail")]
    output = command("monitor", "demo.watched", "--method", "sell", "--begins")[1]
    assert [line.split()[2:4] for line in output.splitlines()] == [["sell", "begins"], ["sell", "2"]]


@pytest.mark.usefixtures("client")
def test_whoever_waits_watches_the_next_server_too(
    command: Command, told: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    told.append(Event(1))
    complaints: list[str] = []

    def complain(text: str) -> None:
        complaints.append(text)
        if len(complaints) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("localsocket.cli.monitoring.complain", complain)
    status, output, _ = command("monitor", "demo.watched", "--wait")
    assert (status, len(output.splitlines())) == (130, 2)
    assert complaints[0] == "the server at 'demo.watched' has gone; waiting for the next one"


def test_calls_of_the_next_server_are_shown_when_one_has_gone(start: Start) -> None:
    monitor = start("monitor", "demo.watched", "--wait", "--json")
    assert monitor.stdout is not None
    for _ in range(2):
        with ServerThread("demo.watched", make_service()), Client("demo.watched", timeout=PATIENCE) as client:
            with Background(monitor.stdout.readline) as line:
                while not line.is_done:  # until it watches
                    client.call("sell", "bread")
            assert json.loads(line.result())["method"] == "sell"
    monitor.terminate()
    monitor.communicate(timeout=PATIENCE)


def test_services_that_come_and_go_are_watched(client: Client) -> None:
    watch = ServiceWatch((), timeout=PATIENCE)
    try:
        (first,) = watch.ask()
        assert (first.address, first.interval) == ("demo.watched", None)
        with ServerThread("demo.other", make_service("demo.other")), localsocket.listen("demo.raw") as raw:
            client.call("sell", "bread")
            with Background(lambda: raw.accept(timeout=PATIENCE).close()):
                other, broken, again = watch.ask()
            assert (other.address, broken.address, broken.report) == ("demo.other", "demo.raw", None)
            assert broken.problem == "no service"
            assert again.interval is not None
            assert again.interval.calls_per_second > 0
        assert [each.address for each in watch.ask()] == ["demo.watched"]
    finally:
        watch.close()


def test_times_are_those_of_the_last_interval_alone(client: Client) -> None:
    watch = ServiceWatch(["demo.watched"], timeout=PATIENCE)
    try:
        client.call("sell", "bread")
        watch.ask()
        (idle,) = watch.ask()
        client.call("sell", "milk")
        (busy,) = watch.ask()
    finally:
        watch.close()
    assert idle.interval is not None
    assert (idle.interval.latency_p99, idle.interval.slowest) == (0, [])
    assert busy.interval is not None
    assert [name for name, _ in busy.interval.slowest] == ["sell"]
    assert 0 < busy.interval.latency_p50 == busy.interval.latency_p99  # of one call


def test_one_of_several_workers_is_asked_and_named(command: Command) -> None:
    service = make_service()
    service._worker, service._workers = 2, 4
    with ServerThread("demo.watched", service):
        assert "demo.watched [2/4]" in command("top", "--count", "1")[1]
        assert "worker 2 of 4: its numbers alone)" in command("stats", "demo.watched")[1]


def test_only_so_many_services_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_watch, "MOST", 2)
    watch = ServiceWatch(["demo.one", "demo.two", "demo.three"], timeout=PATIENCE)
    assert [each.problem for each in watch.ask()] == ["not there"] * 2
    assert watch.left_out == 1


def test_one_that_does_not_answer_is_told_in_a_word() -> None:
    with localsocket.listen("demo.mute"):
        watch = ServiceWatch(["demo.mute"], timeout=0.01)
        assert [each.problem for each in watch.ask()] == ["no answer"]


def test_a_pipe_gets_turn_by_turn(command: Command, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    pause_by(lambda _: client.call("sell", "bread"), "localsocket.cli.top", monkeypatch)
    status, output, errors = command("top", "--count", "2")
    assert (status, errors) == (0, "")
    rows = [line.split() for line in output.splitlines()]
    assert [row[0] for row in rows] == ["service", "demo.watched", "service", "demo.watched"]
    first, second = (json.loads(line) for line in command("top", "--count", "2", "--json")[1].splitlines())
    assert first["services"][0]["calls_per_second"] is None
    assert second["services"][0]["calls_per_second"] > 0


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("columns", "shown"), [(40, ["p99"]), (80, ["p99", "conn"]), (160, ["p99", "conn", "slowest"])]
)
def test_a_terminal_shows_what_it_has_room_for(
    on_terminal: OnTerminal, monkeypatch: pytest.MonkeyPatch, columns: int, shown: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    status, screen = on_terminal("top", "--count", "1")
    assert status == 0
    assert "demo.watched" in screen
    assert [title for title in ("p99", "conn", "slowest") if title in screen] == shown


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("words", [["top", "--count", "1"], ["ping", "demo.watched", "--watch", "0.1"]])
def test_a_terminal_without_a_cursor_gets_turn_by_turn(
    on_terminal: OnTerminal, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    pause_by(interrupt, "localsocket.cli.top", monkeypatch)
    pause_by(interrupt, "localsocket.cli.watching", monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    shown = on_terminal(*words)[1]
    assert "demo.watched" in shown
    assert "\x1b" not in shown


def interrupt(_seconds: float) -> None:
    raise KeyboardInterrupt


def test_without_services_it_says_so(on_terminal: OnTerminal) -> None:
    assert "no services" in on_terminal("top", "--count", "1")[1]


def test_times_are_told_in_units_that_fit() -> None:
    assert [duration(each) for each in (0, 85e-6, 0.00125, 2.5, 500.2)] == ["-", "85 µs", "1.25 ms", "2.5 s", "500 s"]
    assert [length_of_time(each) for each in (12.4, 300, 7200, 90000 * 9)] == ["12 s", "5 min", "2 h", "9 d"]


def test_watching_ends_after_one_turn_unless_told_otherwise() -> None:
    assert len(list(watching.again(None))) == 1
