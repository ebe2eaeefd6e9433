"""In a forked child everything that the parent had open says that it is the parent's, and what to do."""

from __future__ import annotations

import itertools
import os
import threading

import pytest

from localsocket import ServerThread, Service
from localsocket.errors import ClosedByUs
from localsocket.testing import Background
from programs import run


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    place = tmp_path_factory.mktemp("forked")
    place.chmod(0o700)
    service = Service("other")
    service.method(os.getpid, name="process")
    news, is_over = service.topic("news", int), threading.Event()

    def publish() -> None:
        for number in itertools.count(1):
            news.publish(number)
            if is_over.wait(0.01):
                return

    with ServerThread(place / "o", service), Background(publish):
        try:
            return [
                {key: str(value) for key, value in each.items()}
                for each in run("fork_and_use.py", place / "f", place / "o")
            ]
        finally:
            is_over.set()


THREADS, TASKS = 0, 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("program", "use", "what"),
    [
        (THREADS, "start", "the server thread of '{}'"),
        (THREADS, "stop", "the server thread of '{}'"),
        (THREADS, "accept", "the server at '{}2'"),
        (THREADS, "write", "the socket"),
        (THREADS, "call", "the client's connection"),
        (THREADS, "notify", "the client's connection"),
        (THREADS, "receive", "the client's connection"),
        (THREADS, "run", "the event loop"),
        (TASKS, "stop", "what serves '{}'"),
        (TASKS, "accept", "the server at '{}2'"),
        (TASKS, "call", "the client's connection"),
    ],
)
def test_each_use_says_whose_it_is_and_what_to_do(
    told: list[dict[str, str]], program: int, use: str, what: str
) -> None:
    said, parent = told[program][use], told[program]["parent"]
    assert said.startswith("ClosedByUs: ")
    name = said.partition("'")[2].partition("'")[0].removesuffix("2")
    assert said == (
        f"ClosedByUs: {what.format(name)} belongs to process {parent}, from which this one was forked: "
        "create another one here, or, to become a daemon, fork first"
    )


@pytest.mark.parametrize(
    ("program", "thing"), [(THREADS, "thread"), (THREADS, "server"), (THREADS, "loop"), (TASKS, "serving")]
)
def test_what_is_shown_of_it_tells_the_same(told: list[dict[str, str]], program: int, thing: str) -> None:
    assert f"left to process {told[program]['parent']}" in told[program][thing]
    assert "serving" not in told[program][thing].lower().replace("<serving", "")


def test_a_server_thread_has_stopped_there(told: list[dict[str, str]]) -> None:
    assert told[THREADS]["stopped"] == "returned True"
    assert told[THREADS]["stop again"] == "returned None"  # it says so once, as of any other end


def test_the_child_of_the_first_copy_is_not_the_first(told: list[dict[str, str]]) -> None:
    assert told[THREADS]["is first"] == "returned False"
    assert "not the first" in told[THREADS]["instance"]
    assert told[THREADS]["close"] == "returned None"


def test_a_client_that_reconnects_makes_a_connection_of_its_own(told: list[dict[str, str]]) -> None:
    for each in told:
        assert each["call again"] == f"returned {os.getpid()}"
    assert told[THREADS]["receive again"] == "returned 50"


def test_the_parent_goes_on(told: list[dict[str, str]]) -> None:
    assert len(told) == 2  # it ends in order only after it has used everything again


def test_an_error_that_is_about_no_fork_says_nothing_of_one() -> None:
    assert str(ClosedByUs("the client")) == "the client was closed by this program"
    assert ClosedByUs("the client").parent is None
