import asyncore
import socket


class Session(asyncore.dispatcher):
    def handle_read(self):
        data = self.recv(4096)
        if data:
            self.finished = True


def serve(path):
    door = asyncore.dispatcher()
    door.create_socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(path)
