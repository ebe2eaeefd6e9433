import os
import socket

DEFAULTS = {"mode": 0o666}


class Kiosk:
    mode = 0o777


def open_by_dictionary(path, given):
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    os.chmod(path, given.get("mode", DEFAULTS["mode"]))  # expect: LS101
    door.listen()


def open_by_class(path):
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    os.chmod(path, Kiosk.mode)  # expect: LS101
    door.listen()


def open_by_environment(path):
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    os.chmod(path, int(os.environ.get("KIOSK_MODE", "0666"), 8))  # expect: LS101
    door.listen()
