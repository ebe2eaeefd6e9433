"""Servers that take the first word or line of a message: one of white space alone has none, and ends the server."""

import os
import socket
import sys

PATIENCE = 5


def start(path: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    server.bind(path)
    server.listen()
    return server


def serve_words(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        with connection, connection.makefile("rb") as lines:
            word = lines.readline(64).decode().split()[0]  # expect: LS212
            if word == "stop":
                return


def serve_names(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        with connection, connection.makefile("rb") as lines:
            names = lines.readline(64).splitlines()
            print("hello", names[0])  # expect: LS212


if __name__ == "__main__":
    listening = start(sys.argv[1])
    serve_words(listening)
    serve_names(listening)
