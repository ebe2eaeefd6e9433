import os
import socketserver

from PySide6.QtNetwork import QLocalServer


class Service(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline(4096))


def serve(path):
    os.umask(0)  # expect: LS101, LS103
    with socketserver.UnixStreamServer(path, Service) as server:
        server.serve_forever()


class Window(QLocalServer):
    def start(self, name):
        self.setSocketOptions(QLocalServer.SocketOption.WorldAccessOption)  # expect: LS101
        if not self.listen(name):
            raise OSError(self.errorString())
