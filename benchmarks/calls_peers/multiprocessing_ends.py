"""multiprocessing.connection: pickled objects over a Unix socket, without ids, types or limits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from typing import NoReturn

from calls_loops import CallLog, one_by_one, pipelined, sent_ahead
from calls_peers.ends import Ends, Test, wait_to_be_ended


class MultiprocessingEnds(Ends):
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        with Listener(path, "AF_UNIX") as listener:
            ready()
            with listener.accept() as connection, contextlib.suppress(EOFError):
                while True:
                    connection.send(connection.recv())
        wait_to_be_ended()

    def sequential(self, path: str, log: CallLog) -> None:
        with Client(path, "AF_UNIX") as connection:

            def call(argument: bytes) -> bytes:
                connection.send(argument)
                return connection.recv()

            one_by_one(call, log)

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        with Client(path, "AF_UNIX") as connection:
            if log.fits_unread(count):
                pipelined(connection.send, lambda _: connection.recv(), log, count)
            else:
                sent_ahead(connection.send, connection.recv, log, count)
