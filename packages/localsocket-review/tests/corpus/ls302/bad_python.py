import socket


def line(connection: socket.socket) -> bytes:
    text = b""
    while not text.endswith(b"\n"):
        byte = connection.recv(1)  # expect: LS302
        if not byte:
            break
        text += byte
    return text


def collect(connection: socket.socket) -> bytes:
    data = b""
    while piece := connection.recv(4096):
        data = data + piece  # expect: LS302
    return data


def send(connection: socket.socket, data: bytes) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))  # expect: LS302
