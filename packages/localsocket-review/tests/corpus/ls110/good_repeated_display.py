import socket
import struct


def zeros(connection: socket.socket) -> list[int]:
    with connection.makefile("rb") as stream:
        (count,) = struct.unpack("!I", stream.read(4))
    return [0] * min(count, 1000)
