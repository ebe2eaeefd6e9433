import socket
import sys


def chat(connection: socket.socket) -> None:
    while True:
        line = sys.stdin.readline()
        connection.sendall(line.encode())
        print(connection.recv(4096).strip())
