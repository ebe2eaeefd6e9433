import socket


def send_all(connection: socket.socket, data: bytes) -> None:
    view = memoryview(data)
    while len(view) > 0:
        sent = connection.send(view)  # expect: LS207
        if sent == 0:
            break
        view = view[sent:]


def greet(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        send_all(connection, b"hello\n")
