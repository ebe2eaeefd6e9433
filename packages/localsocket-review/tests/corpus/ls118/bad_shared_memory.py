import json
import mmap
import socket
from multiprocessing import shared_memory


def attach(connection: socket.socket):
    request = json.loads(connection.makefile().readline())
    return shared_memory.SharedMemory(name=request["name"])  # expect: LS118


def make(connection: socket.socket, descriptor: int):
    size = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "big")
    memory = shared_memory.SharedMemory(create=True, size=size)  # expect: LS118
    return memory, mmap.mmap(descriptor, size)  # expect: LS118
