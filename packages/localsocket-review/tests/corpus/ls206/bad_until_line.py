import select
import socket


def line_of(connection: socket.socket) -> bytes:
    line = b""
    while b"\n" not in line:
        more = connection.recv(512)  # expect: LS206
        if not more:
            return b""
        line += more
    return line


def serve(path: str) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    connections: list[socket.socket] = []
    while True:
        ready, _, _ = select.select([server, *connections], [], [])
        for one in ready:
            if one is server:
                connections.append(server.accept()[0])
            elif not line_of(one):
                connections.remove(one)
                one.close()
