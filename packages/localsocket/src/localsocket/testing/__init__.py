"""For your own tests: connected pairs, peers that misbehave, and contracts that all keep who do the same.

There is a contract for streams, listeners, message sockets, services with their clients, and servers of any kind.

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

from localsocket.testing.aio_face import AioFace
from localsocket.testing.background import FOREVER, PATIENCE, Background, wait_until
from localsocket.testing.both_ways_claims import BothWaysFace, both_ways_contract
from localsocket.testing.contracts import (
    ClientUnderTest,
    Contract,
    ListenerFace,
    ListenerUnderTest,
    MessageFace,
    MessagesUnderTest,
    ServiceFace,
    StreamFace,
    StreamUnderTest,
    raises,
)
from localsocket.testing.faces import BlockingFace, EventFace
from localsocket.testing.listener_claims import listener_contract
from localsocket.testing.message_claims import message_contract
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
from localsocket.testing.service_claims import service_contract
from localsocket.testing.service_faces import ServingInLoop, ServingInThread
from localsocket.testing.stream_claims import stream_contract

__all__ = [
    "EVERY_MISBEHAVIOUR",
    "FOREVER",
    "PATIENCE",
    "AioFace",
    "Background",
    "BlockingFace",
    "BothWaysFace",
    "ClientUnderTest",
    "Contract",
    "DeafPeer",
    "EventFace",
    "FloodingPeer",
    "ListenerFace",
    "ListenerUnderTest",
    "MessageFace",
    "MessagesUnderTest",
    "MisbehavingPeer",
    "ResettingPeer",
    "ServerUnderTest",
    "ServiceFace",
    "ServingInLoop",
    "ServingInThread",
    "SilentPeer",
    "StreamFace",
    "StreamUnderTest",
    "TricklingPeer",
    "VanishingPeer",
    "both_ways_contract",
    "clog",
    "clogged_pair",
    "connected_pair",
    "listener_contract",
    "message_contract",
    "raises",
    "server_contract",
    "service_contract",
    "set_kernel_buffer",
    "stream_contract",
    "wait_until",
]
