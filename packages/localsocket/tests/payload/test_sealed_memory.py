"""Memory that a peer offers is mapped only where it can do no harm: lesson S22."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localsocket.interfaces import MIB, MemoryName
from localsocket.payload.sealed_memory import BLOCK, TOKEN, make_memory, open_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is shared on Linux alone")

SIZE = 4 * BLOCK
ADD_SEALS = 1033
SEAL, SHRINK, GROW = 1, 2, 4


@pytest.fixture
def made() -> Iterator[tuple[mmap.mmap, MemoryName]]:
    mapped, name, descriptor = make_memory(SIZE)
    with mapped, descriptor:
        yield mapped, name


@contextlib.contextmanager
def closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def named(descriptor: int, size: int = SIZE) -> MemoryName:
    status = os.fstat(descriptor)
    return MemoryName(os.getpid(), descriptor, status.st_dev, status.st_ino, size, bytes(TOKEN))


def mapped_here() -> int:
    return Path("/proc/self/maps").read_text(encoding="utf-8").count("memfd:")


def test_both_sides_see_the_same_memory(made: tuple[mmap.mmap, MemoryName]) -> None:
    mapped, name = made
    with open_memory(name, MIB) as theirs:
        mapped[BLOCK : BLOCK + 5] = b"hello"
        assert theirs[BLOCK : BLOCK + 5] == b"hello"
        assert theirs.size() == SIZE


def test_nobody_can_change_its_size_and_nobody_else_may_open_it(made: tuple[mmap.mmap, MemoryName]) -> None:
    _, name = made
    for size in (SIZE - BLOCK, SIZE + BLOCK):
        with pytest.raises(PermissionError):
            os.ftruncate(name.descriptor, size)
    with pytest.raises(PermissionError):
        fcntl.fcntl(name.descriptor, ADD_SEALS, 8)  # against writing
    assert os.fstat(name.descriptor).st_mode & 0o777 == 0o600
    assert not os.get_inheritable(name.descriptor)


def memfd(seals: int, size: int = SIZE, flags: int = 0) -> int:
    descriptor = os.memfd_create("attack", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC | flags)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, ADD_SEALS, seals)
    return descriptor


def huge_pages() -> int:
    try:
        return memfd(SEAL | SHRINK | GROW, 4 * MIB, os.MFD_HUGETLB)
    except OSError as error:
        pytest.skip(f"there are no huge pages here: {error}")


def pipe() -> int:
    reading, writing = os.pipe2(os.O_CLOEXEC)
    os.close(writing)
    return reading


def file() -> int:
    descriptor = os.open("/tmp", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC)
    os.ftruncate(descriptor, SIZE)
    return descriptor


SUSPECTS: dict[str, tuple[Callable[[], int], int]] = {
    "without seals": (lambda: memfd(0), SIZE),
    "that may shrink": (lambda: memfd(SEAL | GROW), SIZE),
    "that may grow": (lambda: memfd(SEAL | SHRINK), SIZE),
    "that may be sealed against us": (lambda: memfd(SHRINK | GROW), SIZE),
    "sealed against writing": (lambda: memfd(SEAL | SHRINK | GROW | 8), SIZE),
    "smaller than it says": (lambda: memfd(SEAL | SHRINK | GROW, SIZE - BLOCK), SIZE),
    "larger than it says": (lambda: memfd(SEAL | SHRINK | GROW, SIZE + BLOCK), SIZE),
    "larger than is taken": (lambda: memfd(SEAL | SHRINK | GROW, 2 * MIB), 2 * MIB),
    "of one block": (lambda: memfd(SEAL | SHRINK | GROW, BLOCK), BLOCK),
    "of half a block": (lambda: memfd(SEAL | SHRINK | GROW, SIZE + BLOCK // 2), SIZE + BLOCK // 2),
    "of huge pages": (huge_pages, 4 * MIB),
    "a pipe": (pipe, SIZE),
    "a file": (file, SIZE),
    "a directory": (lambda: os.open("/tmp", os.O_RDONLY | os.O_CLOEXEC), SIZE),
    "a device": (lambda: os.open("/dev/zero", os.O_RDWR | os.O_CLOEXEC), SIZE),
}


@pytest.mark.parametrize("what", SUSPECTS)
def test_s22_memory_is_refused_unmapped(what: str) -> None:
    make, size = SUSPECTS[what]
    before = mapped_here()
    most = 8 * MIB if what == "of huge pages" else MIB
    with closing(make()) as descriptor, pytest.raises(OSError):
        open_memory(named(descriptor, size), most)
    assert mapped_here() == before


def test_what_another_has_under_that_number_is_not_taken_for_it(made: tuple[mmap.mmap, MemoryName]) -> None:
    _, name = made
    other, other_name, descriptor = make_memory(SIZE)
    with other, descriptor:
        lies = [
            other_name._replace(inode=name.inode),
            other_name._replace(device=name.device + 1),
            other_name._replace(token=name.token),
            other_name._replace(token=b""),
            other_name._replace(descriptor=-1),
            other_name._replace(descriptor=2**70),
            other_name._replace(pid=-1),
            other_name._replace(pid=2**70),
            other_name._replace(size=-SIZE),
        ]
        for lie in lies:
            with pytest.raises(OSError):
                open_memory(lie, MIB)
        open_memory(other_name, MIB).close()
