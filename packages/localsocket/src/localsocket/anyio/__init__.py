"""The anyio face, for asyncio and Trio: local sockets that are anyio's ByteStream, and servers that are its Listener.

    from anyio.streams.text import TextStream

    import localsocket.anyio

    async def main() -> None:
        async with localsocket.anyio.connect("demo.echo") as socket:
            await TextStream(socket).send("hello\n")
            print(await socket.read_line(timeout=1))

What takes an anyio stream or listener takes these, and meets anyio's errors there, with ours as their cause. All the
rest has the name and the meaning that it has on the other faces. What belongs to a loop is used from its thread.
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
