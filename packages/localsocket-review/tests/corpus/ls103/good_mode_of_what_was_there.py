import os
import socket


def open_counter(place):
    counter = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.fchmod(counter.fileno(), 0o600)
    counter.bind(place)
    counter.listen(8)
    return counter
