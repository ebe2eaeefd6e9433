import json
from socket import AF_UNIX, socket

PATIENCE = 5


class Control:
    def __init__(self, server: socket) -> None:
        self.server = server
        self.done = 0

    def serve(self) -> None:
        try:
            while self.done < 1000:
                connection, _ = self.server.accept()
                connection.settimeout(PATIENCE)
                self.answer(connection)
                connection.close()
        except KeyboardInterrupt:
            self.server.close()

    def answer(self, connection: socket) -> None:
        line = connection.makefile().readline(4096)
        try:
            order = json.loads(line)
        except ValueError:
            return
        if isinstance(order, dict) and isinstance(order.get("steps"), dict):
            self.done += order["steps"].get("count", 1)


def main() -> None:
    Control(socket(AF_UNIX)).serve()


main()
