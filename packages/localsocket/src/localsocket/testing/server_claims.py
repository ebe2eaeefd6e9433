"""The claims about every server: whatever some peers do, the others are served. For your own servers first of all.

@pytest.mark.parametrize("claim", server_contract)
def test_my_server_serves_on(claim):
    with MyServer("my.server"):
        claim(ServerUnderTest("my.server", b"ping\\n", b"pong\\n"))
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from localsocket.blocking.connect import connect
from localsocket.errors import ClosedByPeer
from localsocket.services.failures import error_of
from localsocket.services.limits import DEFAULT_CALL_LIMITS
from localsocket.testing.background import PATIENCE
from localsocket.testing.contract import Contract
from localsocket.testing.peers import EVERY_MISBEHAVIOUR, MisbehavingPeer, SilentPeer
from localsocket.wire.caller import Caller
from localsocket.wire.greeting import Greeting

server_contract: Contract[ServerUnderTest]

_CROWD = 50


@dataclass(frozen=True)
class ServerUnderTest:
    """A running server: its address, a message to send to it, and the answer that it must give."""

    address: str | os.PathLike[str]
    message: bytes
    answer: bytes

    @classmethod
    def calling(
        cls, address: str | os.PathLike[str], method: str, /, *arguments: object, **named: object
    ) -> ServerUnderTest:
        """Return one for a service, with the bytes that call `method` and those that answer, found by calling it once.

        The method must return the same each time. Raises CallFailed or another error if the call fails.
        """
        limits = DEFAULT_CALL_LIMITS
        caller = Caller(Greeting(role="client", max_message=limits.message, stream_window=limits.stream))
        call = caller.begin(method, None, arguments, named)
        message, answer = caller.opening() + call.frame, b""
        with connect(address, timeout=PATIENCE) as socket:
            socket.write(message, timeout=PATIENCE)
            while not call.is_over:
                if not (data := socket.read(timeout=PATIENCE)):
                    raise ClosedByPeer(f"calling {method!r}")
                answer += data
                caller.feed(data)
        if call.failure is not None:
            raise error_of(call.failure, method, {})
        return cls(address, message, answer)

    def exchange(self) -> None:
        """Act as a well-behaved client once."""
        with connect(self.address, timeout=PATIENCE) as socket:
            socket.write(self.message, timeout=PATIENCE)
            assert socket.read_exactly(len(self.answer), timeout=PATIENCE) == self.answer


server_contract = Contract()


@server_contract.claim
def a_client_is_served_again_and_again(server: ServerUnderTest) -> None:
    for _ in range(10):
        server.exchange()


@server_contract.claim
def many_are_served_at_once(server: ServerUnderTest) -> None:
    with contextlib.ExitStack() as sockets:
        crowd = [sockets.enter_context(connect(server.address, timeout=PATIENCE)) for _ in range(_CROWD)]
        for socket in crowd:
            socket.write(server.message, timeout=PATIENCE)
        for socket in crowd:
            assert socket.read_exactly(len(server.answer), timeout=PATIENCE) == server.answer


@server_contract.claim
def a_crowd_of_silent_peers_keeps_nobody_waiting(server: ServerUnderTest) -> None:
    with contextlib.ExitStack() as crowd:
        for _ in range(_CROWD):
            crowd.enter_context(SilentPeer(server.address))
        server.exchange()
    server.exchange()


def _claim_about(misbehaviour: type[MisbehavingPeer]) -> Callable[[ServerUnderTest], None]:
    def claim(server: ServerUnderTest) -> None:
        with misbehaviour(server.address) as peer:
            peer.misbehave(server.message)
            server.exchange()
        server.exchange()

    claim.__name__ = f"others_are_served_beside_a_{misbehaviour.__name__.removesuffix('Peer').lower()}_peer"
    return claim


for _misbehaviour in EVERY_MISBEHAVIOUR:
    server_contract.claim(_claim_about(_misbehaviour))
