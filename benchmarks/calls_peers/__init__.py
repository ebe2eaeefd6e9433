"""Who takes part in the comparison of calls: ours first, then the others, a file each."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calls_peers.ends import Ends


@dataclass(frozen=True)
class Peer:
    """One library, or one way to use it; its `ends` are loaded by open() only, since it may not be installed."""

    name: str
    title: str
    ends: str
    in_flight: str
    package: str | None = None
    module: str | None = None
    is_pure: bool = False
    """Whether both ends run localsocket's core in Python."""

    @property
    def is_installed(self) -> bool:
        return self.module is None or importlib.util.find_spec(self.module) is not None

    @property
    def reason_to_skip(self) -> str:
        return f"{self.package} is not installed"

    @property
    def versions(self) -> dict[str, str]:
        return {self.package: importlib.metadata.version(self.package)} if self.package else {}

    def open(self, argument_bytes: int) -> Ends:
        module, _, name = self.ends.partition(":")
        ends: type[Ends] = getattr(importlib.import_module(f"calls_peers.{module}"), name)
        return ends(argument_bytes)


PEERS = (
    Peer(
        "blocking",
        "`localsocket.Client`",
        "blocking_face:BlockingFace",
        "`start()`, one thread waits for the oldest",
    ),
    Peer(
        "blocking-threads",
        "`localsocket.Client`, in threads",
        "blocking_face:BlockingThreads",
        "64 threads, one client",
    ),
    Peer(
        "aio",
        "`aio.Client`",
        "aio_face:AioFace",
        "64 tasks, one client",
    ),
    Peer(
        "aio-uvloop",
        "`aio.Client`, uvloop",
        "aio_face:AioFaceOnUvloop",
        "64 tasks, one client",
        package="uvloop",
        module="uvloop",
    ),
    Peer(
        "blocking-pure",
        "`localsocket.Client`, pure Python",
        "blocking_face:BlockingFace",
        "as the first",
        is_pure=True,
    ),
    Peer(
        "aio-pure",
        "`aio.Client`, pure Python",
        "aio_face:AioFace",
        "64 tasks, one client",
        is_pure=True,
    ),
    Peer(
        "aio-uvloop-pure",
        "`aio.Client`, uvloop, pure Python",
        "aio_face:AioFaceOnUvloop",
        "64 tasks, one client",
        package="uvloop",
        module="uvloop",
        is_pure=True,
    ),
    Peer(
        "multiprocessing",
        "`multiprocessing.connection`",
        "multiprocessing_ends:MultiprocessingEnds",
        "pipelined by one thread; at 100,000 B another one sends",
    ),
    Peer(
        "pyzmq",
        "pyzmq",
        "zmq_ends:ZmqEnds",
        "DEALER and ROUTER, pipelined by one thread",
        package="pyzmq",
        module="zmq",
    ),
    Peer(
        "grpc",
        "gRPC",
        "grpc_ends:GrpcEnds",
        "`future()`, one thread waits for the oldest",
        package="grpcio",
        module="grpc",
    ),
    Peer(
        "grpc-aio",
        "gRPC, `grpc.aio`",
        "grpc_aio_ends:GrpcAioEnds",
        "64 tasks, one channel",
        package="grpcio",
        module="grpc",
    ),
    Peer(
        "rpyc",
        "RPyC",
        "rpyc_ends:RpycEnds",
        "`async_()`, one thread waits for the oldest; at 100,000 B another one receives",
        package="rpyc",
        module="rpyc",
    ),
    Peer(
        "pyro5",
        "Pyro5",
        "pyro_ends:PyroEnds",
        "64 threads, each with a proxy and a connection of its own",
        package="Pyro5",
        module="Pyro5",
    ),
    Peer(
        "pynng",
        "pynng",
        "nng_ends:NngEnds",
        "64 contexts of one REQ socket, pipelined by one thread",
        package="pynng",
        module="pynng",
    ),
    Peer(
        "iceoryx2",
        "iceoryx2, waiting on events",
        "iceoryx_ends:IceoryxEnds",
        "pipelined by one thread",
        package="iceoryx2",
        module="iceoryx2",
    ),
    Peer(
        "iceoryx2-polling",
        "iceoryx2, busy polling",
        "iceoryx_ends:IceoryxPolling",
        "pipelined by one thread",
        package="iceoryx2",
        module="iceoryx2",
    ),
    Peer(
        "zenoh",
        "zenoh",
        "zenoh_ends:ZenohEnds",
        "a querier, pipelined by one thread",
        package="eclipse-zenoh",
        module="zenoh",
    ),
)


def peer_named(name: str) -> Peer:
    return next(peer for peer in PEERS if peer.name == name)
