"""Compare the ways in which an array of 8 MiB can go to another process and come back.

    python benchmarks/compare_arrays.py [--rounds 5] [--seconds 0.5] [--mebibytes 8]

Each server is a process of its own. It makes an array of what has come, which it may keep, and sends that; the client
does so with what comes back. The rounds of all ways are interleaved, and each figure is the median of its rounds. Needs
Linux, numpy, and the extra `bench` for pyzmq; iceoryx2 is measured where it is installed (pip install iceoryx2).
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Client as PickleClient
from multiprocessing.connection import Listener as PickleListener
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from socket import AF_UNIX, socket
from typing import Any

import numpy
import zmq
from numpy.typing import NDArray

from localsocket import CallLimits, Client, ServerThread, Service

Array = NDArray[numpy.uint8]
Echo = Callable[[Array], Array]
MIB = 1024 * 1024
BY_MEMORY = CallLimits(message=80 * MIB, shared_memory=160 * MIB, shared_memory_in_all=320 * MIB)
BY_SOCKET = CallLimits(message=80 * MIB, shared_memory=0)


# --- localsocket ------------------------------------------------------------------------------------------------------


def serve_localsocket(path: str, limits: CallLimits) -> None:
    service = Service("bench.arrays", limits=limits)

    @service.method
    def echo(array: Array) -> Array:
        return array

    with ServerThread(path, service):
        ready()
        sys.stdin.read()


@contextlib.contextmanager
def call_localsocket(path: str, limits: CallLimits) -> Iterator[Echo]:
    with Client(path, limits=limits) as client:
        yield lambda array: client.call("echo", array)


@contextlib.contextmanager
def call_into(path: str, size: int) -> Iterator[Echo]:
    given = numpy.zeros(size, numpy.uint8)
    with Client(path, limits=BY_MEMORY) as client:
        yield lambda array: client.call("echo", array, result_into=given)


# --- shared memory by hand: one for each direction, and a byte on a socket says that it is full -----------------------


def segment(path: str, direction: str, size: int = 0) -> SharedMemory:
    memory = SharedMemory(f"{Path(path).parent.name}-{direction}", create=bool(size), size=size)
    # The process that has begun the others removes it. Before CPython 3.13 nobody else can be told not to.
    resource_tracker.unregister(f"/{memory.name}", "shared_memory")
    return memory


def copied_out(memory: SharedMemory, size: int) -> Array:
    return numpy.frombuffer(memory.buf, numpy.uint8, size).copy()


def copy_in(memory: SharedMemory, array: Array) -> None:
    numpy.frombuffer(memory.buf, numpy.uint8, array.size)[:] = array


def serve_by_hand(path: str, size: int) -> None:
    with socket(AF_UNIX) as listening:
        there, back = (segment(path, direction, size) for direction in ("there", "back"))
        listening.bind(path)
        listening.listen()
        ready()
        while True:
            connection, _ = listening.accept()
            with connection:
                while connection.recv(1):
                    copy_in(back, copied_out(there, size))
                    connection.sendall(b"!")


@contextlib.contextmanager
def call_by_hand(path: str, size: int) -> Iterator[Echo]:
    there, back = (segment(path, direction) for direction in ("there", "back"))
    with socket(AF_UNIX) as connection:
        connection.connect(path)

        def echo(array: Array) -> Array:
            copy_in(there, array)
            connection.sendall(b"?")
            connection.recv(1)
            return copied_out(back, size)

        yield echo


# --- others -----------------------------------------------------------------------------------------------------------


def serve_pickle(path: str, _: int) -> None:
    with PickleListener(path, "AF_UNIX") as listener:
        ready()
        while True:
            with listener.accept() as connection, contextlib.suppress(EOFError):
                while True:
                    connection.send(connection.recv())


@contextlib.contextmanager
def call_pickle(path: str, _: int) -> Iterator[Echo]:
    with PickleClient(path, "AF_UNIX") as connection:

        def echo(array: Array) -> Array:
            connection.send(array)
            back: Array = connection.recv()
            return back

        yield echo


def serve_zmq(path: str, _: int) -> None:
    with zmq.Context() as context, context.socket(zmq.REP) as sock:
        sock.bind(f"ipc://{path}")
        ready()
        while True:
            sock.send(numpy.frombuffer(sock.recv(copy=False).buffer, numpy.uint8).copy(), copy=False)


@contextlib.contextmanager
def call_zmq(path: str, _: int) -> Iterator[Echo]:
    with zmq.Context() as context, context.socket(zmq.REQ) as sock:
        sock.connect(f"ipc://{path}")

        def echo(array: Array) -> Array:
            sock.send(array, copy=False)
            return numpy.frombuffer(sock.recv(copy=False).buffer, numpy.uint8).copy()

        yield echo


class IceoryxEnd:
    """Sends by one service and receives by another, each with an event that says so."""

    def __init__(self, path: str, size: int, sends: str, receives: str) -> None:
        import iceoryx2

        node = iceoryx2.NodeBuilder.new().create(iceoryx2.ServiceType.Ipc)

        def service(direction: str, *, is_event: bool) -> Any:
            name = f"{Path(path).parent.name}/{direction}/{is_event}"
            builder = node.service_builder(iceoryx2.ServiceName.new(name))
            kind = iceoryx2.Slice[ctypes.c_uint8]
            return (builder.event() if is_event else builder.publish_subscribe(kind)).open_or_create()

        self._kept = [node]
        self._listener = service(receives, is_event=True).listener_builder().create()
        self._subscriber = service(receives, is_event=False).subscriber_builder().create()
        self._publisher = service(sends, is_event=False).publisher_builder().initial_max_slice_len(size).create()
        self._notifier = service(sends, is_event=True).notifier_builder().create()
        self._size = size

    def send(self, array: Array) -> None:
        sample = self._publisher.loan_slice_uninit(self._size)
        ctypes.memmove(sample.payload_ptr, array.ctypes.data, self._size)
        sample.assume_init().send()
        self._notifier.notify()

    def receive(self) -> Array:
        while (sample := self._subscriber.receive()) is None:
            self._listener.blocking_wait()
        try:
            return numpy.frombuffer(sample.payload().as_memory_view(), numpy.uint8).copy()
        finally:
            sample.delete()


def serve_iceoryx(path: str, size: int) -> None:
    end = IceoryxEnd(path, size, "back", "there")
    ready()
    while True:
        end.send(end.receive())


@contextlib.contextmanager
def call_iceoryx(path: str, size: int) -> Iterator[Echo]:
    end = IceoryxEnd(path, size, "there", "back")

    def echo(array: Array) -> Array:
        end.send(array)
        return end.receive()

    yield echo


# --- measuring --------------------------------------------------------------------------------------------------------

WAYS: dict[str, tuple[Callable[[str, int], None], Callable[[str, int], Any]]] = {
    "shared_memory by hand": (serve_by_hand, call_by_hand),
    "localsocket, by memory": (
        lambda path, _: serve_localsocket(path, BY_MEMORY),
        lambda path, _: call_localsocket(path, BY_MEMORY),
    ),
    "localsocket, result_into": (lambda path, _: serve_localsocket(path, BY_MEMORY), call_into),
    "localsocket, by socket": (
        lambda path, _: serve_localsocket(path, BY_SOCKET),
        lambda path, _: call_localsocket(path, BY_SOCKET),
    ),
    "multiprocessing.connection": (serve_pickle, call_pickle),
    "pyzmq": (serve_zmq, call_zmq),
    "iceoryx2, by events": (serve_iceoryx, call_iceoryx),
}


def seconds_of_a_call(call: Callable[[], object], seconds: float) -> float:
    """Return the median of what calls take which are made one after the other for so long."""
    taken = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def ready() -> None:
    print("ready", flush=True)


def start(way: str, path: str, size: int) -> subprocess.Popen[Any]:
    command = [sys.executable, __file__, "--serve", way, path, str(size)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    return server


def compare(rounds: int, seconds: float, size: int) -> None:
    print(
        f"{platform.platform()}, {os.cpu_count()} CPUs, CPython {platform.python_version()}, numpy {numpy.__version__}"
    )
    ways = [way for way in WAYS if "iceoryx2" not in way or importlib.util.find_spec("iceoryx2") is not None]
    array = numpy.frombuffer(os.urandom(size), numpy.uint8)
    taken: dict[str, list[float]] = {way: [] for way in ways}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="arrays-"))
        paths = {way: f"{folder}/{number}" for number, way in enumerate(ways)}
        for way in ways:
            server = start(way, paths[way], size)
            stack.callback(server.wait)
            stack.callback(server.kill)
        stack.callback(forget_segments, paths["shared_memory by hand"])
        echoes = {way: stack.enter_context(WAYS[way][1](paths[way], size)) for way in ways}
        for way in ways:
            for _ in range(5):  # memory is made, and touched for the first time
                numpy.testing.assert_array_equal(echoes[way](array), array)
        for _ in range(rounds):
            for way in ways:
                taken[way].append(seconds_of_a_call(lambda way=way: echoes[way](array), seconds))  # type: ignore[misc]
    medians = {way: statistics.median(taken[way]) for way in ways}
    for way in ways:
        ratio = medians[way] / medians["shared_memory by hand"]
        least, most = min(taken[way]) * 1e3, max(taken[way]) * 1e3
        print(f"| {way} | {medians[way] * 1e3:.2f} | {least:.2f} to {most:.2f} | {ratio:.2f} |")


def forget_segments(path: str) -> None:
    for direction in ("there", "back"):
        with contextlib.suppress(OSError):
            (Path("/dev/shm") / f"{Path(path).parent.name}-{direction}").unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="how long one round of one way takes")
    parser.add_argument("--mebibytes", type=int, default=8)
    parser.add_argument("--serve", nargs=3, metavar=("WAY", "PATH", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        way, path, size = options.serve
        WAYS[way][0](path, int(size))
    else:
        compare(options.rounds, options.seconds, options.mebibytes * MIB)


if __name__ == "__main__":
    main()
