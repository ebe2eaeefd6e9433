"""A service manager as a program sees it: it hands over sockets, and is told things."""

from __future__ import annotations

import socket
import subprocess
from typing import Any

from cli.conftest import COMMAND
from localsocket.testing import PATIENCE


class Manager:
    """What a service manager has: a socket that is told things."""

    def __init__(self, address: str | bytes) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(PATIENCE)

    def wait_for(self, assignment: str) -> list[str]:
        """Wait until it is told so, and return what it is told along with that."""
        while assignment not in (told := self.socket.recv(4096).decode().split("\n")):
            pass
        return told

    def is_quiet(self, seconds: float) -> bool:
        """Whether it is told nothing for so long, beside what was said before."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(4096)
        except BlockingIOError:
            self.socket.settimeout(seconds)
        try:
            self.socket.recv(4096)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)
        return False


def activated(listening: socket.socket, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start the command as systemd does: the socket is its descriptor 3."""
    script = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=shop exec "$@" 3<&0 </dev/null'
    command = ["sh", "-c", script, "sh", *COMMAND, *arguments]
    return subprocess.Popen(command, stdin=listening, stderr=subprocess.PIPE, **options)
