import socket
import threading
import time


def beat(connection: socket.socket, stopping: threading.Event) -> None:
    while not stopping.is_set():
        connection.sendall(b"alive\n")
        time.sleep(0.5)


def watch(thread: threading.Thread) -> None:
    while thread.is_alive():
        time.sleep(5)
