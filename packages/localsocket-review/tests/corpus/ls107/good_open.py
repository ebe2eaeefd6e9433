import json
import marshal
import pickle
import socket
import socketserver
import zlib


class Worker:
    def __init__(self, connection: socket.socket) -> None:
        self.file = connection.makefile("rb")

    def task(self):
        return json.load(self.file)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        with open("job", "rb") as file:
            job = pickle.Unpickler(file).load()
        self.wfile.write(str(job).encode())


def restore(packed):
    return marshal.loads(zlib.decompress(packed))


def serve(stored):
    restore(stored)
