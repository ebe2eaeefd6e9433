"""One read taken apart into words, the last of which may have come in part."""

import socket


def listed(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"list\n")
        return connection.recv(1024).decode().split()  # expect: LS205


def setting(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"setting\n")
        answer = connection.recv(1024)  # expect: LS205
        name, _, value = answer.decode("utf-8").strip().partition("=")
        return name, value
