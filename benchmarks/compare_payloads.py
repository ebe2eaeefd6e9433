"""Compare the ways that large arguments and results can go: by shared memory, by socket, and by pyzmq.

    python benchmarks/compare_payloads.py [--rounds 5] [--seconds 0.5]

Each server echoes in a process of its own, the client is this process. The rounds of all ways are interleaved, and
each figure is the median of its rounds. Beside the calls per second stands the processor time of both processes for one
call, which tells more on a machine that has other things to do. Needs Linux, and the extra `bench` for pyzmq.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import zmq

from localsocket import CallLimits, Client, ServerThread, Service, aio

SIZES = (100_000, 200_000, 1_000_000)
IN_FLIGHT = 64
WARM = 3
"""Calls one after the other before the others: memory is there from the second on, and has been touched then."""
LIMITS = CallLimits(message=4 * 1024 * 1024)
TICKS = os.sysconf("SC_CLK_TCK")


class Figure(NamedTuple):
    """Of one round: calls, seconds, and seconds of processor time of both sides."""

    calls: int
    seconds: float
    processor: float


# --- servers ----------------------------------------------------------------------------------------------------------


def serve(way: str, path: str) -> None:
    if way == "pyzmq":
        socket = zmq.Context().socket(zmq.ROUTER)
        socket.bind(f"ipc://{path}")
        print("ready", flush=True)
        while True:
            socket.send_multipart(socket.recv_multipart(copy=False), copy=False)
    service = Service("bench.payloads", limits=LIMITS, shared_memory=way == "memory")

    @service.method
    def echo(data: bytes) -> bytes:
        return data

    with ServerThread(path, service):
        print("ready", flush=True)
        sys.stdin.read()


# --- clients: each makes calls for some seconds, so many at once, and returns how many --------------------------------


def call_blocking(way: str, path: str, data: bytes, at_once: int, seconds: float) -> int:
    with Client(path, limits=LIMITS, shared_memory=way == "memory") as client:
        for _ in range(WARM):
            client.call("echo", data)
        pending = deque(client.start("echo", data) for _ in range(at_once))
        count, end = WARM, time.perf_counter() + seconds
        while time.perf_counter() < end:
            pending.popleft().result()
            pending.append(client.start("echo", data))
            count += 1
        while pending:
            pending.popleft().result()
        return count


def call_asyncio(way: str, path: str, data: bytes, at_once: int, seconds: float) -> int:
    async def main() -> int:
        counts = [0] * at_once
        async with aio.Client(path, limits=LIMITS, shared_memory=way == "memory") as client:
            for _ in range(WARM):
                await client.call("echo", data)
            end = time.perf_counter() + seconds

            async def call(number: int) -> None:
                while time.perf_counter() < end:
                    await client.call("echo", data)
                    counts[number] += 1

            await asyncio.gather(*map(call, range(at_once)))
        return WARM + sum(counts)

    return asyncio.run(main())


def call_pyzmq(_way: str, path: str, data: bytes, at_once: int, seconds: float) -> int:
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.connect(f"ipc://{path}")
        for _ in range(at_once):
            socket.send(data, copy=False)
        count, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            socket.recv(copy=False)
            socket.send(data, copy=False)
            count += 1
        for _ in range(at_once):
            socket.recv(copy=False)
        return count


Caller = Callable[[str, str, bytes, int, float], int]
ROWS: list[tuple[str, str, Caller]] = [
    ("memory", "blocking", call_blocking),
    ("socket", "blocking", call_blocking),
    ("memory", "asyncio", call_asyncio),
    ("socket", "asyncio", call_asyncio),
    ("pyzmq", "blocking", call_pyzmq),
]


# --- measuring --------------------------------------------------------------------------------------------------------


def processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(call: Callable[[], int], server: int) -> Figure:
    theirs, ours, began = processor_time(server), time.process_time(), time.perf_counter()
    calls = max(1, call())
    seconds = time.perf_counter() - began
    return Figure(calls, seconds, time.process_time() - ours + processor_time(server) - theirs)


def start(way: str, path: str) -> subprocess.Popen[Any]:
    command = [sys.executable, __file__, "--serve", way, path]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    return server


def compare(rounds: int, seconds: float) -> None:
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, CPython {platform.python_version()}, pyzmq {zmq.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        paths = {way: f"{folder}/{way}" for way in ("memory", "socket", "pyzmq")}
        servers = {way: start(way, path) for way, path in paths.items()}
        try:
            for size in SIZES:
                for at_once in (1, IN_FLIGHT):
                    print_rows(size, at_once, measured(paths, servers, os.urandom(size), at_once, rounds, seconds))
        finally:
            for server in servers.values():
                server.kill()
                server.wait()


def measured(
    paths: dict[str, str],
    servers: dict[str, subprocess.Popen[Any]],
    data: bytes,
    at_once: int,
    rounds: int,
    seconds: float,
) -> list[list[Figure]]:
    figures: list[list[Figure]] = [[] for _ in ROWS]
    for _ in range(rounds):
        for (way, _api, caller), row in zip(ROWS, figures, strict=True):
            path, pid = paths[way], servers[way].pid
            row.append(measure(lambda c=caller, w=way, p=path: c(w, p, data, at_once, seconds), pid))  # type: ignore[misc]
    return figures


def print_rows(size: int, at_once: int, figures: list[list[Figure]]) -> None:
    for (way, api, _), row in zip(ROWS, figures, strict=True):
        rate = statistics.median(each.calls / each.seconds for each in row)
        processor = statistics.median(each.processor / each.calls for each in row) * 1e6
        print(f"| {size:,} | {at_once} | {api} | {way} | {rate:,.0f} | {processor:,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="how long one round of one row takes")
    parser.add_argument("--serve", nargs=2, metavar=("WAY", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(*options.serve)
    else:
        compare(options.rounds, options.seconds)


if __name__ == "__main__":
    main()
