"""Compare looking again before sleeping with sleeping at once: one call of 100 bytes after the other.

    python benchmarks/compare_waiting.py [--rounds 30] [--seconds 0.1] [--busy 4] [--idle 10]

Each server echoes in a process of its own, the client is this process, and the rounds of all ways are interleaved. Of
the calls of a round the median counts, and of the rounds their median; of the ratios of each round, too: rounds are
short, since some machines go faster and slower by the second. With `--busy` so many programs that only compute
run beside it; with `--idle` it says what both ends use of a processor while nobody calls. Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from multiprocessing.connection import Client as PipeClient
from multiprocessing.connection import Listener
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, cast

from localsocket import Client, ServerThread, Service, aio
from localsocket.services.looking_out import Wait
from localsocket.tools.faces import Face, loop_maker

DATA = bytes(100)
FACES = ("blocking", "aio", "aio-uvloop")
WAITS: tuple[Wait, ...] = ("look", "sleep")
WARM_UP = 200
SETTLED = 2.0  # seconds after the last call: for one of them a service watches how long its functions take


class Way(NamedTuple):
    """How to call: by which API, or `multiprocessing`, and what who waits does."""

    face: str
    wait: Wait


WAYS = [*(Way(face, wait) for face in FACES for wait in WAITS), Way("multiprocessing", "sleep")]


# --- servers ----------------------------------------------------------------------------------------------------------


def serve(way: Way, path: str) -> NoReturn:
    service = Service("bench.waiting", wait=way.wait)
    threading.Thread(target=end_with_input, daemon=True).start()
    if way.face == "multiprocessing":
        serve_pipe(path)
    if way.face == "blocking":
        service.method(lambda data: data, name="echo")
        with ServerThread(path, service):
            print("ready", flush=True)
            threading.Event().wait()

    async def echo(data: bytes) -> bytes:
        return data

    async def run() -> None:
        service.method(echo)
        async with aio.serve(path, service):
            print("ready", flush=True)
            await asyncio.Event().wait()

    in_loop(way.face, run())
    sys.exit()


def serve_pipe(path: str) -> NoReturn:
    with Listener(path, "AF_UNIX") as listener:
        print("ready", flush=True)
        while True:
            with listener.accept() as connection, contextlib.suppress(EOFError):
                while True:
                    connection.send_bytes(connection.recv_bytes())


def end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def in_loop(face: str, work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=loop_maker(cast(Face, face))) as runner:
        return runner.run(work)


# --- one round: the median of its calls, in microseconds --------------------------------------------------------------


def call(way: Way, path: str, seconds: float) -> float:
    if way.face == "multiprocessing":
        with PipeClient(path, "AF_UNIX") as connection:

            def exchange() -> None:
                connection.send_bytes(DATA)
                connection.recv_bytes()

            return median_of(exchange, seconds)
    if way.face == "blocking":
        with Client(path, wait=way.wait) as client:
            return median_of(lambda: client.call("echo", DATA), seconds)
    return float(in_loop(way.face, call_in_loop(way, path, seconds)))


def median_of(exchange: Callable[[], object], seconds: float) -> float:
    for _ in range(WARM_UP):
        exchange()
    times: list[int] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter_ns()
        exchange()
        times.append(time.perf_counter_ns() - began)
    return statistics.median(times) / 1000


async def call_in_loop(way: Way, path: str, seconds: float) -> float:
    async with aio.Client(path, wait=way.wait) as client:
        for _ in range(WARM_UP):
            await client.call("echo", DATA)
        times: list[int] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.perf_counter_ns()
            await client.call("echo", DATA)
            times.append(time.perf_counter_ns() - began)
        return statistics.median(times) / 1000


# --- processes --------------------------------------------------------------------------------------------------------


def processor_time(pid: int) -> float:
    """Return the seconds that the threads of a process have run."""
    told = [task.read_text(encoding="ascii") for task in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(each.split()[0]) for each in told) / 1e9


@contextlib.contextmanager
def running(command: list[str], count: int = 1) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run a program so many times, until the block is left."""
    programs = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        yield programs
    finally:
        for program in programs:
            program.kill()
            program.communicate()


def server_of(way: Way, path: str) -> list[str]:
    return [sys.executable, __file__, "--serve", way.face, way.wait, path]


def measure(ways: list[Way], rounds: int, seconds: float) -> dict[Way, list[float]]:
    figures: dict[Way, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as servers:
        for number, way in enumerate(ways):
            [server] = servers.enter_context(running(server_of(way, f"{directory}/{number}")))
            assert server.stdout is not None
            server.stdout.readline()
        for _ in range(rounds):
            for number, way in enumerate(ways):
                figures[way].append(call(way, f"{directory}/{number}", seconds))
    return figures


def measure_idle(wait: Wait, seconds: float) -> tuple[float, float]:
    """Return what a client and a service use of a processor, each as a share, after calls and while nobody calls."""
    way = Way("blocking", wait)
    with tempfile.TemporaryDirectory() as directory, running(server_of(way, f"{directory}/0")) as [server]:
        assert server.stdout is not None
        server.stdout.readline()
        with Client(f"{directory}/0", wait=wait) as client:
            median_of(lambda: client.call("echo", DATA), 0.5)
            time.sleep(SETTLED)
            began, theirs = time.process_time(), processor_time(server.pid)
            time.sleep(seconds)
            return (time.process_time() - began) / seconds, (processor_time(server.pid) - theirs) / seconds


# --- the table --------------------------------------------------------------------------------------------------------


def print_table(figures: dict[Way, list[float]]) -> None:
    print("| API | looking, µs | sleeping, µs | ratio | its quartiles |\n|---|---:|---:|---:|---:|")
    for way, rounds in figures.items():
        other = figures.get(Way(way.face, "look" if way.wait == "sleep" else "sleep"))
        if other is None:
            print(f"| {way.face} | – | {statistics.median(rounds):.1f} | – | – |")
        elif way.wait == "look":
            ratios = [looking / sleeping for looking, sleeping in zip(rounds, other, strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            row = f"| {way.face} | {statistics.median(rounds):.1f} | {statistics.median(other):.1f} |"
            print(f"{row} {middle:.2f} | {low:.2f}–{high:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=0.1, help="how long each way calls in a round")
    parser.add_argument("--busy", type=int, default=0, help="programs beside it that only compute")
    parser.add_argument("--idle", type=float, default=0.0, help="also measure so many seconds without a call")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        face, wait, path = asked.serve
        serve(Way(face, wait), path)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, {platform.python_version()}, ",
        end="",
    )
    print(f"{asked.rounds} rounds of {asked.seconds:g} s, {asked.busy} programs beside it\n")
    with running([sys.executable, "-c", "while True: pass"], asked.busy):
        print_table(measure(WAYS, asked.rounds, asked.seconds))
    for wait in WAITS if asked.idle else ():
        client, server = measure_idle(wait, asked.idle)
        print(f"\nidle for {asked.idle:g} s, {wait}: client {client:.3%}, service {server:.3%} of a processor")


if __name__ == "__main__":
    main()
