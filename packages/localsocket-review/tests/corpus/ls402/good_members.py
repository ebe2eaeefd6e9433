import socket


class Client:
    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(2)
        self._socket.connect(path)
        self.server_path = path
        self.bytes_sent = 0
        self.last_answer = b""

    def ask(self, question):
        self._socket.sendall(question)
        self.bytes_sent += len(question)
        self.last_answer = self._socket.makefile("rb").readline(4096)
        return self.last_answer
