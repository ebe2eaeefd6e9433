"""Both ends of a connection look before they sleep where both want that, and are two processes of one user."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localsocket import Client, Service, aio, current_call
from localsocket._core import IN_USE
from localsocket.testing import wait_until
from localsocket.tools.faces import loop_maker
from programs import Program
from services.conftest import ADDRESS, Serve

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="nobody looks anywhere else"),
    pytest.mark.skipif(IN_USE != "compiled", reason="who waits in Python looks nowhere"),
]

DATA = b"x" * 100


@pytest.fixture(autouse=True)
def several_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsocket.payload.usable_processors.usable_processors", lambda: 2)


@pytest.fixture(params=["plain", "async"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[None]:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one processor for the other process")
    with Program("serve_calls.py", request.param, ADDRESS) as program:
        program.read()
        yield


def pages_mapped() -> int:
    """How many pages this process has mapped: its own, and those of peers."""
    return Path("/proc/self/maps").read_text(encoding="utf-8").count("memfd:places")


@pytest.mark.long
@pytest.mark.usefixtures("elsewhere")
def test_a_client_and_a_service_of_two_processes_know_where_the_other_one_waits() -> None:
    with Client(ADDRESS) as client, Client(ADDRESS) as other:
        for _ in range(50):
            assert client.call("echo", DATA) == other.call("echo", DATA) == DATA
        assert pages_mapped() == 2
    wait_until(lambda: pages_mapped() == 0, "the pages to be let go")


@pytest.mark.long
@pytest.mark.usefixtures("elsewhere")
def test_whoever_sleeps_at_once_needs_no_page() -> None:
    with Client(ADDRESS, wait="sleep") as client:
        assert client.call("echo", DATA) == DATA
        assert not pages_mapped()


@pytest.mark.long
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("loop", ["aio", "aio-uvloop"])
def test_tasks_know_where_the_service_waits(loop: Any) -> None:
    async def main() -> None:
        async with aio.Client(ADDRESS) as client, aio.Client(ADDRESS) as other:
            for _ in range(50):
                assert await client.call("echo", DATA) == DATA
            assert await asyncio.gather(*(each.call("echo", DATA) for each in (client, other) * 20)) == [DATA] * 40
            assert pages_mapped() == 2
        async with aio.Client(ADDRESS, wait="sleep") as client:
            assert await client.call("echo", DATA) == DATA
        wait_until(lambda: pages_mapped() == 0, "the pages to be let go")

    if loop == "aio-uvloop":
        pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=loop_maker(loop)) as runner:
        runner.run(main())


def test_a_client_of_a_service_that_sleeps_at_once_needs_no_page(serve: Serve) -> None:
    service = Service("demo.patient", wait="sleep")
    service.method(lambda data: data, name="echo")
    with serve(service), Client(ADDRESS) as client:
        assert client.call("echo", DATA) == DATA
        assert not pages_mapped()


def test_threads_of_one_process_keep_to_their_own_page_and_look_for_nobody(serve: Serve) -> None:
    service = Service("demo.threads")
    service.method(lambda data: data, name="echo")
    with serve(service):
        with Client(ADDRESS) as client:
            for _ in range(20):
                assert client.call("echo", DATA) == DATA
            assert pages_mapped() <= 1
        wait_until(lambda: pages_mapped() == 0, "the page to be let go")


def test_where_both_ends_serve_both_call_as_ever(serve: Serve) -> None:
    service = Service("demo.both")

    @service.method
    def ask(data: bytes) -> bytes:
        asked: bytes = current_call().caller.call("echo", data)
        return asked

    own = Service("demo.own")
    own.method(lambda data: data, name="echo")
    with serve(service), contextlib.closing(Client(ADDRESS, serves=own)) as client:
        for _ in range(20):
            assert client.call("ask", DATA) == DATA
    wait_until(lambda: pages_mapped() == 0, "the page to be let go")


@pytest.mark.parametrize("kind", [Client, aio.Client])
def test_another_word_for_waiting_is_refused(kind: Any) -> None:
    for make in (lambda: kind(ADDRESS, wait="sleeep"), lambda: Service("demo.word", wait="sleeep")):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"wait must be one of look, sleep, not 'sleeep'.*sleep"):
            make()
