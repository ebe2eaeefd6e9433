import os
import socket
from pathlib import Path


def is_running(number: Path) -> bool:
    try:
        os.kill(int(number.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def listener(place: Path) -> socket.socket:
    if is_running(place.with_suffix(".pid")):
        raise SystemExit("it runs already")
    place.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    server.bind(str(place))
    server.listen()
    return server
