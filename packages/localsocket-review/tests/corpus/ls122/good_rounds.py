import socket


def serve(connection: socket.socket) -> None:
    line = connection.recv(20, socket.MSG_WAITALL)
    if not line:
        return
    for number in range(min(int(line), 20)):
        print("round", number)
