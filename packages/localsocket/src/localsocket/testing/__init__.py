r"""For your own tests: connected pairs, peers that misbehave, and the contract that servers of every kind keep.

Works with any test runner, or none. The helpers clean up after themselves, so a failing test leaves nothing behind that
makes the next one fail.

    from localsocket.testing import DeafPeer, ServerUnderTest, connected_pair, server_contract

    def test_my_protocol():
        with connected_pair() as (client, server):
            client.write(b"ping\n")
            assert server.read_line(timeout=1) == b"ping"

    def test_my_server():
        with MyServer("my.server"):
            server_contract.check(ServerUnderTest("my.server", b"ping\n", b"pong\n"))
"""

from localsocket.testing.background import FOREVER, PATIENCE, Background, wait_until
from localsocket.testing.bad_servers import (
    EVERY_BAD_SERVER,
    GarblingServer,
    MisbehavingServer,
    SilentServer,
    TricklingServer,
    UnansweringServer,
    VanishingServer,
)
from localsocket.testing.contract import Contract, raises
from localsocket.testing.directories import runtime_directory
from localsocket.testing.fakes import FakeCall, FakeService
from localsocket.testing.in_process import call
from localsocket.testing.pairs import clog, clogged_pair, connected_pair, set_kernel_buffer
from localsocket.testing.peers import (
    EVERY_MISBEHAVIOUR,
    DeafPeer,
    FloodingPeer,
    MisbehavingPeer,
    ResettingPeer,
    SilentPeer,
    TricklingPeer,
    VanishingPeer,
)
from localsocket.testing.server_claims import ServerUnderTest, server_contract
from localsocket.testing.serving import serving

__all__ = [
    "EVERY_BAD_SERVER",
    "EVERY_MISBEHAVIOUR",
    "FOREVER",
    "PATIENCE",
    "Background",
    "Contract",
    "DeafPeer",
    "FakeCall",
    "FakeService",
    "FloodingPeer",
    "GarblingServer",
    "MisbehavingPeer",
    "MisbehavingServer",
    "ResettingPeer",
    "ServerUnderTest",
    "SilentPeer",
    "SilentServer",
    "TricklingPeer",
    "TricklingServer",
    "UnansweringServer",
    "VanishingPeer",
    "VanishingServer",
    "call",
    "clog",
    "clogged_pair",
    "connected_pair",
    "raises",
    "runtime_directory",
    "server_contract",
    "serving",
    "set_kernel_buffer",
    "wait_until",
]
