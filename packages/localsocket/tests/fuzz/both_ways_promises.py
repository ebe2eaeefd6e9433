"""What holds of any bytes that come to an end which calls and is called on one connection."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from localsocket import PeerCredentials, Service
from localsocket.blocking import calling_back
from localsocket.blocking.served import Served
from localsocket.services.limits import CallLimits
from localsocket.services.served_call import ServedCall
from localsocket.services.session import Session
from localsocket.wire.frames import FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import BOTH_WAYS, Greeting

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


logging.getLogger("localsocket").addHandler(logging.NullHandler())


class _End:
    """An end that has greeted, and has called the peer: link, socket and loop of its session, all at once."""

    address = "fuzz"
    bytes_to_write = 0

    def __init__(self) -> None:
        self.written = bytearray()
        self.is_cut = False
        served = Served()
        served.socket = self  # type: ignore[assignment]
        peer = PeerCredentials(pid=1, uid=1, gid=1)
        self.session = served.session = Session(SERVICE, peer, self, lambda session: None)
        self.take_in(PEER.encode())
        loop: Any = self
        asking: Any = SimpleNamespace(session=self.session, remaining=lambda: None)
        client = calling_back.calls_of_peer(loop, served, asking)
        self.calls = [client.start("echo", number) for number in range(OWN_CALLS)]

    def take_in(self, data: bytes) -> None:
        self.session.receive(data)
        while True:
            while (call := self.session.take_next()) is not None:
                self.session.begun(call)
                self.session.serve_aside(call)
            if self.is_cut or not self.session.has_more:
                return
            self.session.receive(b"")

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.is_cut = True

    finish = abort

    def set_reading(self, is_wanted: bool) -> None: ...

    def serve_aside(self, call: ServedCall, job: Callable[[], None]) -> None:
        job()


def an_end_that_calls_and_is_called_forgets_no_call(data: bytes) -> None:
    end = _End()
    for begin in range(0, len(data), 100):
        if not end.is_cut:
            end.take_in(data[begin : begin + 100])
    end.session.lost()
    assert all(call._call.is_over for call in end.calls)
    assert (end.session.active_calls, end.session.calls_begun) == (0, 0)
    assert end.session.calling is not None
    assert not end.session.calling._nested
    list(FrameDecoder(MAX_MESSAGE).feed(end.written))  # raises where that are no frames
