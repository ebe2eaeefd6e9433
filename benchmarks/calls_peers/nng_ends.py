"""pynng: REQ and REP; many calls are as many contexts of the one socket."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import NoReturn

from pynng import Context, Rep0, Req0

from calls_loops import CallLog, one_by_one, pipelined
from calls_peers.ends import Ends, Test, wait_to_be_ended

# More, or tasks, are slower: of 1, 2, 4 and 64 threads and of 64 tasks the fastest.
SERVING_THREADS = 2


class NngEnds(Ends):
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        with Rep0(listen=f"ipc://{path}") as socket:
            ready()
            if test == "sequential":
                answer_all(socket)
            for _ in range(SERVING_THREADS):
                threading.Thread(target=answer_all, args=(socket.new_context(),), daemon=True).start()
            wait_to_be_ended()

    def sequential(self, path: str, log: CallLog) -> None:
        with Req0(dial=f"ipc://{path}") as socket:

            def call(argument: bytes) -> bytes:
                socket.send(argument)
                return socket.recv()

            one_by_one(call, log)

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        with Req0(dial=f"ipc://{path}") as socket, contextlib.ExitStack() as contexts:
            free = [contexts.enter_context(socket.new_context()) for _ in range(count)]

            def start(argument: bytes) -> Context:
                context = free.pop()
                context.send(argument)
                return context

            def finish(context: Context) -> bytes:
                free.append(context)
                return context.recv()

            pipelined(start, finish, log, count)


def answer_all(socket: Rep0 | Context) -> NoReturn:
    while True:
        socket.send(socket.recv())
