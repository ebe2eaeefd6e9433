"""Servers that take the first word or line of a message, if there is one."""

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
            line = lines.readline(64).decode().strip()
            if not line:
                continue
            if line.split()[0] == "stop":
                return


def serve_names(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        with connection, connection.makefile("rb") as lines:
            names = lines.readline(64).splitlines()
            if names:
                print("hello", names[0])


def serve_pairs(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        with connection, connection.makefile("rb") as lines:
            print("hello", lines.readline(64).split(b"=")[0])


if __name__ == "__main__":
    listening = start(sys.argv[1])
    serve_words(listening)
    serve_names(listening)
    serve_pairs(listening)
