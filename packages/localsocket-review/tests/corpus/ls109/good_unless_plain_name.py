import socket


def serve(connection: socket.socket) -> bytes:
    name = connection.recv(100, socket.MSG_WAITALL).decode()
    if "/" in name or ".." in name:
        return b"no"
    with open(f"/srv/files/{name}", "rb") as file:
        return file.read()
