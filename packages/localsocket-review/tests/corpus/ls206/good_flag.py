import socket
import threading


class Server:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.listener.settimeout(0.5)
        self.is_running = True
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while self.is_running:
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            connection.sendall(b"busy\n")
            connection.close()

    def stop(self) -> None:
        self.is_running = False
        self.thread.join()


def receive(connection: socket.socket, stopping: threading.Event) -> None:
    connection.settimeout(0.5)
    while not stopping.is_set():
        try:
            data = connection.recv(100)
        except TimeoutError:
            continue
        if not data:
            return
        print(data)
