"""Servers that serve one connection after another, each for as long as is given to it, or many at once."""

import os
import socket
import threading

PATIENCE = 5


def answer(connection: socket.socket) -> None:
    with connection, connection.makefile("rwb") as stream:
        for line in stream:
            stream.write(line.upper())
            stream.flush()


def serve_lines(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        try:
            answer(connection)
        except TimeoutError:
            continue


def serve_in_threads(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=answer, args=(connection,)).start()


os.umask(0o077)
