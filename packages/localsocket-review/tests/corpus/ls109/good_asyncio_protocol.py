import ast
import asyncio
import sqlite3

FILES = {b"today\n": "today.txt"}


class Rows(asyncio.Protocol):
    def __init__(self) -> None:
        self.database = sqlite3.connect("rows.db")
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        name = self.received.decode()
        self.database.execute("SELECT * FROM rows WHERE name = ?", (name,))
        self.received = b""


async def calculate(reader, writer):
    line = await reader.readline()
    writer.write(str(ast.literal_eval(line)).encode())
    with open("/srv/files/" + FILES[line]) as file:
        writer.write(file.read().encode())


async def main(path):
    server = await asyncio.start_unix_server(calculate, path)
    await server.serve_forever()
