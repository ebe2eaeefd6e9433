"""Servers that serve one connection after another, and wait for what each has to say for as long as it takes."""

import os
import socket


def answer(connection: socket.socket) -> None:
    with connection, connection.makefile("rwb") as stream:
        for line in stream:  # expect: LS206
            stream.write(line.upper())
            stream.flush()


def serve_lines(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        answer(connection)


def serve_bytes(server: socket.socket) -> None:
    server.settimeout(None)
    while True:
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(4096):  # expect: LS206
                connection.sendall(data)


os.umask(0o077)
