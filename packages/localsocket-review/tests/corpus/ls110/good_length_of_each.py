import json
import socket


def table(connection: socket.socket) -> str:
    entries = json.loads(connection.makefile("rb").readline())
    width = max([len(entry["name"]) for entry in entries])
    return " " * width
