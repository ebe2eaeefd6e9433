import os
import signal
from socket import SO_PEERCRED, SOL_SOCKET
from struct import Struct

CREDENTIALS = Struct("3i")


class Supervisor:
    def __init__(self, children):
        self.children = children

    def greet(self, connection):
        self.peer_pid = CREDENTIALS.unpack(connection.getsockopt(SOL_SOCKET, SO_PEERCRED, CREDENTIALS.size))[0]
        if self.peer_pid not in self.children:  # expect: LS112
            connection.close()

    def stop(self):
        os.kill(self.peer_pid, signal.SIGTERM)  # expect: LS112
