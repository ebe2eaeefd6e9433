"""Memory that two processes of one user share: made and sealed by one, found and checked by the other. Linux alone.

It has no name in any directory: it is gone with the last process that has it mapped, however that ends.
"""

from __future__ import annotations

# Not at the first large body: an interrupt during an import may leave its lock with nobody, and others wait for it.
import fcntl
import mmap
import os
import stat
import sys
from functools import partial
from typing import Final

from localsocket.interfaces import KIB, MemoryName
from localsocket.owned_descriptor import OwnedDescriptor

BLOCK: Final = 32 * KIB
"""What is claimed is a number of these; the first one has the header."""

TOKEN: Final = 16
"""Bytes at the beginning that tell this memory from any other."""

STOP: Final = 32
"""Where its reader says whether nothing is to be claimed just now."""

STATES: Final = 64
"""Where it says of each block whether its owner has claimed it: 1, until the other side has read it: 0."""

SMALLEST: Final = 2 * BLOCK
LARGEST: Final = (BLOCK // 8) * BLOCK  # the header says of each block whether it is claimed

_F_ADD_SEALS, _F_GET_SEALS = 1033, 1034  # of <linux/fcntl.h>: the fcntl module has no names for them before 3.13
_SEAL_SEAL, _SEAL_SHRINK, _SEAL_GROW = 1, 2, 4
_SEAL_FUTURE_WRITE = 16  # what is mapped already may still be written there; known since Linux 5.1
_SEALS = _SEAL_SEAL | _SEAL_SHRINK | _SEAL_GROW

IS_SUPPORTED: Final = sys.platform == "linux" and hasattr(os, "memfd_create")


class UnsuitableMemory(OSError):
    """What a peer offers is no memory that could be shared with it, for the reason that it tells."""


def make_memory(size: int) -> tuple[mmap.mmap, MemoryName, OwnedDescriptor]:
    """Return memory of `size` bytes, its name for the peer, and its descriptor, which is to be closed by the caller.

    The peer finds it by the descriptor, so that stays open until the peer has answered. Raises OSError.
    """
    return _made(size, "localsocket", 0)


def make_memory_to_be_read(size: int) -> tuple[mmap.mmap, MemoryName, OwnedDescriptor]:
    """Return memory as make_memory() does, which nobody else can write. Raises OSError, also where there is no such."""
    return _made(size, "places of localsocket", _SEAL_FUTURE_WRITE)


def _made(size: int, shown: str, more_seals: int) -> tuple[mmap.mmap, MemoryName, OwnedDescriptor]:
    memory = _new_memory(shown, os.MFD_ALLOW_SEALING)
    try:
        descriptor = memory.number
        os.fchmod(descriptor, 0o600)
        os.ftruncate(descriptor, size)
        mapped = mmap.mmap(descriptor, size)
        fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEALS | more_seals)
        token = mapped[:TOKEN] = os.urandom(TOKEN)
        status = os.fstat(descriptor)
        return mapped, MemoryName(os.getpid(), descriptor, status.st_dev, status.st_ino, size, token), memory
    except BaseException:
        memory.close()
        raise


def open_memory(name: MemoryName, most: int) -> mmap.mmap:
    """Return the memory that a peer of the same user offers, of at most `most` bytes. Raises OSError.

    It is looked at before it is opened, and checked before it is mapped: what could shrink would end this process by a
    signal, and what is no plain memory could block it.
    """
    if not SMALLEST <= name.size <= min(most, LARGEST) or name.size % BLOCK:
        raise UnsuitableMemory(f"it has {name.size} bytes, but may have {SMALLEST} to {min(most, LARGEST)}")
    return _opened(name, os.O_RDWR, mmap.ACCESS_WRITE)


def open_memory_to_read(name: MemoryName, size: int) -> mmap.mmap:
    """Return memory of `size` bytes as open_memory() does, which cannot be written here. Raises OSError."""
    if name.size != size:
        raise UnsuitableMemory(f"it has {name.size} bytes, but must have {size}")
    return _opened(name, os.O_RDONLY, mmap.ACCESS_READ)


def _opened(name: MemoryName, flags: int, access: int) -> mmap.mmap:
    if name.pid <= 0 or name.descriptor < 0:
        raise UnsuitableMemory(f"there is no descriptor {name.descriptor} of process {name.pid}")
    with OwnedDescriptor.open(f"/proc/{name.pid}/fd/{name.descriptor}", os.O_PATH | os.O_CLOEXEC) as seen:
        # The peer said which one it is, over the connection. So whoever has got its pid meanwhile is not taken for it.
        status = os.fstat(seen.number)
        if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) != (name.device, name.inode):
            raise UnsuitableMemory("what is found under its descriptor is not what it said")
        with OwnedDescriptor.open(f"/proc/self/fd/{seen.number}", flags | os.O_CLOEXEC | os.O_NONBLOCK) as memory:
            _check_sealed(memory.number, name.size, fcntl.fcntl(memory.number, _F_GET_SEALS))
            mapped = mmap.mmap(memory.number, name.size, access=access)
    if mapped[:TOKEN] != name.token:
        mapped.close()
        raise UnsuitableMemory("it does not begin with what the peer said")
    return mapped


def _check_sealed(descriptor: int, size: int, seals: int) -> None:
    if seals & _SEALS != _SEALS:
        raise UnsuitableMemory(f"its seals are {seals:#x}, so its size could still change")
    status = os.fstat(descriptor)
    if status.st_size != size:
        raise UnsuitableMemory(f"it has {status.st_size} bytes, but the peer said {size}")
    # Huge pages are a supply of their own: where that is used up, whoever touches them is ended by a signal.
    if status.st_blksize != _usual_block_size():
        raise UnsuitableMemory(f"its pages have {status.st_blksize} bytes")


def _usual_block_size() -> int:
    """Return what the system says of plain memory here, which its administrator may have made huge for everybody."""
    with _new_memory("localsocket", 0) as memory:
        return os.fstat(memory.number).st_blksize


def _new_memory(shown: str, flags: int) -> OwnedDescriptor:
    return OwnedDescriptor.made_by(partial(os.memfd_create, shown, os.MFD_CLOEXEC | flags))
