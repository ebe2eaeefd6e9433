"""Both faces keep the contracts that the package offers to others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from contracts import BlockingFace, EventFace, listener_contract, stream_contract
from localsocket import EventSocket, Handler, LocalSocket, ServerThread
from localsocket.testing import ServerUnderTest, server_contract


@pytest.fixture(params=["blocking", "events"])
def face(request: pytest.FixtureRequest) -> Iterator[BlockingFace | EventFace]:
    if request.param == "blocking":
        yield BlockingFace()
        return
    with EventFace() as face:
        yield face


@pytest.mark.parametrize("claim", stream_contract)
def test_streams(claim: Callable[[object], None], face: BlockingFace | EventFace) -> None:
    claim(face)


@pytest.mark.parametrize("claim", listener_contract)
def test_listeners(claim: Callable[[object], None], face: BlockingFace | EventFace) -> None:
    claim(face)


class Echo(Handler):
    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


def echo(socket: LocalSocket) -> None:
    while data := socket.read():
        socket.write(data)


@pytest.mark.parametrize("handler", [Echo(), echo], ids=["events", "threads"])
@pytest.mark.parametrize("claim", server_contract)
def test_servers(claim: Callable[[object], None], handler: Handler | Callable[[LocalSocket], object]) -> None:
    with ServerThread("contract.echo", handler):
        claim(ServerUnderTest("contract.echo", b"hello\n", b"hello\n"))
