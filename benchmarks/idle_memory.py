"""How much Python memory a server holds for each idle connection: `python benchmarks/idle_memory.py [CONNECTIONS]`.

The clients are in a process of their own, so that only the server's side is counted.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
import tracemalloc
from multiprocessing.connection import Connection

import localsocket
from localsocket.tools.echo_server import Echo
from localsocket.tools.open_files import raise_open_file_limit


class Counting(Echo):
    """Tells when the expected number of connections is there."""

    def __init__(self, expected: int) -> None:
        self.missing = expected
        self.complete = threading.Event()

    def connected(self, socket: localsocket.EventSocket) -> None:
        self.missing -= 1
        if not self.missing:
            self.complete.set()


def hold_connections(address: str, count: int, until_closed: Connection) -> None:
    raise_open_file_limit()
    sockets = [localsocket.connect(address) for _ in range(count)]
    for socket in sockets:  # one echo each, so that what a connection makes when it is first used is counted
        socket.write(b"x")
        socket.read_exactly(1)
    until_closed.send_bytes(b"used")
    until_closed.recv_bytes()
    for socket in sockets:
        socket.close()


def bytes_per_connection(count: int) -> float:
    """Return the growth of traced memory divided by the number of connections."""
    address = f"idle-memory-{os.getpid()}"
    handler = Counting(count)
    ours, theirs = multiprocessing.Pipe()
    clients = multiprocessing.get_context("spawn").Process(target=hold_connections, args=(address, count, theirs))
    with localsocket.ServerThread(address, handler):
        gc.collect()
        tracemalloc.start()
        clients.start()
        handler.complete.wait()
        ours.recv_bytes()
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        ours.send_bytes(b"close")
        clients.join()
    return held / count


def main() -> None:
    raise_open_file_limit()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    print(f"{bytes_per_connection(count):,.0f} bytes of Python objects for each of {count:,} idle connections")


if __name__ == "__main__":
    main()
