"""The echo server that the measurements talk to: on a thread of this process, or the same thread in a child process.

`python -m localsocket.tools.echo_server ADDRESS FACE` is the child: it says "ready", and ends when its input does, so
that it cannot outlive who started it. It is in a process group of its own, which a terminal's Ctrl-C does not reach.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, cast

from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.errors import LocalSocketError
from localsocket.serving.server_thread import ServerThread
from localsocket.tools.faces import Face, loop_maker
from localsocket.tools.open_files import raise_open_file_limit

ServerKind: TypeAlias = Literal["thread", "process"]


class Echo(Handler):
    """Sends back what it receives, in the pieces in which it comes."""

    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        """A client that leaves in the middle of an echo is nothing to report."""


@contextlib.contextmanager
def echo_server(address: str, kind: ServerKind, face: Face = "blocking") -> Iterator[None]:
    """Run an echo server at `address` for the `with` block."""
    child = [sys.executable, "-m", "localsocket.tools.echo_server", address, face]
    with _thread(address, face) if kind == "thread" else server_process(child):
        yield


@contextlib.contextmanager
def server_process(command: Sequence[str]) -> Iterator[None]:
    """Run a program that says "ready" when it serves, and ends when its input does, for the `with` block."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            if child.stdout.readline() != b"ready\n":
                raise RuntimeError(f"the echo server's process ended with status {child.wait()}")
            yield
        finally:
            child.stdin.close()


def _thread(address: str, face: Face) -> contextlib.AbstractContextManager[object]:
    if face == "blocking":
        return ServerThread(address, Echo())
    from localsocket.tools.aio_echo_server import aio_echo_thread  # asyncio is loaded for it alone

    return aio_echo_thread(address, loop_maker(face))


def main(address: str, face: Face) -> None:
    raise_open_file_limit()
    with _thread(address, face):
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], cast(Face, sys.argv[2]))
