import socket
import time


def serve(connection: socket.socket) -> None:
    line = connection.recv(20, socket.MSG_WAITALL)
    if not line:
        return
    pause = float(line)
    if not 0 <= pause <= 5:
        raise ValueError(pause)
    time.sleep(pause)
