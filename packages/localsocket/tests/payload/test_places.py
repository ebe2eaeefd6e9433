"""Each process says on a page that it alone can write on which processor it waits, and reads the pages of its peers."""

from __future__ import annotations

import fcntl
import gc
import mmap
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localsocket._core import IN_USE
from localsocket.interfaces import MemoryName, WaitingPlace
from localsocket.payload import places
from localsocket.payload.places import OwnPlace, PeersPlace, SharedPlace, take_place
from localsocket.payload.sealed_memory import TOKEN, make_memory_to_be_read
from localsocket.testing import PATIENCE, Background

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processors are told on Linux alone"),
    pytest.mark.skipif(IN_USE != "compiled", reason="who waits in Python looks nowhere"),
]

PAGE = 4096
ADD_SEALS = 1033
SEAL, SHRINK, GROW = 1, 2, 4


@pytest.fixture(autouse=True)
def several_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsocket.payload.usable_processors.usable_processors", lambda: 2)


@pytest.fixture
def own() -> Iterator[OwnPlace]:
    taken = take_place()
    assert taken is not None
    yield taken
    taken.close()


@pytest.fixture
def other() -> Iterator[tuple[mmap.mmap, MemoryName]]:
    """The page of another process, which it is for all that is seen of it."""
    mapped, name, descriptor = make_memory_to_be_read(PAGE)
    with mapped, descriptor:
        yield mapped, name


def pages_mapped() -> int:
    return Path("/proc/self/maps").read_text(encoding="utf-8").count("memfd:places")


def test_the_place_of_another_process_is_seen(own: OwnPlace, other: tuple[mmap.mmap, MemoryName]) -> None:
    peer = PeersPlace(WaitingPlace(other[1], TOKEN))
    assert peer.be_watched_by(own.lookout)
    assert peer.be_watched_by(own.lookout)
    peer.be_forgotten_by(own.lookout)
    assert not peer.be_watched_by(own.lookout)


def test_a_place_is_given_back_though_a_thread_that_goes_no_further_holds_the_lock() -> None:
    """As a daemon thread does that the exit of the program has stopped while it took a place."""
    taken, holds, may_go = take_place(), threading.Event(), threading.Event()
    assert taken is not None

    def hold() -> None:
        with places._lock:
            holds.set()
            may_go.wait()

    holder = Background(hold)
    assert holds.wait(PATIENCE)
    try:
        Background(taken.close).result()
    finally:
        may_go.set()
        holder.result()


def test_the_page_of_a_process_is_mapped_once_and_let_go_with_its_last_place(
    own: OwnPlace, other: tuple[mmap.mmap, MemoryName]
) -> None:
    before = pages_mapped()
    peers = [PeersPlace(WaitingPlace(other[1], TOKEN + 4 * number)) for number in range(5)]
    assert all(peer.be_watched_by(own.lookout) for peer in peers)
    assert pages_mapped() == before + 1
    for peer in peers:
        peer.be_forgotten_by(own.lookout)
    assert pages_mapped() == before


def test_the_pages_of_many_processes_do_not_use_up_descriptors(own: OwnPlace) -> None:
    pages = [make_memory_to_be_read(PAGE) for _ in range(70)]
    peers = [PeersPlace(WaitingPlace(name, TOKEN)) for _, name, _ in pages]
    watched = [peer for peer in peers if peer.be_watched_by(own.lookout)]
    assert 0 < len(watched) < 70
    for peer in peers:
        peer.be_forgotten_by(own.lookout)
    assert PeersPlace(WaitingPlace(pages[-1][1], TOKEN)).be_watched_by(own.lookout)
    for mapped, _, descriptor in pages:
        mapped.close()
        descriptor.close()


def test_threads_of_one_process_do_not_look_out_for_each_other(own: OwnPlace) -> None:
    assert not PeersPlace(own.told).be_watched_by(own.lookout)


def test_nobody_else_can_write_there_or_change_its_size(own: OwnPlace) -> None:
    name = own.told.memory
    descriptor = os.open(f"/proc/self/fd/{name.descriptor}", os.O_RDWR | os.O_CLOEXEC)
    try:
        with pytest.raises(PermissionError):
            mmap.mmap(descriptor, PAGE)
        for change in (lambda: os.pwrite(descriptor, b"\1", TOKEN), lambda: os.ftruncate(descriptor, 0)):
            with pytest.raises(PermissionError):
                change()
    finally:
        os.close(descriptor)
    assert not os.get_inheritable(name.descriptor)


def test_all_places_are_on_one_page_which_goes_with_the_last_of_them(own: OwnPlace) -> None:
    before, files = pages_mapped(), len(os.listdir("/proc/self/fd"))
    taken = [take_place() for _ in range(1100)]
    given = [place for place in taken if place is not None]
    assert {place.told.memory for place in given} == {own.told.memory}
    assert len({place.told.offset for place in given} | {own.told.offset}) == len(given) + 1
    assert len(given) < 1100  # the others do without
    assert (pages_mapped(), len(os.listdir("/proc/self/fd"))) == (before, files)
    for place in given:
        place.close()
        place.close()
    memory = own.told.memory
    own.close()
    assert pages_mapped() == before - 1
    assert len(os.listdir("/proc/self/fd")) < files
    again = take_place()
    assert again is not None
    assert again.told.memory != memory
    again.close()


def test_a_place_that_is_forgotten_is_given_back() -> None:
    before = pages_mapped()
    assert take_place() is not None
    gc.collect()
    assert pages_mapped() == before


def test_a_loop_has_its_place_as_long_as_it_has_connections(other: tuple[mmap.mmap, MemoryName]) -> None:
    shared, peer = SharedPlace(), PeersPlace(WaitingPlace(other[1], TOKEN))
    before = pages_mapped()
    told = shared.join()
    assert told is not None
    assert shared.join() == told
    assert shared.lookout is not None
    assert peer.be_watched_by(shared.lookout)
    shared.leave(None)
    assert shared.lookout is not None
    shared.leave(peer)
    assert shared.lookout is None
    assert pages_mapped() == before
    assert shared.join() is not None
    shared.close()
    shared.leave(None)
    assert pages_mapped() == before


def test_a_process_with_one_processor_has_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsocket.payload.usable_processors.usable_processors", lambda: 1)
    assert take_place() is None
    assert SharedPlace().join() is None


@pytest.mark.parametrize("change", [("IN_USE", "pure"), ("IS_SUPPORTED", False)])
def test_where_nobody_can_look_there_is_no_place(monkeypatch: pytest.MonkeyPatch, change: tuple[str, object]) -> None:
    monkeypatch.setattr(places, *change)
    assert take_place() is None


def test_without_descriptors_there_is_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(size: int) -> None:
        raise OSError("no descriptor is left")

    monkeypatch.setattr(places, "make_memory_to_be_read", fail)
    assert take_place() is None


def test_a_forked_child_leaves_the_page_to_its_parent(own: OwnPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = os.dup(own.told.memory.descriptor)  # the parent's
    try:
        places._after_fork_in_child()
        in_child = take_place()
        assert in_child is not None
        assert in_child.told.memory != own.told.memory
        in_child.close()
        own.lookout.note_processor()
        own.close()
        assert os.pread(kept, 4, own.told.offset) != bytes(4)  # it may be the parent's word
    finally:
        os.close(kept)


def not_sealed(other: tuple[mmap.mmap, MemoryName]) -> WaitingPlace:
    descriptor = os.memfd_create("attack", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.ftruncate(descriptor, PAGE)
    fcntl.fcntl(descriptor, ADD_SEALS, GROW)
    status = os.fstat(descriptor)
    return WaitingPlace(MemoryName(os.getpid(), descriptor, status.st_dev, status.st_ino, PAGE, bytes(TOKEN)), TOKEN)


LIES: dict[str, Callable[[tuple[mmap.mmap, MemoryName]], WaitingPlace]] = {
    "no process": lambda other: WaitingPlace(other[1]._replace(pid=0), TOKEN),
    "another process": lambda other: WaitingPlace(other[1]._replace(pid=1), TOKEN),
    "a pid that no system has": lambda other: WaitingPlace(other[1]._replace(pid=2**63 - 1), TOKEN),
    "no descriptor": lambda other: WaitingPlace(other[1]._replace(descriptor=-1), TOKEN),
    "another descriptor": lambda other: WaitingPlace(other[1]._replace(descriptor=0), TOKEN),
    "another file": lambda other: WaitingPlace(other[1]._replace(inode=1), TOKEN),
    "another size": lambda other: WaitingPlace(other[1]._replace(size=2 * PAGE), TOKEN),
    "another token": lambda other: WaitingPlace(other[1]._replace(token=b"lie"), TOKEN),
    "the token": lambda other: WaitingPlace(other[1], 0),
    "beyond the page": lambda other: WaitingPlace(other[1], PAGE),
    "before the page": lambda other: WaitingPlace(other[1], -4),
    "between two places": lambda other: WaitingPlace(other[1], TOKEN + 2),
    "what could shrink": not_sealed,
}


@pytest.mark.parametrize("lie", LIES)
def test_what_cannot_be_a_place_is_not_read(own: OwnPlace, other: tuple[mmap.mmap, MemoryName], lie: str) -> None:
    before, told = pages_mapped(), LIES[lie](other)
    assert not PeersPlace(told).be_watched_by(own.lookout)
    assert pages_mapped() == before
    if lie == "what could shrink":
        os.close(told.memory.descriptor)
