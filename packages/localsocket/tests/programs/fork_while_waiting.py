"""Fork while other threads wait on sockets and hold every lock, and tell what the child and the parent can do then."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import warnings

from common import tell

import localsocket
from localsocket import EventLoop, LocalSocket
from localsocket.errors import ClosedByUs, DeadlinePassed
from localsocket.testing import Background, wait_until

PATIENCE = 60


def hold(locks: list[threading.Lock], are_held: threading.Event, release: threading.Event) -> None:
    for lock in locks:
        lock.acquire()
    are_held.set()
    release.wait(PATIENCE)
    for lock in locks:
        lock.release()


def wakers() -> int:
    count = 0
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the descriptor of the listing
            count += os.readlink(f"/proc/self/fd/{number}") == "anon_inode:[eventfd]"
    return count


def live_in_child(socket: LocalSocket, server: localsocket.LocalServer, loop: EventLoop) -> dict[str, object]:
    found: dict[str, object] = {"wakers": wakers()}
    loop.stop()
    loop.call_soon(print)
    for inherited in (socket, server, loop):
        inherited.close()
    one, other = localsocket.pair()
    with one, other:
        try:
            one.read(timeout=0.01)
        except DeadlinePassed:
            other.write(b"new")
            found["read"] = one.read(timeout=PATIENCE).decode()
    return found


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on, for a fork beside other threads
    held, peer = localsocket.pair()
    waiting, waited_for = localsocket.pair()
    are_held, release = threading.Event(), threading.Event()
    with localsocket.listen("fork.waiting") as server, EventLoop() as loop, peer, waited_for:
        reader = Background(lambda: waiting.read(timeout=PATIENCE))
        acceptor = Background(lambda: server.accept(timeout=PATIENCE))
        runner = Background(loop.run)
        for waiter in (reader, acceptor):
            waiter.wait_until_waiting()
        wait_until(lambda: "EventLoop running" in repr(loop))
        locks = [held._lock, server._lock, server._filling, loop._waking, waiting._lock]
        holder = Background(hold, locks, are_held, release)
        are_held.wait(PATIENCE)
        child = os.fork()
        if not child:
            signal.alarm(PATIENCE)  # a child that hangs is killed, and its parent says so
            tell({"child": live_in_child(held, server, loop)})
            os._exit(0)
        release.set()
        holder.result()
        _, status = os.waitpid(child, 0)
        waited_for.write(b"still waiting?")
        found: dict[str, object] = {"status": status, "read": reader.result().decode()}
        with localsocket.connect("fork.waiting"):
            acceptor.result().abort()
        loop.stop()
        runner.result()
        peer.abort()
        found["held"] = held.wait_disconnected(PATIENCE)
    held.abort()
    waiting.abort()
    try:
        held.read()
    except ClosedByUs:
        tell({"parent": found})


if __name__ == "__main__":
    main()
