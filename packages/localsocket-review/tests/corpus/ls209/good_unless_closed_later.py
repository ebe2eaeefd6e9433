import asyncio
import atexit
import contextlib
import socket
import unittest
import weakref


class CounterTest(unittest.TestCase):
    def test_one_comes(self):
        counter = socket.socket(socket.AF_UNIX)
        self.addCleanup(counter.close)
        counter.bind(self.id())
        counter.listen()
        counter.accept()[0].close()


class Counter:
    def __init__(self, hear, ready):
        self.hear = hear
        self.ready = ready
        self.running = None

    async def begin(self):
        beginning = asyncio.start_unix_server(self.hear, sock=self.ready)
        self.running = await beginning

    async def end(self):
        self.running.close()
        await self.running.wait_closed()


class Kept:
    def __init__(self, path):
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(path)
        self.door.listen()
        weakref.finalize(self, self.door.close)

    def stop(self):
        return self.door.accept()


def until_the_end(path):
    door = socket.socket(socket.AF_UNIX)
    atexit.register(door.close)
    door.bind(path)
    door.listen()
    return door.accept()


async def with_others(path, hear):
    async with contextlib.AsyncExitStack() as stack:
        running = await asyncio.start_unix_server(hear, path)
        stack.callback(running.close)
        await asyncio.sleep(60)


async def for_a_minute(path, hear):
    beginning = asyncio.start_unix_server(hear, path)
    running = await beginning
    async with running:
        await asyncio.sleep(60)
