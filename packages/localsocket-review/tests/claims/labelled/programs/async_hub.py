"""Chat hub: every line a member sends goes to all the other members."""
import asyncio
import contextlib
import grp
import logging
import os
import stat
import time

PATH = "/run/hub/hub.sock"
IDLE_TIMEOUT = 90.0
LINE_LIMIT = 8192

log = logging.getLogger("hub")


class Member:
    def __init__(self, name, writer):
        self.name = name
        self.writer = writer
        self.joined = time.monotonic()

    def say(self, text):
        self.writer.write(text.encode("utf-8") + b"\n")


class Hub:
    def __init__(self):
        self.members = {}
        self.sent = 0

    def join(self, member):
        if member.name in self.members:
            return False
        self.members[member.name] = member
        return True

    def leave(self, name):
        self.members.pop(name, None)

    def broadcast(self, sender, text):
        for member in self.members.values():
            if member.name != sender:
                member.say(f"{sender}: {text}")
                self.sent += 1

    async def on_client(self, reader, writer):
        name = None
        try:
            name = (await reader.readline()).decode().strip()
            member = Member(name, writer)
            if not self.join(member):
                writer.write(b"name taken\n")
                await writer.drain()
                return
            while True:
                line = await asyncio.wait_for(reader.readline(), IDLE_TIMEOUT)
                if not line:
                    break
                self.broadcast(name, line.decode("utf-8", "replace").rstrip())
        except asyncio.TimeoutError:
            log.info("%s was idle for too long", name)
        finally:
            self.leave(name)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def report(self, interval=30):
        while True:
            await asyncio.sleep(interval)
            log.info("%d members, %d lines sent", len(self.members), self.sent)


async def main():
    hub = Hub()
    server = await asyncio.start_unix_server(
        hub.on_client, path=PATH, limit=LINE_LIMIT, backlog=64)
    os.chmod(PATH, 0o660)
    asyncio.create_task(hub.report())
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
