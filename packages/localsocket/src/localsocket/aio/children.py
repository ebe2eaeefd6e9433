"""Child processes on a socket that they inherit, awaited; see localsocket.spawn()."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping
from types import TracebackType
from typing import Unpack

from localsocket.aio.client import Client
from localsocket.awaited.opening import Opening
from localsocket.deadlines import Deadline
from localsocket.errors import ClosedByPeer
from localsocket.services.child_processes import (
    CLOSE_TIMEOUT,
    Argv,
    Process,
    check_options,
    close_streams,
    ended_early,
    shown_child,
    socket_pair,
    start_child,
    take_inherited,
    wrong_maker,
)
from localsocket.services.client_core import ClientOptions
from localsocket.services.service import Service
from localsocket.sockets.given_socket import Reached

# Seconds until it is looked again whether a process has ended, at first and at most: no system tells a loop alike.
_FIRST_LOOK = 0.001
_LOOK_AGAIN = 0.05


class Child:
    """A process started by spawn(): `client` calls it, `process` is its subprocess.Popen.

    As an async context manager it closes itself. For the tasks of one loop.
    """

    def __init__(self, client: Client, process: subprocess.Popen[bytes]) -> None:
        self.client = client
        self.process = process

    async def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> int:
        """Close the connection, wait for the process to end, and kill it at `timeout`; return its exit status.

        If cancelled, it kills the process at once. See localsocket.Child.close().
        """
        deadline = Deadline(timeout)
        try:
            await self.client.close(timeout=deadline.remaining())
        finally:
            await _end(self.process, deadline)
        return self.process.returncode

    async def kill(self) -> int:
        """End the process and the connection at once; return its exit status."""
        self.process.kill()
        return await self.close()

    async def __aenter__(self) -> Child:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.client._logging_loss(error):
            await self.close()

    def __repr__(self) -> str:
        return shown_child(self.process)


def spawn(
    argv: Argv,
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    **options: Unpack[ClientOptions],
) -> Opening[Child]:
    """Start a program that inherits a socket and calls inherited(); return it once it has greeted.

    Await it, or enter it to have it closed at the end. If cancelled, it leaves nothing of the program. Otherwise as
    localsocket.spawn(); the program may use either API.
    """
    check_options("spawn", options, ["cwd", "env"])
    return Opening(_spawn(argv, cwd, env, options))


def inherited(**options: Unpack[ClientOptions]) -> Opening[Client]:
    """Return the client, already connected, of the process that started this one by spawn(); call it once only.

    Await it or enter it. Otherwise as localsocket.inherited().
    """
    check_options("inherited", options)
    return Opening(_inherited(options))


def serve_socket(connection: Reached, service: Service, **options: Unpack[ClientOptions]) -> Opening[Client]:
    """Serve a connected socket, or its descriptor; the client that is returned takes it over.

    Await it or enter it. Otherwise as localsocket.serve_socket().
    """
    check_options("serve_socket", options)
    options["serves"] = service
    return Opening(_serve_socket(connection, options))


async def _spawn(
    argv: Argv, cwd: str | os.PathLike[str] | None, env: Mapping[str, str] | None, options: ClientOptions
) -> Child:
    ours, theirs = socket_pair()
    process: Process | None = None
    try:
        with theirs:
            client = Client(ours, **options)
            process = start_child(argv, theirs, cwd, env)
        try:
            await client.open()
        except ClosedByPeer as error:
            await _end(process, Deadline(CLOSE_TIMEOUT))
            raise ended_early(process) from error
        return Child(client, process)
    except BaseException:
        ours.close()
        if process is not None:
            await _end(process, Deadline(0))
        raise


async def _inherited(options: ClientOptions) -> Client:
    descriptor, parent = take_inherited()
    options["serves"] = options.get("serves") or Service("child")
    client = await _serve_socket(descriptor, options)
    if (error := wrong_maker(descriptor, client._peer(), parent)) is not None:
        await client.close(timeout=0)
        raise error
    return client


async def _serve_socket(connection: Reached, options: ClientOptions) -> Client:
    client = Client(connection, **options)
    client._core.speaks_first = False
    await client.open()
    return client


async def _end(process: Process, deadline: Deadline) -> None:
    """Wait for the process to end, and kill it when the time is over, or the task is cancelled."""
    pause = _FIRST_LOOK
    try:
        while process.poll() is None and not deadline.has_passed():
            remaining = deadline.remaining()
            await asyncio.sleep(pause if remaining is None else min(pause, remaining))
            pause = min(2 * pause, _LOOK_AGAIN)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        close_streams(process)
