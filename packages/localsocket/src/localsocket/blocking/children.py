"""Child processes that are called, and call back, on a socket that they inherit."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Unpack

from localsocket.blocking.client import Client
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


class Child:
    """A process started by spawn(): `client` calls it, `process` is its subprocess.Popen.

    As a context manager it closes itself. Any thread may call.
    """

    def __init__(self, client: Client, process: subprocess.Popen[bytes]) -> None:
        self.client = client
        self.process = process

    def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> int:
        """Close the connection, wait for the process to end, and kill it at `timeout`; return its exit status.

        A child notices that its connection ends; see Client.wait_closed(). What Client.close() raises is raised here
        after the process has ended. Closing again has no effect.
        """
        deadline = Deadline(timeout)
        try:
            self.client.close(timeout=deadline.remaining())
        finally:
            _end(self.process, deadline)
        return self.process.returncode

    def kill(self) -> int:
        """End the process and the connection at once; return its exit status."""
        self.process.kill()
        return self.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.client._logging_loss(error):
            self.close()

    def __repr__(self) -> str:
        return shown_child(self.process)


def spawn(
    argv: Argv,
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    **options: Unpack[ClientOptions],
) -> Child:
    """Start a program that inherits a socket and calls inherited(); return it once it has greeted.

    Either end may call what the other serves: this end serves what you pass as `serves=`. The child inherits its
    standard streams and one more descriptor, and no others from this process. `options` are those of Client();
    `timeout` is how long the child may take to greet.

    Raises OSError if the program cannot be started, ClosedByPeer, with the exit status, if it ends before it has
    greeted, and DeadlinePassed if it does not greet in time. After an error nothing is left of it.
    """
    check_options("spawn", options, ["cwd", "env"])
    ours, theirs = socket_pair()
    process: Process | None = None
    try:
        with theirs:
            client = Client(ours, **options)
            process = start_child(argv, theirs, cwd, env)
        try:
            client.open()
        except ClosedByPeer as error:
            _end(process, Deadline(CLOSE_TIMEOUT))
            raise ended_early(process) from error
        return Child(client, process)
    except BaseException:
        ours.close()
        if process is not None:
            _end(process, Deadline(0))
        raise


def inherited(**options: Unpack[ClientOptions]) -> Client:
    """Return the client, already connected, of the process that started this one by spawn(); call it once only.

    From then on the other end may call what you pass as `serves`; `options` are those of Client(). Children of this
    process do not inherit the socket.

    Raises Unsupported if this process was started without such a socket, and UnsuitableDescriptor if the socket has
    been closed or was made by another process.
    """
    check_options("inherited", options)
    descriptor, parent = take_inherited()
    client = serve_socket(descriptor, options.pop("serves", None) or Service("child"), **options)
    if (error := wrong_maker(descriptor, client._peer(), parent)) is not None:
        client.close(timeout=0)
        raise error
    return client


def serve_socket(connection: Reached, service: Service, **options: Unpack[ClientOptions]) -> Client:
    """Serve a connected socket, or its descriptor; the client that is returned takes it over.

    At the other end there is a Client on its socket. The returned client calls what that one serves, if anything;
    closing it ends the serving. Raises what Client.open() raises for a socket that cannot be taken over.
    """
    check_options("serve_socket", options)
    options["serves"] = service
    client = Client(connection, **options)
    client._core.speaks_first = False
    client.open()
    return client


def _end(process: Process, deadline: Deadline) -> None:
    """Wait for the process to end, and kill it when the time is over."""
    try:
        # With a time limit Popen.wait() looks 20 times a second at the child, and for signals; else not at all.
        process.wait(threading.TIMEOUT_MAX if (remaining := deadline.remaining()) is None else remaining)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        close_streams(process)
