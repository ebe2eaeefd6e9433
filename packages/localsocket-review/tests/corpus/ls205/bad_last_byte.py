import socket


def take(connection: socket.socket) -> bytes:
    pieces = []
    while True:
        piece = connection.recv(4096)  # expect: LS205
        if not piece:
            raise EOFError
        pieces.append(piece)
        if piece == b"stop":
            break
    return b"".join(pieces)
