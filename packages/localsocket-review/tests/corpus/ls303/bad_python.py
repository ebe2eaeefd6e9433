import os
import socket
import time


def receive(connection: socket.socket) -> bytes:
    connection.setblocking(False)
    while True:
        try:
            return connection.recv(4096)
        except BlockingIOError:
            time.sleep(0.01)  # expect: LS303


def spin(connection: socket.socket) -> bytes:
    connection.setblocking(False)
    while True:  # expect: LS303
        try:
            return connection.recv(4096)
        except BlockingIOError:
            pass


def await_server(path: str) -> None:
    while not os.path.exists(path):
        time.sleep(0.1)  # expect: LS303
