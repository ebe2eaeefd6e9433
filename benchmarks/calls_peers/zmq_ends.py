"""pyzmq: REQ and REP for one call after the other, DEALER and ROUTER for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import zmq

from calls_loops import CallLog, one_by_one, pipelined
from calls_peers.ends import Ends, Test


class ZmqEnds(Ends):
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        with zmq.Context() as context, context.socket(zmq.REP if test == "sequential" else zmq.ROUTER) as socket:
            socket.bind(f"ipc://{path}")
            ready()
            while True:
                if test == "sequential":
                    socket.send(socket.recv())
                else:
                    socket.send_multipart(socket.recv_multipart())

    def sequential(self, path: str, log: CallLog) -> None:
        with zmq.Context() as context, context.socket(zmq.REQ) as socket:
            socket.connect(f"ipc://{path}")

            def call(argument: bytes) -> bytes:
                socket.send(argument)
                return socket.recv()

            one_by_one(call, log)

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.connect(f"ipc://{path}")
            pipelined(socket.send, lambda _: socket.recv(), log, count)
