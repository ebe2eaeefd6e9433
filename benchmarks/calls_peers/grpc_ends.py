"""gRPC's synchronous face: generic handlers, bytes in and bytes out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import grpc

from calls_loops import CallLog, one_by_one, pipelined
from calls_peers.ends import Ends, Test, wait_to_be_ended

SERVICE, METHOD = "benchmark.Echo", "echo"
PATH = f"/{SERVICE}/{METHOD}"

# Of 1, 2, 8 and 64 the fastest or as fast, in both tests.
WORKERS = 8


def echo(argument: bytes, _context: grpc.ServicerContext) -> bytes:
    return argument


def echo_handler(function: Callable[..., object]) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(SERVICE, {METHOD: grpc.unary_unary_rpc_method_handler(function)})


class GrpcEnds(Ends):
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        server = grpc.server(ThreadPoolExecutor(WORKERS))
        server.add_generic_rpc_handlers([echo_handler(echo)])
        server.add_insecure_port(f"unix:{path}")
        server.start()
        ready()
        wait_to_be_ended()

    def sequential(self, path: str, log: CallLog) -> None:
        with grpc.insecure_channel(f"unix:{path}") as channel:
            one_by_one(channel.unary_unary(PATH), log)

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        with grpc.insecure_channel(f"unix:{path}") as channel:
            pipelined(channel.unary_unary(PATH).future, lambda future: future.result(), log, count)
