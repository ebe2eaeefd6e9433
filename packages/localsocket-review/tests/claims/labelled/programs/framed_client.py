"""Client of the job queue: a 4-byte big-endian length, then a JSON body."""
import json
import socket
import struct
import time
from contextlib import suppress

HEADER = struct.Struct(">I")
DEFAULT_PATH = "/run/jobs/queue.sock"


class ProtocolError(Exception):
    """The server said something that cannot be understood."""


class JobClient:
    retries = 5

    def __init__(self, path=DEFAULT_PATH, timeout=2.5):
        self.path = path
        self.timeout = timeout
        self._sock = None
        self._next_id = 1

    def __enter__(self):
        self.connect()
        return self

    def __exit__(self, exc_type, exc, tb):
        self.close()

    def connect(self):
        delay = 0.1
        for _ in range(self.retries):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(self.timeout)
            try:
                sock.connect(self.path)
            except (FileNotFoundError, ConnectionRefusedError):
                sock.close()
                time.sleep(delay)
                delay *= 2
            else:
                self._sock = sock
                return
        raise ConnectionError(f"no server at {self.path}")

    def close(self):
        if self._sock is not None:
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
            self._sock.close()
            self._sock = None

    def _recv_exact(self, count):
        parts = []
        while count > 0:
            part = self._sock.recv(min(count, 65536))
            if not part:
                raise ProtocolError("server closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _send_frame(self, body):
        self._sock.sendall(HEADER.pack(len(body)) + body)

    def _recv_frame(self):
        (size,) = HEADER.unpack(self._recv_exact(HEADER.size))
        return self._recv_exact(size)

    def call(self, method, **params):
        request = {"id": self._next_id, "method": method, "params": params}
        self._next_id += 1
        self._send_frame(json.dumps(request).encode("utf-8"))
        reply = json.loads(self._recv_frame())
        if reply.get("id") != request["id"]:
            raise ProtocolError("reply to another request")
        if "error" in reply:
            raise ProtocolError(reply["error"])
        return reply["result"]

    def submit(self, command, priority=5):
        return self.call("submit", command=command, priority=priority)

    def cancel(self, job):
        return self.call("cancel", job=job)

    def status(self, job):
        return self.call("status", job=job)

    def wait(self, job, poll=0.5):
        while True:
            state = self.status(job)
            if state in ("done", "failed"):
                return state
            time.sleep(poll)


def main():
    with JobClient() as client:
        job = client.submit("make docs")
        print(client.wait(job))


if __name__ == "__main__":
    main()
