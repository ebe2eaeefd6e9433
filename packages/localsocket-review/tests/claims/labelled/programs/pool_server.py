"""Thumbnail server: a pool of threads, one request per connection."""
import logging
import marshal
import os
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

WORKERS = 8
RECV_SIZE = 16384

log = logging.getLogger(__name__)


class ThumbnailServer:
    def __init__(self, path, workers=WORKERS):
        self.path = path
        self.pool = ThreadPoolExecutor(max_workers=workers)
        self.cache = {}
        self.requests = 0
        self.listener = None

    def start(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen()

    def run(self):
        while True:
            try:
                client, address = self.listener.accept()
            except OSError:
                break
            client.settimeout(10)
            self.pool.submit(self.serve_client, client)

    def stop(self):
        self.listener.close()
        self.pool.shutdown(wait=False)
        os.remove(self.path)

    def peer_uid(self, client):
        raw = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED,
                                struct.calcsize("3i"))
        pid, uid, gid = struct.unpack("3i", raw)
        return uid

    def serve_client(self, client):
        with client:
            if self.peer_uid(client) not in (0, os.getuid()):
                client.sendall(b"denied")
                return
            message = client.recv(RECV_SIZE)
            try:
                request = marshal.loads(message)
            except (ValueError, EOFError, TypeError):
                log.warning("bad request")
                return
            self.requests += 1
            client.sendall(marshal.dumps(self.make(request)))

    def make(self, request):
        key = (request["file"], request.get("size", 128))
        if key not in self.cache:
            self.cache[key] = self.render(*key)
        return self.cache[key]

    def render(self, file, size):
        with open(file, "rb") as stream:
            return stream.read(size)


def main(argv):
    if len(argv) != 2:
        print("usage: pool_server.py PATH", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.WARNING)
    server = ThumbnailServer(argv[1])
    server.start()
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
