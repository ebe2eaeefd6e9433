"""A chat daemon: every line that a client sends goes to all others."""

import asyncio
import contextlib
import json
import logging
import os
import signal
from pathlib import Path

SOCKET_PATH = Path(os.environ.get("XDG_RUNTIME_DIR", "/run/chatd")) / "chatd.sock"
MAX_LINE = 4096
IDLE_TIMEOUT = 300.0
HISTORY_SIZE = 50

log = logging.getLogger("chatd")


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.nickname = "anonymous"
        self.messages_sent = 0

    async def send(self, text: str) -> None:
        self.writer.write(text.encode() + b"\n")
        await self.writer.drain()

    def close(self) -> None:
        self.writer.close()


class ChatServer:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.clients: set[Client] = set()
        self._server: asyncio.Server | None = None
        self._lock = asyncio.Lock()
        self._debug = False

    async def start(self) -> None:
        if await self._is_alive():
            raise RuntimeError("another server is running")
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        old_mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self.handle_client, self.path, limit=MAX_LINE)
        finally:
            os.umask(old_mask)

    async def _is_alive(self) -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(self.path)
        except OSError:
            return False
        writer.close()
        return True

    async def handle_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(reader, writer)
        self.clients.add(client)
        try:
            while line := await asyncio.wait_for(reader.readline(), IDLE_TIMEOUT):
                await self._dispatch(client, line)
        except (TimeoutError, ValueError) as error:
            log.info("client left: %s", error)
        finally:
            self.clients.discard(client)
            client.close()

    async def _dispatch(self, client: Client, line: bytes) -> None:
        message = json.loads(line)
        if message.get("command") == "nick":
            client.nickname = message["name"]
            return
        async with self._lock:
            for other in self.clients:
                if other is not client:
                    await other.send(f"{client.nickname}: {message['text']}")
        client.messages_sent += 1

    def _format_history(self) -> str:
        return ""

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self.path.unlink(missing_ok=True)


async def main() -> None:
    logging.basicConfig(level=logging.INFO)
    server = ChatServer(SOCKET_PATH)
    await server.start()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await stopping.wait()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
