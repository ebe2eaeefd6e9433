import asyncio


class Lines(asyncio.Protocol):
    def __init__(self) -> None:
        self.pending = b""

    def data_received(self, data: bytes) -> None:
        self.pending += data
        *lines, self.pending = self.pending.split(b"\n")
        for line in lines:
            print(line)
