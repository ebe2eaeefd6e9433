"""RPyC: the remote function is fetched once, then called; without compression, which random bytes only suffer from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import NoReturn

import rpyc
from rpyc.core.channel import Channel
from rpyc.utils.factory import unix_connect
from rpyc.utils.server import ThreadedServer

from calls_loops import CallLog, one_by_one, pipelined
from calls_peers.ends import Ends, Test, wait_to_be_ended

# By default RPyC compresses from 3,000 bytes on: 6 ms for a call that takes 0.4 ms without.
Channel.COMPRESSION_THRESHOLD = 2**32


class EchoService(rpyc.Service):
    def exposed_echo(self, argument: bytes) -> bytes:
        return argument


class RpycEnds(Ends):
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        server = ThreadedServer(EchoService, socket_path=path)
        server.listener.listen()  # start() does it again, but does not return
        ready()
        server.start()
        wait_to_be_ended()

    def sequential(self, path: str, log: CallLog) -> None:
        with unix_connect(path) as connection:
            one_by_one(connection.root.echo, log)

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        with unix_connect(path) as connection:
            start = rpyc.async_(connection.root.echo)
            with contextlib.nullcontext() if log.fits_unread(count) else receiving(connection):
                pipelined(start, lambda result: result.value, log, count)


@contextlib.contextmanager
def receiving(connection: rpyc.Connection) -> Iterator[None]:
    """Receive on a thread of its own: a client that only sends waits for a server that waits for it to receive."""
    thread = rpyc.BgServingThread(connection, serve_interval=0.1, sleep_interval=0)
    try:
        yield
    finally:
        thread.stop()
