"""Call, stream and subscribe without end, over one connection, until killed. Takes the address; tells when it does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from common import tell, wait_for_end

from localsocket import Client
from localsocket.errors import SubscriberTooSlow

BUSY = threading.Barrier(5)


def without_end(step: Callable[[], object]) -> None:
    step()
    BUSY.wait()
    while True:
        step()


class Topic:
    """A subscription that begins again where it was too slow."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.messages = client.subscribe("ticks")

    def receive(self) -> None:
        try:
            next(self.messages)
        except SubscriberTooSlow:
            self.messages = self.client.subscribe("ticks")


if __name__ == "__main__":
    client = Client(sys.argv[1])
    stream, topic = client.stream("count"), Topic(client)
    steps: list[Callable[[], object]] = [
        lambda: client.call("echo", b"x" * 10_000),
        lambda: client.call("slowly", 1),
        lambda: next(stream),
        topic.receive,
    ]
    for step in steps:
        threading.Thread(target=without_end, args=[step], daemon=True).start()
    BUSY.wait()
    tell({"busy": sys.argv[1]})
    wait_for_end()
