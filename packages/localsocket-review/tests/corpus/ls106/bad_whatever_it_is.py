import fcntl
import os
import socket


def open_kiosk(door, lock):
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    old = os.stat(door)
    if old.st_mode & 0o200:
        os.unlink(door)  # expect: LS106
    kiosk = socket.socket(socket.AF_UNIX)
    kiosk.bind(door)
    return kiosk
