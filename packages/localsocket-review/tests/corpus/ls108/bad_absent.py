import multiprocessing.connection as mpc
import os
from multiprocessing.connection import *


class Bus:
    def __init__(self, directory):
        self.listener = mpc.Listener(os.path.join(directory, "bus"), family="AF_UNIX", backlog=8)  # expect: LS108

    def next(self):
        return self.listener.accept().recv_bytes(4096)


def call(address, key=None):  # expect: LS403
    connection = Client(address, authkey=None)  # expect: LS108
    connection.send_bytes(b"hello")
    return connection


def call_loopback():
    return Client(("localhost", 6000))  # expect: LS108
