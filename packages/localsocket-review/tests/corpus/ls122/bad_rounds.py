import socket


def serve(connection: socket.socket) -> None:
    line = connection.recv(20, socket.MSG_WAITALL)
    if not line:
        return
    for number in range(int(line)):  # expect: LS122
        print("round", number)
