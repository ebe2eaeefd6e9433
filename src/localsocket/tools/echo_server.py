"""The echo server that the measurements talk to: on a thread of this process, or the same loop in a child process.

`python -m localsocket.tools.echo_server ADDRESS` is the child: it says "ready", and ends when its input does, so that
it cannot outlive who started it.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal, TypeAlias

from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.errors import LocalSocketError
from localsocket.serving.server_thread import ServerThread
from localsocket.tools.open_files import raise_open_file_limit

ServerKind: TypeAlias = Literal["thread", "process"]


class Echo(Handler):
    """Sends back what it receives, in the pieces in which it comes."""

    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        """A client that leaves in the middle of an echo is nothing to report."""


@contextlib.contextmanager
def echo_server(address: str, kind: ServerKind) -> Iterator[None]:
    """Run an echo server at `address` for the `with` block."""
    with ServerThread(address, Echo()) if kind == "thread" else _child(address):
        yield


@contextlib.contextmanager
def _child(address: str) -> Iterator[None]:
    command = [sys.executable, "-m", "localsocket.tools.echo_server", address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            if child.stdout.readline() != b"ready\n":
                raise RuntimeError(f"the echo server's process ended with status {child.wait()}")
            yield
        finally:
            child.stdin.close()


def main(address: str) -> None:
    raise_open_file_limit()
    with ServerThread(address, Echo()):
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
