"""What a message took of the heap stays there for the next one."""

from __future__ import annotations

from localsocket.interfaces import MIB


def keep_freed_memory() -> None:
    """Have the C library keep up to 2 MiB of each thread's heap that nothing uses.

    At first glibc gives the end of a heap back to the system whenever 128 KiB of it are free, and every page of it has
    to be made anew for the next message: a call with 60 to 100 kB took 2.4 to 2.9 times as long, in whichever threads
    the heap ended so. It learns by itself that a program uses more, when a block is freed that was too large for the
    heap: from then on it keeps twice as much as that. See mallopt(3), M_MMAP_THRESHOLD; who sets the limits by
    environment has them as set. Elsewhere this does nothing: no byte of the block is touched.
    """
    bytes(MIB)
