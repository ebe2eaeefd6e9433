import select
import socket


def serve(path: str) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    lines: dict[socket.socket, bytes] = {}
    while True:
        ready, _, _ = select.select([server, *lines], [], [])
        for one in ready:
            if one is server:
                lines[server.accept()[0]] = b""
                continue
            more = one.recv(512)
            lines[one] += more
            if not more:
                del lines[one]
                one.close()
