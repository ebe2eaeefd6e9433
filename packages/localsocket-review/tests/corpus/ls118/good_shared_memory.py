import mmap
import os
import socket
from multiprocessing import shared_memory

MAXIMUM = 1 << 20


def offer(connection: socket.socket):
    memory = shared_memory.SharedMemory(create=True, size=MAXIMUM)
    connection.sendall(memory.name.encode())
    return memory


def make(connection: socket.socket, descriptor: int):
    size = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "big")
    if size > MAXIMUM:
        raise ValueError(size)
    memory = shared_memory.SharedMemory(create=True, size=size)
    return memory, mmap.mmap(descriptor, os.fstat(descriptor).st_size)
