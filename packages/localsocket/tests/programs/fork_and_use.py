"""Make one of everything, fork, and tell what its uses give in the child.

Takes an address to serve and one to be a client of. Parent and child end by themselves.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

from common import tell

from localsocket import Client, EventLoop, ServerThread, Service, SingleInstance, aio, connect, listen
from localsocket.errors import LocalSocketError


def outcome(use: Callable[[], object]) -> str:
    try:
        return f"returned {use()!r}"
    except (LocalSocketError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"


def in_child(uses: dict[str, Callable[[], object]]) -> None:
    """Fork, tell what each use gives there, and wait for the child to end."""
    if not (child := os.fork()):
        try:
            tell({"parent": os.getppid(), **{name: outcome(use) for name, use in uses.items()}})
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def service(name: str) -> Service:
    made = Service(name)
    made.method(os.getpid, name="process")
    return made


async def in_tasks(address: str, other: str) -> None:
    async with (
        aio.serve(address, service("tasks")) as serving,
        aio.Client(other) as client,
        aio.Client(other, reconnect=True) as again,
        aio.listen(f"{address}2") as server,
    ):
        in_child(
            {
                "serving": lambda: repr(serving),
                "stop": lambda: asyncio.new_event_loop().run_until_complete(serving.stop()),
                "call": lambda: asyncio.new_event_loop().run_until_complete(client.call("process")),
                "call again": lambda: asyncio.new_event_loop().run_until_complete(again.call("process")),
                "accept": lambda: server.accept_nowait(),
            }
        )
        assert await client.call("process") != os.getpid()


def main(address: str, other: str) -> None:
    with (
        ServerThread(address, service("thread")) as thread,
        listen(f"{address}2") as server,
        connect(other) as socket,
        Client(other) as client,
        Client(other, reconnect=True) as again,
        again.subscribe("news") as parents,
        again.subscribe("news", resume=True) as resumed,
        EventLoop() as loop,
        SingleInstance(f"{address}3") as instance,
    ):
        in_child(
            {
                "thread": lambda: repr(thread),
                "stopped": lambda: thread.wait_stopped(20),
                "start": thread.start,
                "stop": thread.stop,
                "stop again": thread.stop,
                "server": lambda: repr(server),
                "accept": server.accept_nowait,
                "write": lambda: socket.write(b"x"),
                "call": lambda: client.call("process"),
                "notify": lambda: client.notify("process"),
                "call again": lambda: again.call("process", timeout=60),
                "receive": lambda: [parents.receive(timeout=60) for _ in range(10_000)],  # some may be there
                "receive again": lambda: len([resumed.receive(timeout=60) for _ in range(50)]),
                "loop": lambda: repr(loop),
                "run": lambda: loop.run(timeout=0),
                "is first": lambda: instance.is_first,
                "instance": lambda: repr(instance),
                "close": instance.close,
            }
        )
        assert instance.is_first
        with Client(address) as own:
            assert own.call("process") == os.getpid()
        assert client.call("process") != os.getpid()
        assert parents.receive(timeout=60)
        assert resumed.receive(timeout=60)
    asyncio.run(in_tasks(address, other))


if __name__ == "__main__":
    main(*sys.argv[1:])
