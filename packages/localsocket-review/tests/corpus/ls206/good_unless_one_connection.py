"""A program that serves one connection, and then ends; and one that gives each a thread."""

import os
import socket
import threading


def answer(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data)


def serve_once(server: socket.socket) -> None:
    connection, _ = server.accept()
    answer(connection)


def serve_in_threads(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=answer, args=(connection,)).start()


os.umask(0o077)
