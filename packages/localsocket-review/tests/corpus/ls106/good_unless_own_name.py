import os
import socket
import tempfile


def serve_and_link(name):
    own = f"{name}.{os.getpid()}"
    try:
        os.unlink(own)
    except FileNotFoundError:
        pass
    server = socket.socket(socket.AF_UNIX)
    server.bind(own)
    os.link(own, name)
    return server


class Workers:
    def __init__(self, directory=None):
        self.path = os.path.join(directory or tempfile.mkdtemp(), "worker.sock")

    def serve(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        server = socket.socket(socket.AF_UNIX)
        server.bind(self.path)
        return server
