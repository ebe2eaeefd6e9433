import asyncio


class Room:
    def __init__(self) -> None:
        self.guests: dict[str, asyncio.StreamWriter] = {}

    def enter(self, name: str, writer: asyncio.StreamWriter) -> None:
        self.guests[name] = writer

    async def say(self, line: bytes) -> None:
        for name, guest in self.guests.items():
            guest.writelines([name.encode(), line])
            await guest.drain()
