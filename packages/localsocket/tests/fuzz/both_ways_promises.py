"""What holds of any bytes that come to an end which calls and is called on one connection."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from localsocket import Service
from localsocket.blocking import calling_back
from localsocket.blocking.served import Served
from localsocket.services.limits import CallLimits
from localsocket.wire.frames import FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import BOTH_WAYS, Greeting

if __package__:
    from fuzz.ends import End
else:  # where the fuzzer runs
    from ends import End

MAX_MESSAGE = 4096
PEER = Greeting(role="client", max_message=MAX_MESSAGE, stream_window=100, max_calls=8, capabilities=[BOTH_WAYS])
SERVICE = Service("both", limits=CallLimits(message=MAX_MESSAGE, calls=8))
OWN_CALLS = 4

# A method within an own call, one outside of any, a stream, and answers to what this end has called.
TALKED = b"".join(
    [
        encode_frame(Kind.CALL, 1, b"\x95\xa4echo\xc0\x91\x01\x80\x81\xb2localsocket.within\xa12"),
        encode_frame(Kind.REPLY, 1, b"\x05"),
        encode_frame(Kind.CALL, 2, b"\x93\xa4echo\xc0\x91\x01"),
        encode_frame(Kind.NOTIFICATION, 0, b"\x93\xa4echo\xc0\x91\x01"),
        encode_frame(Kind.STREAM, 3, b""),
        encode_frame(Kind.ITEM, 3, b"\x05"),
        encode_frame(Kind.CANCEL, 2, b""),
        encode_frame(Kind.REPLY, 2, b"\x05"),
        encode_frame(Kind.END, 3, b""),
    ]
)


@SERVICE.method
def echo(number: int) -> int:
    return number


class _CallingEnd(End):
    """It has called the peer as well."""

    def __init__(self) -> None:
        super().__init__(SERVICE, PEER)
        served = Served()
        served.socket = self  # type: ignore[assignment]
        served.session = self.session
        asking: Any = SimpleNamespace(session=self.session, remaining=lambda: None)
        loop: Any = self
        client = calling_back.calls_of_peer(loop, served, asking)
        self.calls = [client.start("echo", number) for number in range(OWN_CALLS)]


def an_end_that_calls_and_is_called_forgets_no_call(data: bytes) -> None:
    end = _CallingEnd()
    for begin in range(0, len(data), 100):
        if not end.is_cut:
            end.take_in(data[begin : begin + 100])
    end.session.lost()
    assert all(call._call.is_over for call in end.calls)
    assert (end.session.active_calls, end.session.calls_begun) == (0, 0)
    assert end.session.calling is not None
    assert not end.session.calling._nested
    list(FrameDecoder(MAX_MESSAGE).feed(end.written))  # raises where that are no frames
