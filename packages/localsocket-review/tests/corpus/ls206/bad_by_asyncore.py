import asyncore
import socket
import time


class Session(asyncore.dispatcher):
    def handle_read(self):
        data = self.recv(4096)
        if data:
            time.sleep(2)  # expect: LS206
            self.finished = True


def serve(path):
    door = asyncore.dispatcher()
    door.create_socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(path)
