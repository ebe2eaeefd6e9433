"""gRPC's asyncio face, otherwise as in grpc_ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn

import grpc.aio

from calls_loops import CallLog, in_tasks, one_by_one_awaited
from calls_peers.ends import Ends, Test, wait_to_be_ended
from calls_peers.grpc_ends import PATH, echo_handler


async def echo(argument: bytes, _context: grpc.aio.ServicerContext) -> bytes:
    return argument


class GrpcAioEnds(Ends):
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        async def serve() -> None:
            server = grpc.aio.server()
            server.add_generic_rpc_handlers([echo_handler(echo)])
            server.add_insecure_port(f"unix:{path}")
            await server.start()
            ready()
            await server.wait_for_termination()

        asyncio.run(serve())
        wait_to_be_ended()

    def sequential(self, path: str, log: CallLog) -> None:
        async def run() -> None:
            async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
                await one_by_one_awaited(channel.unary_unary(PATH), log)

        asyncio.run(run())

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        async def run() -> None:
            async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
                await in_tasks(channel.unary_unary(PATH), log, count)

        asyncio.run(run())
