import json
import socket


class Server:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.handlers = {"status": self.status, "stop": self.stop}

    def status(self) -> None:
        self.connection.sendall(b"running\n")

    def stop(self) -> None:
        self.connection.close()

    def serve(self) -> None:
        while True:
            data = self.connection.recv(4096)  # expect: LS205
            if not data:
                break
            request = json.loads(data.decode())
            print(request)

    def once(self) -> None:
        command = self.connection.recv(64).decode().strip()  # expect: LS205
        if command in self.handlers:
            self.handlers[command]()


def is_answer_yes(connection: socket.socket) -> bool:
    buffer = bytearray(16)
    count = connection.recv_into(buffer)  # expect: LS205
    if count == 0:
        raise EOFError
    return bytes(buffer).startswith(b"yes")
