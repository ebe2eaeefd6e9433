import socket

KNOWN = {"open": 1, "shut": 2}


def find(connection: socket.socket) -> int:
    wanted = connection.makefile().readline().split()
    assert wanted[0] in KNOWN  # expect: LS123
    return KNOWN[wanted[0]]
