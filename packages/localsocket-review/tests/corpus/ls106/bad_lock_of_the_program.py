import fcntl
import os
import socket
import sys

SYSTEM_HAS_NO_ABSTRACT_NAMES = sys.platform != "linux"
PLACE = "/run/example/lamp"


def lock() -> int:
    fd = os.open(f"{PLACE}.pid", os.O_WRONLY | os.O_CREAT, 0o600)
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return fd


def listener() -> socket.socket:
    if SYSTEM_HAS_NO_ABSTRACT_NAMES and os.path.exists(PLACE):
        os.unlink(PLACE)  # expect: LS106
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    server.bind(PLACE)
    server.listen()
    return server


def main() -> None:
    held = -1
    if "--alone" in sys.argv:
        held = lock()
    with listener() as server:
        server.accept()[0].close()
    os.close(held)


main()
