import marshal
import pickle
import socket
import socketserver
import zlib


class Worker:
    def __init__(self, connection: socket.socket) -> None:
        self.file = connection.makefile("rb")

    def task(self):
        return pickle.load(self.file)  # expect: LS107


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        job = pickle.Unpickler(self.rfile).load()  # expect: LS107
        self.wfile.write(str(job).encode())


def restore(packed):
    return marshal.loads(zlib.decompress(packed))  # expect: LS107


def serve(connection):
    for line in connection.makefile("rb"):
        restore(line)
