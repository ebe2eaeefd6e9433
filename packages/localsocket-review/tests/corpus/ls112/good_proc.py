import logging
import os
import socket
import struct


def credentials(connection):
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, gid = struct.unpack("3i", packed)
    return pid, uid


def is_ours(connection):
    pid, uid = credentials(connection)
    logging.info("process %d of user %d", pid, uid)
    return uid == os.getuid()


class Guard:
    TRUSTED = {0, 1000}

    def admits(self, connection: socket.socket) -> bool:
        answer = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return self.command(os.getpid()) is not None and answer[1] in self.TRUSTED

    def command(self, number: int) -> str:
        with open(f"/proc/{number}/cmdline") as file:
            return file.read()
