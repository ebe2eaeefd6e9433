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
        for line in self.connection.makefile("rb"):
            request = json.loads(line)
            print(request)

    def once(self) -> None:
        command = self.connection.makefile("r").readline(64).strip()
        if command in self.handlers:
            self.handlers[command]()


def is_answer_yes(connection: socket.socket) -> bool:
    buffer = bytearray(3)
    count = connection.recv_into(buffer, 3, socket.MSG_WAITALL)
    if count < 3:
        raise EOFError
    return bytes(buffer).startswith(b"yes")
