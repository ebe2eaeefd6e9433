import os
import socket

DEFAULTS = {"mode": 0o600}


class Kiosk:
    mode = 0o600


def open_by_dictionary(path, given):
    door = socket.socket(socket.AF_UNIX)
    os.fchmod(door.fileno(), given.get("mode", DEFAULTS["mode"]))
    door.bind(path)
    door.listen()


def open_by_class(path):
    door = socket.socket(socket.AF_UNIX)
    os.fchmod(door.fileno(), Kiosk.mode)
    door.bind(path)
    door.listen()


def open_by_environment(path):
    door = socket.socket(socket.AF_UNIX)
    os.fchmod(door.fileno(), int(os.environ.get("KIOSK_MODE", "0600"), 8))
    door.bind(path)
    door.listen()
