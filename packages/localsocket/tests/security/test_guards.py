"""Each guard of shared memory and of descriptors has an attack that fails; those that fit nowhere else are here."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localsocket import CallLimits, Client, Fd, ServerThread, Service
from localsocket.interfaces import KIB, MIB, MemoryName
from localsocket.payload.sealed_memory import BLOCK, TOKEN
from localsocket.testing import wait_until
from security.test_shared_memory import ADD, ADDRESS, MEMORY, Attacker, attacking
from wire.other_program import CALL, REPLY, pack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and descriptors travel on Linux alone")

GUARDS = {
    # of shared memory
    "it is shared with processes of the same user alone": "test_shared_memory.py::test_nothing_is_shared_with",
    "it is sealed, so that nobody shrinks what another has mapped": "test_guards.py::test_memory_that_could",
    "it is the very memory that the peer named, and plain memory": "test_shared_memory.py::test_memory_that_is_not",
    "it is closed when a program is started": "test_guards.py::test_a_program_that_is_started_has_no_memory",
    "there is a limit for a connection, and one for all of them": "test_guards.py::test_memory_beyond_a_limit",
    "what the peer says of a place is checked": "test_shared_memory.py::test_a_client_that_lies",
    "a body is copied before it is looked at": "test_shared_memory.py::test_s23_what_is_changed_while_it_is_read",
    "nothing is done that was not agreed": "test_shared_memory.py::test_what_was_not_agreed",
    # of descriptors
    "so many of them at once, and no more": "test_descriptors.py::test_s19_a_flood_of_descriptors",
    "none where no annotation asks for them": "test_descriptors.py::test_s19_where_none_were_agreed",
    "their number is the one in the frame's header": "test_descriptors.py::test_s19_descriptors_that_break",
    "those that nothing asks for are closed": "test_descriptors.py::test_s19_calls_that_are_refused",
    "they are closed when a program is started": "test_guards.py::test_a_program_that_a_method_starts",
    "a pidfd is of the process that connected": "test_pidfds.py::test_s12_it_stands_for",
}
"""What protects from a peer, and the test that is an attack on it, by the beginning of its name."""


@pytest.mark.parametrize("guard", GUARDS)
def test_each_guard_has_an_attack(guard: str) -> None:
    file, test = GUARDS[guard].split("::")
    assert re.search(rf"^def {test}", (Path(__file__).parent / file).read_text(encoding="utf-8"), re.MULTILINE)


def started() -> str:
    """Return the descriptors of a program that is started by whoever takes no care of them."""
    listing = ["ls", "-l", "/proc/self/fd"]
    return subprocess.run(listing, close_fds=False, capture_output=True, text=True, check=True).stdout


def attacked(limits: CallLimits | None = None) -> Service:
    service = Service("attacked") if limits is None else Service("attacked", limits=limits)

    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    @service.method
    def make(size: int) -> bytes:
        return bytes(size)

    @service.method
    def start() -> str:
        return started()

    @service.method
    def start_with(log: Fd) -> str:
        return started()

    return service


# --- memory -----------------------------------------------------------------------------------------------------------

SEAL, SHRINK, GROW = 1, 2, 4


@contextlib.contextmanager
def memory_with(seals: int, size: int) -> Iterator[MemoryName]:
    descriptor = os.memfd_create("attack", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    try:
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, 1033, seals)  # F_ADD_SEALS
        status = os.fstat(descriptor)
        yield MemoryName(os.getpid(), descriptor, status.st_dev, status.st_ino, size, bytes(TOKEN))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("seals", [0, SEAL | GROW, SEAL | SHRINK, SHRINK | GROW])
def test_memory_that_could_shrink_or_grow_is_not_taken(seals: int) -> None:
    with ServerThread(ADDRESS, attacked()), attacking() as attacker, memory_with(seals, 4 * BLOCK) as name:
        assert not attacker.offer(name)
        if not seals & SHRINK:
            os.ftruncate(name.descriptor, 0)  # would end a process that has it mapped by SIGBUS
        attacker.send(CALL, 1, ADD)
        assert attacker.expect(REPLY, 1) == 5


def test_memory_beyond_a_limit_is_not_taken_and_costs_nothing() -> None:
    limits = CallLimits(shared_memory=MIB, shared_memory_in_all=MIB)
    with ServerThread(ADDRESS, attacked(limits)), contextlib.ExitStack() as stack:
        with attacking() as attacker, memory_with(SEAL | SHRINK | GROW, MIB) as more_than_half:
            assert not attacker.offer(more_than_half)
        attackers = [stack.enter_context(attacking()) for _ in range(8)]
        taken = [takes_half_a_mebibyte(each) for each in attackers]
        assert taken == [True, True, *[False] * 6]
        for number, each in enumerate(attackers, start=1):
            each.send(CALL, number, ADD)
            assert each.expect(REPLY, number) == 5


def takes_half_a_mebibyte(attacker: Attacker) -> bool:
    with memory_with(SEAL | SHRINK | GROW, 512 * KIB) as name:
        return attacker.offer(name)


def test_a_program_that_is_started_has_no_memory_of_the_service() -> None:
    """It is open until its peer has answered, which this one never does."""
    with ServerThread(ADDRESS, attacked()), attacking() as attacker, Client(ADDRESS) as client:
        attacker.send(CALL, 1, pack(["make", None, [200 * KIB]]))
        assert attacker.receive()[0] == MEMORY
        assert "memfd:localsocket" in " ".join(map(os.readlink, own_descriptors()))
        assert "memfd:localsocket" not in client.call("start")


def own_descriptors() -> list[str]:
    return [
        f"/proc/self/fd/{number}"
        for number in os.listdir("/proc/self/fd")
        if os.path.lexists(f"/proc/self/fd/{number}")
    ]


# --- descriptors ------------------------------------------------------------------------------------------------------


def test_a_program_that_a_method_starts_has_none_of_what_came_with_the_call() -> None:
    service = attacked()
    reading, writing = os.pipe()
    with ServerThread(ADDRESS, service), Client(ADDRESS) as client:
        with open(reading, "rb") as kept, Fd(writing) as sent:
            pipe = os.readlink(f"/proc/self/fd/{kept.fileno()}")
            assert pipe not in client.call("start_with", sent)
        wait_until(lambda: service.stats().active_calls == 0)
