"""A small key-value store behind a Unix socket.

Requests are single JSON lines, for instance {"op": "get", "key": "a"}.
"""
import json
import os
import signal
import socket
import struct
import sys

SOCKET_PATH = "/tmp/kvstore.sock"
MAX_LINE = 4096
BACKLOG = 16


class Store:
    def __init__(self):
        self._data = {}
        self.hits = 0

    def get(self, key):
        self.hits += 1
        return self._data.get(key)

    def put(self, key, value):
        self._data[key] = value

    def drop(self, key):
        del self._data[key]


def open_listener(path, backlog=BACKLOG):
    """Bind a socket at path and return it, listening."""
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old_mask = os.umask(0o177)
    listener.bind(path)
    os.umask(old_mask)
    listener.listen(backlog)
    return listener


def read_line(connection):
    buffer = b""
    while not buffer.endswith(b"\n"):
        piece = connection.recv(512)
        if not piece:
            return None
        buffer += piece
        if len(buffer) > MAX_LINE:
            raise ValueError("request too long")
    return buffer


def answer(store, line):
    request = json.loads(line)
    op = request["op"]
    if op == "get":
        return {"ok": True, "value": store.get(request["key"])}
    if op == "put":
        store.put(request["key"], request["value"])
        return {"ok": True}
    if op == "drop":
        store.drop(request["key"])
        return {"ok": True}
    return {"ok": False, "error": "unknown op"}


def handle(connection, store):
    while True:
        line = read_line(connection)
        if line is None:
            break
        reply = answer(store, line)
        connection.send(json.dumps(reply).encode() + b"\n")
    connection.close()


def serve(path):
    listener = open_listener(path)
    store = Store()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            connection, _ = listener.accept()
            handle(connection, store)
    finally:
        listener.close()
        os.unlink(path)


if __name__ == "__main__":
    serve(sys.argv[1] if len(sys.argv) > 1 else SOCKET_PATH)
