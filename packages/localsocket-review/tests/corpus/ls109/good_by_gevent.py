import os

from gevent import socket
from gevent.server import StreamServer


def serve(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(16)
    StreamServer(listener, answer).serve_forever()


def answer(connection, address):
    name = connection.recv(200).decode()
    os.remove("/var/lib/notes/" + os.path.basename(name))
