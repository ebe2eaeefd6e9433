import socket
import sys


def chat(connection: socket.socket) -> None:
    while True:
        sys.stdout.write("> ")
        print(connection.recv(4096).strip())  # expect: LS208
