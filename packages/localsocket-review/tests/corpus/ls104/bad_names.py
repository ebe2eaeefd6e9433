import asyncio
import socket
from socket import AF_UNIX, SOCK_STREAM

import zmq

PREFIX = "\0editor"


async def handle(reader, writer):
    writer.close()


def serve():
    server = socket.socket(AF_UNIX, SOCK_STREAM)
    server.bind(f"{PREFIX}.control")  # expect: LS104
    server.listen()
    return server


async def serve_asyncio(name):
    return await asyncio.start_unix_server(handle, "\x00" + name)  # expect: LS104


def publish():
    publisher = zmq.Context.instance().socket(zmq.PUB)
    publisher.bind("ipc://@prices")  # expect: LS104
    return publisher
