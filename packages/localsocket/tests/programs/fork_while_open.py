"""A server that forks while it serves one client and is the client of another server.

Prints what the child finds of its parent's sockets, and what it may do itself. Parent and child live until the
standard input ends, or they are killed.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import closing

from common import tell, wait_for_end

from localsocket import EventLoop, EventSocket, Handler, LocalServer, LocalSocket, ServerThread, connect, listen
from localsocket.errors import LocalSocketError


class Holder(Handler):
    """Echoes, and says when the first connection is there."""

    def __init__(self) -> None:
        self.is_connected = threading.Event()
        self.sockets: list[EventSocket] = []

    def connected(self, socket: EventSocket) -> None:
        self.sockets.append(socket)
        self.is_connected.set()

    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except (LocalSocketError, OSError) as error:
        return type(error).__name__
    return "done"


def inherited() -> list[str]:
    """Return what of the parent's doors and connections is still open here."""
    kept = []
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:  # the descriptor of the listing
            continue
        if target.startswith("socket:") or target.endswith(".lock") or "eventpoll" in target:
            kept.append(target)
    return kept


def report(server: LocalServer, sockets: list[LocalSocket | EventSocket], address: str) -> dict[str, object]:
    found = {
        "child": os.getpid(),
        "inherited": inherited(),
        "is_listening": server.is_listening,
        "states": [socket.state.value for socket in sockets],
        "accept": outcome(server.accept_nowait),
        "read": outcome(sockets[0].read_available),
        "write": outcome(lambda: sockets[1].write_nowait(b"x")),
    }
    for socket in sockets:
        socket.close()
    server.close()
    found["file is there"] = os.path.exists(address)
    found["listen there"] = outcome(lambda: listen(address).close())
    found["listen elsewhere"] = outcome(lambda: listen(f"{address}.child").close())
    found["connect"] = outcome(lambda: connect(address, timeout=60).close())
    return found


def fork(server: LocalServer, sockets: list[LocalSocket | EventSocket], address: str, loop: EventLoop | None) -> int:
    with warnings.catch_warnings():
        # From 3.12 on Python warns that the child lacks the other threads, which is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        status = 1
        try:
            found = report(server, sockets, address)
            if loop is not None:
                found["loop"] = outcome(loop.run)
            tell(found)
            wait_for_end()
            status = 0
        finally:
            os._exit(status)
    return child


def serve_blocking(address: str, client: LocalSocket) -> int:
    with listen(address) as server:
        tell({"serving": address})
        with server.accept() as connection:
            child = fork(server, [connection, client], address, None)
            while received := connection.read():
                connection.write(received)
        wait_for_end()
    return child


def serve_with_loop(address: str, client: LocalSocket) -> int:
    holder = Holder()
    with EventLoop() as loop, ServerThread(address, holder) as thread:
        tell({"serving": address})
        holder.is_connected.wait()
        child = fork(thread.server, [holder.sockets[0], loop.add(client, holder)], address, loop)
        wait_for_end()
    return child


def main() -> None:
    face, address, other = sys.argv[1:]
    with closing(connect(other)) as client:
        child = {"blocking": serve_blocking, "loop": serve_with_loop}[face](address, client)
    _, status = os.waitpid(child, 0)
    assert status == 0, "the child failed"


if __name__ == "__main__":
    main()
