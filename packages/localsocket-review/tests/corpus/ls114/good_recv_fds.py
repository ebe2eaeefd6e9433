import os
import socket
from socket import recv_fds


class Broker:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def take(self):
        data, descriptors, flags, _ = socket.recv_fds(self.connection, 4096, 8, socket.MSG_CMSG_CLOEXEC)
        if flags & socket.MSG_CTRUNC:
            for descriptor in descriptors:
                os.close(descriptor)
            raise ConnectionError("descriptors were cut off")
        return data, [os.fdopen(descriptor) for descriptor in descriptors]


def first(connection):
    received = recv_fds(connection, 1024, 1, flags=socket.MSG_CMSG_CLOEXEC)
    if received[2] & socket.MSG_CTRUNC:
        raise ConnectionError("descriptors were cut off")
    return received[1][0]
