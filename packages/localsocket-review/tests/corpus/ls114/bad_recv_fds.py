import os
import socket
from socket import recv_fds


class Broker:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def take(self):
        data, descriptors, _, _ = socket.recv_fds(self.connection, 4096, 8)  # expect: LS114
        return data, [os.fdopen(descriptor) for descriptor in descriptors]


def first(connection):
    received = recv_fds(connection, 1024, 1, flags=socket.MSG_CMSG_CLOEXEC)  # expect: LS114
    return received[1][0]
