import socket


class Session:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def serve(self) -> None:
        with self.connection.makefile("r") as lines:
            for line in lines:
                name = "_order_" + line.strip() + "_now"
                order = getattr(self, name, None)
                if order is not None:
                    order()

    def _order_stop_now(self) -> None:
        self.connection.close()

    def _order_rest_now(self) -> None:
        self.connection.settimeout(60)


def main() -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("/run/user/1000/session.sock")
        server.listen()
        Session(server.accept()[0]).serve()


main()
