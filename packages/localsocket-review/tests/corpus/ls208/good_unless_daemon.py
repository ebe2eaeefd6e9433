import socket
import threading


def accept_for_ever(server: socket.socket) -> None:
    while True:
        client, _ = server.accept()
        client.close()


def begin(server: socket.socket) -> None:
    threading.Thread(target=accept_for_ever, args=(server,), daemon=True).start()
