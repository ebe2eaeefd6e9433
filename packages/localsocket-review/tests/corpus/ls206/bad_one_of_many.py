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
            head = key.data.recv(8, socket.MSG_WAITALL)  # expect: LS206
            if len(head) < 8:
                ready.unregister(key.data)
                key.data.close()
            else:
                print(head.hex())


def main(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as ready:
        server.bind(path)
        server.listen()
        serve(server, ready)
