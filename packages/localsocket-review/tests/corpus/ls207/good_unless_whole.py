import socket
import struct
import sys


def measured(connection: socket.socket) -> int:
    header = connection.recv(4)
    if len(header) < 4:
        raise EOFError
    return struct.unpack("!I", header)[0]


def packet(path: str, text: bytes) -> int:
    packets = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    packets.connect(path)
    packets.send(text)
    (number,) = struct.unpack("!I", packets.recv(4))
    packets.close()
    return number


def wake(waker: socket.socket) -> None:
    waker.send(b"\0")


def generate(numbers, connection: socket.socket) -> None:
    numbers.send(None)
    sent = connection.send(b"hello")
    if sent < 5:
        sys.exit("short")
