"""A peer that lies about the processor it waits on makes the other one look in vain, a little, and nothing else."""

from __future__ import annotations

import contextlib
import mmap
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localsocket import Client, LocalSocket, ServerThread, Service, parse_address
from localsocket._core import IN_USE
from localsocket.interfaces import MIB, MemoryName
from localsocket.payload.sealed_memory import TOKEN, make_memory_to_be_read
from localsocket.testing import PATIENCE, wait_until
from security.conftest import ServedBy
from wire.other_program import REPLY, OtherProgram, pack

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processors are told on Linux alone"),
    pytest.mark.skipif(IN_USE != "compiled", reason="who waits in Python looks nowhere"),
]

ADDRESS = "attacked.places"
PAGE = 4096
NOWHERE = (4096).to_bytes(4, sys.byteorder)


@pytest.fixture(autouse=True)
def several_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsocket.payload.usable_processors.usable_processors", lambda: 2)


@pytest.fixture
def service(served_by: ServedBy) -> Iterator[Service]:
    served = Service("attacked")

    @served.method
    def add(a: int, b: int) -> int:
        return a + b

    with served_by(served, ADDRESS):
        yield served


@pytest.fixture
def page() -> Iterator[tuple[mmap.mmap, MemoryName]]:
    """A page of an attacker, who says that it is on a processor that is none of this machine."""
    mapped, name, descriptor = make_memory_to_be_read(PAGE)
    with mapped, descriptor:
        mapped[TOKEN : TOKEN + 4] = NOWHERE
        yield mapped, name


def pages_mapped() -> int:
    return Path("/proc/self/maps").read_text(encoding="utf-8").count("memfd:places")


@contextlib.contextmanager
def attacking(told: object) -> Iterator[OtherProgram]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(parse_address(ADDRESS).location)
        attacker = OtherProgram(connection)
        greeting = attacker.greet(role="client", max_message=MIB, waits=told)
        assert len(greeting["waits"]) == 2
        yield attacker


def add(attacker: OtherProgram, count: int = 1) -> None:
    for number in range(count):
        assert attacker.expect(REPLY, attacker.begin("add", number, 3)) == number + 3


def test_a_client_that_is_always_elsewhere_is_answered_as_ever(
    service: Service, page: tuple[mmap.mmap, MemoryName]
) -> None:
    before = pages_mapped()
    with attacking([list(page[1]), TOKEN]) as attacker:
        add(attacker, 100)
        assert pages_mapped() == before + 2  # the page of this process, and that of the attacker
        with Client(ADDRESS) as client:
            assert client.call("add", 2, 3) == 5
    wait_until(lambda: pages_mapped() == before, "the pages to be let go")


def test_a_client_that_changes_its_word_all_the_time_is_answered_as_ever(
    service: Service, page: tuple[mmap.mmap, MemoryName]
) -> None:
    with attacking([list(page[1]), TOKEN]) as attacker:
        for number in range(300):
            page[0][TOKEN : TOKEN + 4] = os.urandom(4) if number % 3 else NOWHERE
            add(attacker)


LIES: dict[str, Callable[[MemoryName], object]] = {
    "another process": lambda name: [list(name._replace(pid=1)), TOKEN],
    "no process": lambda name: [list(name._replace(pid=-1)), TOKEN],
    "another descriptor": lambda name: [list(name._replace(descriptor=0)), TOKEN],
    "another file": lambda name: [list(name._replace(inode=1)), TOKEN],
    "a huge size": lambda name: [list(name._replace(size=2**62)), TOKEN],
    "another token": lambda name: [list(name._replace(token=b"")), TOKEN],
    "beyond the page": lambda name: [list(name), PAGE],
    "far beyond it": lambda name: [list(name), 2**62],
    "between two places": lambda name: [list(name), TOKEN + 1],
    "the token as a place": lambda name: [list(name), 0],
}


@pytest.mark.parametrize("lie", LIES)
def test_a_client_that_lies_about_its_place_is_answered_and_looked_for_nowhere(
    service: Service, page: tuple[mmap.mmap, MemoryName], lie: str
) -> None:
    before = pages_mapped()
    with attacking(LIES[lie](page[1])) as attacker:
        add(attacker, 20)
        assert pages_mapped() == before + 1  # of this process
    wait_until(lambda: pages_mapped() == before, "the page to be let go")


@pytest.mark.parametrize("lie", ["always elsewhere", *LIES])
def test_a_service_that_lies_about_its_place_is_called_as_ever(page: tuple[mmap.mmap, MemoryName], lie: str) -> None:
    told = LIES[lie](page[1]) if lie in LIES else [list(page[1]), TOKEN]

    def serve(connection: LocalSocket) -> None:
        sock = socket.socket(fileno=os.dup(connection.fileno()))
        sock.setblocking(True)
        sock.settimeout(PATIENCE)
        with sock, contextlib.suppress(OSError, EOFError):
            attacker = OtherProgram(sock)
            attacker.greet(role="service", max_message=MIB, max_calls=9, waits=told)
            while True:
                _, number, _ = attacker.receive()
                attacker.send(REPLY, number, pack(5))

    with ServerThread(ADDRESS, serve), Client(ADDRESS) as client:
        before = pages_mapped()
        for _ in range(20):
            assert client.call("add", 2, 3, timeout=PATIENCE) == 5
        assert pages_mapped() == before
