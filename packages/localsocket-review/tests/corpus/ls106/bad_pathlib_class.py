import socketserver
from pathlib import Path


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


class Service:
    def __init__(self, runtime: Path):
        self.path = runtime / "service"
        if self.path.exists():
            self.path.unlink()  # expect: LS106

    def run(self):
        with socketserver.ThreadingUnixStreamServer(str(self.path), Echo) as server:
            server.serve_forever()
