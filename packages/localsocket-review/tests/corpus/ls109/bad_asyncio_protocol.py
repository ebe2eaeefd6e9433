import asyncio
import sqlite3


class Rows(asyncio.Protocol):
    def __init__(self) -> None:
        self.database = sqlite3.connect("rows.db")
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data  # expect: LS301
        name = self.received.decode()
        self.database.execute(f"SELECT * FROM rows WHERE name = '{name}'")  # expect: LS109


async def calculate(reader, writer):
    line = await reader.readline()
    writer.write(str(eval(line)).encode())  # expect: LS109
    with open("/srv/files/" + line.decode()) as file:  # expect: LS109
        writer.write(file.read().encode())


async def main(path):
    server = await asyncio.start_unix_server(calculate, path)
    await server.serve_forever()
