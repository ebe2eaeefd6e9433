import os
import socket
import struct


def serve():
    server = socket.socket(socket.AF_UNIX)
    server.bind("/srv/editor/control.sock")
    server.listen()
    connection, _ = server.accept()
    server.close()
    os.unlink("/srv/editor/control.sock")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))  # guard
    if uid != os.getuid():
        connection.close()
    return connection
