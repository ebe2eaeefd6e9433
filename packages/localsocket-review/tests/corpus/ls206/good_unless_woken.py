import asyncio
import socket


class Server:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.is_running = True

    def run(self) -> None:
        while self.is_running:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                break
            connection.close()

    def stop(self) -> None:
        self.is_running = False
        self.listener.shutdown(socket.SHUT_RDWR)  # guard


async def first(path: str) -> bytes:
    connection = socket.socket(socket.AF_UNIX)
    connection.setblocking(False)
    connection.connect(path)
    try:
        return connection.recv(100)
    except BlockingIOError:
        return await asyncio.get_running_loop().sock_recv(connection, 100)
    finally:
        connection.close()
