import selectors
import socket


def serve(server: socket.socket, ready: selectors.BaseSelector) -> None:
    ready.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            if key.fileobj is server:
                connection, _ = server.accept()
                ready.register(connection, selectors.EVENT_READ, connection)
                continue
            piece = key.data.recv(4096)
            if not piece:
                ready.unregister(key.data)
                key.data.close()
            else:
                print(piece.hex())


def main(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as ready:
        server.bind(path)
        server.listen()
        serve(server, ready)
