import fcntl
import socketserver
from pathlib import Path


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())


class Service:
    def __init__(self, runtime: Path):
        self.path = runtime / "service"
        self.lock = (runtime / "service.lock").open("w")

    def run(self):
        fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # guard
        self.path.unlink(missing_ok=True)
        with socketserver.ThreadingUnixStreamServer(str(self.path), Echo) as server:
            server.serve_forever()
