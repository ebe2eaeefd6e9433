"""Serve a service, be a client of another, and fork while calls are under way. Takes both addresses.

Prints what the child has inherited, and what its uses of the client give. Parent and child live until the standard
input ends, or they are killed.
"""

from __future__ import annotations

import os
import sys
import threading

from common import tell, wait_for_end

from localsocket import Client, ServerThread, Service
from localsocket.errors import LocalSocketError

service = Service("forked")
running = threading.Semaphore(0)
gate = threading.Event()


@service.method
def hold() -> int:
    running.release()
    gate.wait()
    return os.getpid()


@service.method
def process() -> int:
    return os.getpid()


def inherited() -> list[str]:
    """Return what is open here that makes connections and names outlive the parent."""
    kept = []
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:  # the descriptor of the listing
            continue
        if target.startswith("socket:") or target.endswith(".lock"):
            kept.append(target)
    return kept


def be_the_child(client: Client) -> None:
    status = 1
    try:
        outcomes = []
        for use in (lambda: client.call("process", timeout=60), lambda: client.notify("process"), client.close):
            try:
                use()
                outcomes.append("done")
            except LocalSocketError as error:
                outcomes.append(type(error).__name__)
        tell({"child": os.getpid(), "inherited": inherited(), "uses": outcomes})
        wait_for_end()
        status = 0
    finally:
        os._exit(status)


def hold_lock(client: Client, is_held: threading.Event, is_forked: threading.Event) -> None:
    """Be in the midst of a call."""
    assert client._connection is not None
    with client._connection.socket.lock:
        is_held.set()
        is_forked.wait()


def main(address: str, other: str) -> None:
    with ServerThread(address, service), Client(other) as client, Client(address) as own:
        held = [client.start("hold"), own.start("hold")]
        waiters = [threading.Thread(target=call.result, daemon=True) for call in held]
        for waiter in waiters:
            waiter.start()
        running.acquire()
        tell({"serving": address, "pid": os.getpid()})
        sys.stdin.readline()
        is_held, is_forked = threading.Event(), threading.Event()
        holder = threading.Thread(target=hold_lock, args=[client, is_held, is_forked])
        holder.start()
        is_held.wait()
        child = os.fork()
        if not child:
            be_the_child(client)
        is_forked.set()
        holder.join()
        gate.set()
        for waiter in waiters:
            waiter.join()
        tell({"parent": own.call("process"), "other": client.call("process")})
        wait_for_end()
    _, status = os.waitpid(child, 0)
    assert status == 0, "the child failed"


if __name__ == "__main__":
    main(*sys.argv[1:])
