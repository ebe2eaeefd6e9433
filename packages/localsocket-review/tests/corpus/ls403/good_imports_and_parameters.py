import os
import socket
from pathlib import Path
from typing import Any


def connect(path: Path, timeout: float) -> socket.socket:
    """Connect as json says, without retries."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(timeout)
    client.connect(os.fspath(path))
    return client


def ask(client: socket.socket, question: bytes) -> Any:
    client.sendall(question)
    return client.makefile("rb").readline(4096)
