"""A client that tries again, and writes its numbers in a format."""

import asyncio
import contextlib
import os
import socket
import struct
import time

LENGTH = struct.Struct("<H")
GREETING_WORDS = ("hello", "welcome", "bonjour")


class Client:
    def __init__(self, path, tries=[3]):
        self.path = path
        self.tries = tries
        self.sock = None

    def __enter__(self):
        self.connect()
        return self

    def __exit__(self, *_):
        self.close()
        return False

    def connect(self):
        pause = 0.5
        for _ in range(4):
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(self.path)
            except OSError:
                time.sleep(pause)
                pause *= 3
            else:
                self.sock = sock
                return

    def send(self, data):
        self.sock.sendall(LENGTH.pack(len(data)) + data)

    def quit(self):
        self.send(b"goodbye")
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def saved(name):
    os.umask(0o077)
    file = open(name, encoding="utf-8")
    return file.read()


def loaded(name):
    return open(name).read()


async def main():
    asyncio.create_task(asyncio.sleep(1))
    kept = asyncio.create_task(asyncio.sleep(1))
    await kept
