import asyncio
import os
import socket
from socket import AF_UNIX, SOCK_STREAM

import zmq

PREFIX = os.path.join(os.environ["XDG_RUNTIME_DIR"], "editor")


async def handle(reader, writer):
    writer.close()


def serve():
    server = socket.socket(AF_UNIX, SOCK_STREAM)
    server.bind(f"{PREFIX}.control")
    server.listen()
    return server


async def serve_asyncio(name):
    return await asyncio.start_unix_server(handle, PREFIX + name)


def publish():
    publisher = zmq.Context.instance().socket(zmq.PUB)
    publisher.bind(f"ipc://{PREFIX}-prices")
    return publisher
