"""A program with one thread that forks in its asyncio loop, while it serves, waits, and has bytes to send.

Takes the kind of loop, the address to serve, and the address of a server whose client it is. Prints what the child has
inherited. Parent and child live until the standard input ends, or they are killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

import uvloop
from common import tell, wait_for_end

from localsocket import aio
from localsocket.errors import LocalSocketError

MUCH = bytes(4 << 20)


def inherited() -> list[str]:
    """Return what is open here that makes connections and names outlive the parent."""
    kept = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the descriptor of the listing
            target = os.readlink(f"/proc/self/fd/{number}")
            if target.startswith("socket:") or target.endswith(".lock"):
                kept.append(target)
    return kept


def be_the_child(loops_own: set[str], sockets: list[aio.LocalSocket]) -> None:
    status = 1
    try:
        outcomes = []
        for socket in sockets:
            try:
                socket.write_nowait(b"x")
            except LocalSocketError as error:
                outcomes.append(type(error).__name__)
        kept = [target for target in inherited() if target not in loops_own]
        tell({"child": os.getpid(), "inherited": kept, "write": outcomes})
        wait_for_end()
        status = 0
    finally:
        os._exit(status)


async def main(address: str, other: str) -> None:
    loops_own = set(inherited())  # the sockets by which a loop wakes itself: they lead nowhere
    connections: list[aio.LocalSocket] = []

    async def give(connection: aio.LocalSocket) -> None:
        connections.append(connection)
        await connection.write(MUCH)

    async with aio.serve(address, give), aio.connect(other) as attached, aio.connect(other) as untouched:
        tell({"serving": address})
        reading = asyncio.ensure_future(attached.read())
        while not connections or not connections[0].bytes_to_write:
            await asyncio.sleep(0.001)
        attached.write_nowait(MUCH)
        untouched.write_nowait(MUCH)
        await asyncio.sleep(0)
        child = os.fork()
        if not child:
            be_the_child(loops_own, [attached, untouched, *connections])
        await asyncio.get_running_loop().run_in_executor(None, wait_for_end)
        reading.cancel()
        for connection in (attached, untouched, *connections):
            connection.abort()
    _, status = os.waitpid(child, 0)
    assert status == 0, "the child failed"


if __name__ == "__main__":
    kind, *addresses = sys.argv[1:]
    with asyncio.Runner(
        loop_factory={"stock": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}[kind]
    ) as runner:
        runner.run(main(*addresses))
