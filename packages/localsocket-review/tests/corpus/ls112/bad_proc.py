import os
import socket
import struct
from pathlib import Path


def credentials(connection):
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, gid = struct.unpack("3i", packed)
    return pid, uid


def program_of(connection):
    pid, _ = credentials(connection)
    return os.readlink(f"/proc/{pid}/exe")  # expect: LS112


class Guard:
    TRUSTED = {"/usr/bin/editor"}

    def admits(self, connection: socket.socket) -> bool:
        answer = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return self.command(answer[0]) in self.TRUSTED

    def command(self, number: int) -> str:
        return (Path("/proc") / str(number) / "cmdline").read_text()  # expect: LS112
