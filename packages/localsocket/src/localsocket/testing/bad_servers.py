"""Servers that misbehave, each in one way, for tests of your clients.

    with VanishingServer("demo.calc", service), Client("demo.calc") as client:
        with pytest.raises(ClosedByPeer):
            client.call("add", 2, 3)

Behind each there is a service, yours or a fake, which answers the client's calls; the server then spoils its answers.
All are for clients that speak localsocket's own protocol.
"""

from __future__ import annotations

import abc
import contextlib
import os
import threading
import time
from contextlib import ExitStack
from typing import Self

from localsocket.blocking.connect import connect
from localsocket.blocking.local_socket import LocalSocket
from localsocket.deadlines import check_seconds
from localsocket.errors import LocalSocketError
from localsocket.services.service import Service
from localsocket.serving.server_thread import ServerThread
from localsocket.testing.background import FOREVER, PATIENCE
from localsocket.testing.directories import private_directory
from localsocket.wire.frames import HEADER, HEADER_SIZE


class MisbehavingServer(abc.ABC):
    """Serves `address` badly, in separate threads, until its block is left; `service` knows the right answers."""

    def __init__(self, address: str | os.PathLike[str], service: Service) -> None:
        self.address = os.fspath(address)
        self._service = service
        self._entered = ExitStack()

    @abc.abstractmethod
    def misbehave(self, client: LocalSocket, service: LocalSocket) -> None:
        """Misbehave towards one client that has greeted; `service` gives what it should get.

        The connection ends when this returns.
        """

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._behind = str(stack.enter_context(private_directory()) / "socket")
            stack.enter_context(ServerThread(self._behind, self._service))
            front = ServerThread(self.address, self._serve)
            front.start()
            stack.callback(front.stop, timeout=0)
            self._entered = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._entered.close()

    def _serve(self, client: LocalSocket) -> None:
        with connect(self._behind, timeout=PATIENCE) as service:
            asking = threading.Thread(target=_pass_on, args=(client, service), name="asking", daemon=True)
            asking.start()
            try:
                with contextlib.suppress(LocalSocketError):  # the other end is gone, or all is over
                    self._meet(client, service)
            finally:
                client.abort()
                service.abort()
                asking.join()

    def _meet(self, client: LocalSocket, service: LocalSocket) -> None:
        header = service.read_exactly(HEADER_SIZE, timeout=FOREVER)  # the service's greeting differs from peer to peer
        rest = service.read_exactly(HEADER.unpack(header)[0], timeout=FOREVER)
        client.write(header + rest, timeout=PATIENCE)
        self.misbehave(client, service)


class SilentServer(MisbehavingServer):
    """Accepts connections but sends nothing, not even its greeting."""

    def _meet(self, client: LocalSocket, service: LocalSocket) -> None:
        self.misbehave(client, service)

    def misbehave(self, client: LocalSocket, service: LocalSocket) -> None:
        client.wait_disconnected(FOREVER)


class UnansweringServer(MisbehavingServer):
    """Greets, accepts every call, and never answers."""

    def misbehave(self, client: LocalSocket, service: LocalSocket) -> None:
        client.wait_disconnected(FOREVER)


class VanishingServer(MisbehavingServer):
    """Sends the first half of its first answer and is gone, like a server that is killed."""

    def misbehave(self, client: LocalSocket, service: LocalSocket) -> None:
        answer = service.read(timeout=FOREVER)
        client.write(answer[: len(answer) // 2], timeout=PATIENCE)
        client.close()


class TricklingServer(MisbehavingServer):
    """Sends its answers one byte at a time, with a pause of `pause` seconds between bytes."""

    def __init__(self, address: str | os.PathLike[str], service: Service, *, pause: float = 0.001) -> None:
        super().__init__(address, service)
        self._pause = check_seconds(pause, "pause")

    def misbehave(self, client: LocalSocket, service: LocalSocket) -> None:
        while answer := service.read(timeout=FOREVER):
            for index in range(len(answer)):
                client.write(answer[index : index + 1], timeout=FOREVER)
                time.sleep(self._pause)


class GarblingServer(MisbehavingServer):
    """Answers with bytes that mean nothing in the protocol."""

    def misbehave(self, client: LocalSocket, service: LocalSocket) -> None:
        answer = service.read(timeout=FOREVER)
        client.write(b"\xff" * max(len(answer), _NO_FRAME), timeout=PATIENCE)
        client.wait_disconnected(FOREVER)


EVERY_BAD_SERVER: tuple[type[MisbehavingServer], ...] = (
    SilentServer,
    UnansweringServer,
    VanishingServer,
    TricklingServer,
    GarblingServer,
)

_NO_FRAME = 64  # bytes: more than the header of any frame


def _pass_on(client: LocalSocket, service: LocalSocket) -> None:
    """Ask the service what the client asks."""
    with contextlib.suppress(LocalSocketError):
        while asked := client.read(timeout=FOREVER):
            service.write(asked, timeout=FOREVER)
        service.shutdown_write()
