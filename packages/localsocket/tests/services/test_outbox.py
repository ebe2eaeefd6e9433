"""A connection that a protocol ends is closed when everything is sent, and not before."""

from __future__ import annotations

from localsocket.services.outbox import Outbox
from localsocket.services.tally import Tally


class SlowLink:
    """Takes everything, and sends it when it is told to."""

    def __init__(self) -> None:
        self.bytes_to_write = 0
        self.finished = 0

    def write(self, data: bytes) -> None:
        self.bytes_to_write += len(data)

    def abort(self) -> None:
        raise AssertionError("it has to send first")

    def finish(self) -> None:
        self.finished += 1

    def set_reading(self, is_wanted: bool) -> None:
        """Nothing arrives."""


def test_a_connection_ends_when_its_peer_has_read_everything_however_slowly() -> None:
    link = SlowLink()
    outbox = Outbox(link, 10, Tally(), lambda reason: None)
    holder = outbox.hold()
    with outbox.lock:
        outbox.put(b"the last answer")
        outbox.finish()
    assert not link.finished
    outbox.release(holder)
    outbox.finish()
    assert not link.finished
    link.bytes_to_write = 0
    outbox.sent()
    outbox.sent()
    assert link.finished == 1


def test_a_connection_ends_at_once_when_everything_is_sent() -> None:
    link = SlowLink()
    Outbox(link, 10, Tally(), lambda reason: None).finish()
    assert link.finished == 1
