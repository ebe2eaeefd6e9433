import os
import socketserver


class Handler(socketserver.StreamRequestHandler):
    timeout = 3

    def handle(self):
        self.wfile.write(b"hello\n")


class Server(socketserver.UnixStreamServer):
    def server_bind(self):
        os.fchmod(self.fileno(), 0o600)
        super().server_bind()


with Server("/opt/example/door", Handler) as server:
    server.serve_forever()
