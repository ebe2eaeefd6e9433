import os
import socket
import struct

NAME = b"\0" + b"editor"


class Client:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(NAME)
        answer = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if struct.unpack("3i", answer)[1] != os.getuid():
            raise PermissionError(NAME)
