import socket

KNOWN = {"open": 1, "shut": 2}


def find(connection: socket.socket) -> int:
    wanted = connection.makefile().readline().split()
    found = len(KNOWN)
    assert all(word in KNOWN for word in wanted)
    return found
