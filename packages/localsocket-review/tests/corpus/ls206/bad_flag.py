import socket
import threading


class Server:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.is_running = True
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while self.is_running:
            connection, _ = self.listener.accept()  # expect: LS206
            connection.sendall(b"busy\n")
            connection.close()

    def stop(self) -> None:
        self.is_running = False
        self.thread.join()


def receive(connection: socket.socket, stopping: threading.Event) -> None:
    while not stopping.is_set():
        data = connection.recv(100)  # expect: LS206
        if not data:
            return
        print(data)
