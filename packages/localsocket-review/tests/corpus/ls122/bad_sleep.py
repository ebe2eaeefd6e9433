import socket
import time


def serve(connection: socket.socket) -> None:
    line = connection.recv(20, socket.MSG_WAITALL)
    if not line:
        return
    pause = float(line)
    time.sleep(pause)  # expect: LS122
