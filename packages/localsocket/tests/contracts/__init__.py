"""What every face of this package keeps: claims about streams, listeners, message sockets, and services with clients.

@pytest.mark.parametrize("claim", stream_contract)
def test_streams(claim):
    claim(BlockingFace())
"""

from contracts.aio_face import AioFace
from contracts.both_ways_claims import BothWaysFace, both_ways_contract
from contracts.faces import BlockingFace, EventFace
from contracts.listener_claims import listener_contract
from contracts.message_claims import message_contract
from contracts.service_claims import service_contract
from contracts.service_faces import ServingInLoop, ServingInThread
from contracts.stream_claims import stream_contract
from contracts.subjects import (
    ClientUnderTest,
    ListenerFace,
    ListenerUnderTest,
    MessageFace,
    MessagesUnderTest,
    ServiceFace,
    StreamFace,
    StreamUnderTest,
)

__all__ = [
    "AioFace",
    "BlockingFace",
    "BothWaysFace",
    "ClientUnderTest",
    "EventFace",
    "ListenerFace",
    "ListenerUnderTest",
    "MessageFace",
    "MessagesUnderTest",
    "ServiceFace",
    "ServingInLoop",
    "ServingInThread",
    "StreamFace",
    "StreamUnderTest",
    "both_ways_contract",
    "listener_contract",
    "message_contract",
    "service_contract",
    "stream_contract",
]
