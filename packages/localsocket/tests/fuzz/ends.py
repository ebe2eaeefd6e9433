"""An end that serves and has been greeted, without a socket and without a thread: bytes in, bytes out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from localsocket import PeerCredentials, Service
from localsocket.services.served_call import ServedCall
from localsocket.services.session import Session
from localsocket.wire.greeting import Greeting

logging.getLogger("localsocket").addHandler(logging.NullHandler())


class End:
    """The link of its session too; what its methods are asked for is done at once."""

    address = "fuzz"
    bytes_to_write = 0

    def __init__(self, service: Service, greeting: Greeting) -> None:
        self.written = bytearray()
        self.is_cut = False
        self.put_off: list[Callable[[], object]] = []
        peer = PeerCredentials(pid=1, uid=os.geteuid(), gid=1)
        self.session = Session(service, peer, self, lambda session: None)
        self.take_in(greeting.encode())

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

    def call_later(self, seconds: float, function: Callable[[], object]) -> None:
        self.put_off.append(function)

    def do_what_was_put_off(self) -> None:
        due, self.put_off = self.put_off, []
        for function in due:
            function()

    def serve_aside(self, call: ServedCall, job: Callable[[], None]) -> None:
        job()
