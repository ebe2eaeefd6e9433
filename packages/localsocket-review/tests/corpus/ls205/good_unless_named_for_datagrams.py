"""The function says what the socket keeps apart."""

import socket
import struct


def receive_udp(listener: socket.socket) -> tuple[int, int]:
    data, _, _, _ = listener.recvmsg(4096, 64)
    return struct.unpack("!HH", data)


def dial(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection
