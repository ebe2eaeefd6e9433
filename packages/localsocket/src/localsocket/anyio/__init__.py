r"""The anyio API, for asyncio and Trio: local sockets are anyio ByteStreams, and servers are anyio Listeners.

    from anyio.streams.text import TextStream

    import localsocket.anyio

    async def main() -> None:
        async with localsocket.anyio.connect("demo.echo") as socket:
            await TextStream(socket).send("hello\n")
            print(await socket.read_line(timeout=1))

Anything that accepts an anyio stream or listener accepts these, and gets anyio's errors, with ours as their cause.
Everything else has the same name and meaning as in the other APIs. Use the objects of a loop in the thread of that
loop.
"""

try:
    import anyio  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError("localsocket.anyio needs anyio: pip install 'localsocket[anyio]'", name=error.name) from error

from localsocket.anyio.connect import adopt, connect, pair
from localsocket.anyio.local_server import LocalServer, listen
from localsocket.anyio.local_socket import LocalSocket, LocalSocketAttribute
from localsocket.awaited.opening import Opening

__all__ = ["LocalServer", "LocalSocket", "LocalSocketAttribute", "Opening", "adopt", "connect", "listen", "pair"]
