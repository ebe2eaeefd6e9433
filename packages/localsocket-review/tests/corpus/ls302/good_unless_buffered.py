import socket


def numbers(connection: socket.socket) -> int:
    total = 0
    stream = connection.makefile("rb")
    while byte := stream.read(1):
        total = total + byte[0]
    return total


def wake(waker: socket.socket) -> None:
    waker.sendall(b"\0")
