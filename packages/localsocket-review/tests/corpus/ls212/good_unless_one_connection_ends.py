import asyncio
import json
import os
import socket
import socketserver
import threading

PATIENCE = 5


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        order = json.loads(self.rfile.readline(4096))
        print(order["kind"])


def answer(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as lines:
        order = json.loads(lines.readline(4096))
        print(order["kind"])


def serve_in_threads(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=answer, args=(connection,)).start()


def serve_one_by_one(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        try:
            answer(connection)
        except Exception as error:
            print("refused:", error)


async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    order = json.loads(await reader.readline())
    print(order["kind"])
    writer.close()


os.umask(0o077)
