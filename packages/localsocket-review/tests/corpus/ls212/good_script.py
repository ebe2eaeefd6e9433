import json
import os
import socket

PATIENCE = 5


def run(kind):
    print("kind", kind)


with socket.socket(socket.AF_UNIX) as server:
    os.fchmod(server.fileno(), 0o600)
    server.bind("/run/example/control.sock")
    server.listen()
    while True:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        with connection, connection.makefile("rb") as lines:
            try:
                order = json.loads(lines.readline(4096))
                run(order["kind"])
            except (ValueError, TypeError, KeyError):
                continue
