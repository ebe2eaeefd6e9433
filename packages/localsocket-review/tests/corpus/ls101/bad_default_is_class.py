import os
import socket


class Settings:
    path = "/run/notes.sock"
    mode = 0o777


def listening(settings=Settings):
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), settings.mode)  # expect: LS101
    server.bind(settings.path)
    server.listen()
    return server
