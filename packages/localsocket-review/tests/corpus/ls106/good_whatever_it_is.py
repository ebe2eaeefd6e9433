import fcntl
import os
import socket
import stat


def open_kiosk(door, lock):
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    old = os.lstat(door)
    if stat.S_ISSOCK(old.st_mode):
        os.unlink(door)
    kiosk = socket.socket(socket.AF_UNIX)
    kiosk.bind(door)
    return kiosk
