import contextlib
import os
import socket


def open_counter(place):
    with contextlib.suppress(FileNotFoundError):
        os.chmod(place, 0o600)  # expect: LS103
    counter = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    counter.bind(place)
    counter.listen(8)
    return counter
