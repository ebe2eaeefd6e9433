import socket


def serve(connection: socket.socket) -> None:
    line = connection.recv(20, socket.MSG_WAITALL)
    if not line:
        return
    for number in range(int(line)):
        part = connection.recv(10, socket.MSG_WAITALL)
        print(number, len(part))
