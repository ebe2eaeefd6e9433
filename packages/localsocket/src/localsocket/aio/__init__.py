r"""The asyncio API: the same local sockets and servers, awaited. Runs on asyncio's own loop and on uvloop.

    from localsocket import aio

    async def echo(socket: aio.LocalSocket) -> None:
        async for line in socket:
            await socket.write(line + b"\n")

    async with aio.serve("demo.echo", echo), aio.connect("demo.echo") as socket:
        await socket.write(b"hello\n")
        print(await socket.read_line(timeout=1))

Await `connect`, `listen` and `serve`, or enter them with `async with`, which also closes what they opened. Everything
else has the same name and meaning as in the blocking API. Use the objects of a loop in the thread of that loop.
"""

from localsocket.aio.children import Child, inherited, serve_socket, spawn
from localsocket.aio.client import Client
from localsocket.aio.connect import adopt, connect, pair
from localsocket.aio.local_server import LocalServer, listen
from localsocket.aio.local_socket import LocalSocket
from localsocket.aio.message_socket import MessageSocket, connect_messages
from localsocket.aio.pending_call import Stream
from localsocket.aio.publish import publish
from localsocket.aio.serve import Serving, serve
from localsocket.aio.subscription import Subscription
from localsocket.awaited.opening import Opening

__all__ = [
    "Child",
    "Client",
    "LocalServer",
    "LocalSocket",
    "MessageSocket",
    "Opening",
    "Serving",
    "Stream",
    "Subscription",
    "adopt",
    "connect",
    "connect_messages",
    "inherited",
    "listen",
    "pair",
    "publish",
    "serve",
    "serve_socket",
    "spawn",
]
