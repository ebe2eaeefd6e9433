import os
import socketserver


class Handler(socketserver.StreamRequestHandler):
    timeout = 3

    def handle(self):
        self.wfile.write(b"hello\n")


class Server(socketserver.UnixStreamServer):
    def server_bind(self):
        mask = os.umask(0o177)  # expect: LS103
        super().server_bind()
        os.umask(mask)


with Server("/opt/example/door", Handler) as server:
    server.serve_forever()
