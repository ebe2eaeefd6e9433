import os
import socketserver

from PySide6.QtNetwork import QLocalServer


class Service(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline(4096))


def serve(directory):
    os.mkdir(directory, mode=0o700)
    with socketserver.UnixStreamServer(os.path.join(directory, "service"), Service) as server:
        server.serve_forever()


class Window(QLocalServer):
    def start(self, name):
        self.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        if not self.listen(name):
            raise OSError(self.errorString())
