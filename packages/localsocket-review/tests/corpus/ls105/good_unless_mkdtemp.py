import os
import socket
import tempfile


def serve():
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.join(tempfile.mkdtemp(), "control"))
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        other = socket.socket(socket.AF_UNIX)
        other.bind(f"{directory}/control")
    return server
