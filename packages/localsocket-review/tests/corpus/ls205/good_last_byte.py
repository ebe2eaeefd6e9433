import socket


def take(connection: socket.socket) -> bytes:
    pieces, last = [], b""
    while last != b";":
        piece = connection.recv(4096)
        if not piece:
            raise EOFError
        pieces.append(piece)
        last = piece[-1:]
    return b"".join(pieces)
