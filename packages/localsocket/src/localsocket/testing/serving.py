"""A service that is served for one test, with a client of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType
from typing import Unpack

from localsocket import aio
from localsocket.blocking.client import Client
from localsocket.services.client_core import ClientOptions
from localsocket.services.service import Service
from localsocket.serving.server_thread import ServerThread
from localsocket.testing.background import PATIENCE
from localsocket.testing.directories import private_directory


def serving(
    service: Service, address: str | os.PathLike[str] | None = None, **options: Unpack[ClientOptions]
) -> ServingForTest:
    """Serve `service` while a block lasts, and yield a client that is connected to it.

        with serving(service) as client:
            assert client.call("add", 2, 3) == 5

    With `async with` it is served in the running loop, and the client is an aio.Client. Either way its methods may be
    plain functions, coroutine functions, or both. Without `address` it is served in a private directory that is removed
    at the end; further clients connect to `client.address`.

    `options` are those of the client. By default the client knows the errors that the service declares, and a call
    without an answer within 60 s raises DeadlinePassed. Raises what listen() and Client() raise.
    """
    options.setdefault("errors", declared_errors(service))
    options.setdefault("call_timeout", PATIENCE)
    return ServingForTest(service, address, options)


class ServingForTest:
    """What serving() gives, to be entered."""

    def __init__(self, service: Service, address: str | os.PathLike[str] | None, options: ClientOptions) -> None:
        self._service = service
        self._address = address
        self._options = options
        self._entered = ExitStack()
        self._entered_async = AsyncExitStack()

    def __enter__(self) -> Client:
        with ExitStack() as stack:
            address = self._place(stack)
            stack.enter_context(ServerThread(address, self._service))
            client = stack.enter_context(Client(address, **self._options))
            self._entered = stack.pop_all()
        return client

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.__exit__(kind, error, trace)

    async def __aenter__(self) -> aio.Client:
        async with AsyncExitStack() as stack:
            address = self._place(stack)
            await stack.enter_async_context(aio.serve(address, self._service))
            client = await stack.enter_async_context(aio.Client(address, **self._options))
            self._entered_async = stack.pop_all()
        return client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._entered_async.__aexit__(kind, error, trace)

    def _place(self, stack: ExitStack | AsyncExitStack) -> str:
        if self._address is not None:
            return os.fspath(self._address)
        return str(stack.enter_context(private_directory()) / "socket")


def declared_errors(service: Service) -> Iterable[type[Exception]]:
    """Return the exception classes that cross from `service` to its callers, whichever method declares them."""
    return {*service.errors, *(kind for method in service._table.values() for kind in method.raises)}
