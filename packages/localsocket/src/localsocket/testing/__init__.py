"""For your own tests: connected pairs, peers that misbehave, and the contract that servers of any kind keep.

Works with any test runner, or none. The helpers clean up after themselves, so that a test that fails leaves nothing
behind that makes the next one fail.

    from localsocket.testing import DeafPeer, ServerUnderTest, connected_pair, server_contract

    def test_my_protocol():
        with connected_pair() as (client, server):
            client.write(b"ping\\n")
            assert server.read_line(timeout=1) == b"ping"

    def test_my_server():
        with MyServer("my.server"):
            server_contract.check(ServerUnderTest("my.server", b"ping\\n", b"pong\\n"))
"""

from localsocket.testing.background import FOREVER, PATIENCE, Background, wait_until
from localsocket.testing.contract import Contract, raises
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

__all__ = [
    "EVERY_MISBEHAVIOUR",
    "FOREVER",
    "PATIENCE",
    "Background",
    "Contract",
    "DeafPeer",
    "FloodingPeer",
    "MisbehavingPeer",
    "ResettingPeer",
    "ServerUnderTest",
    "SilentPeer",
    "TricklingPeer",
    "VanishingPeer",
    "clog",
    "clogged_pair",
    "connected_pair",
    "raises",
    "server_contract",
    "set_kernel_buffer",
    "wait_until",
]
