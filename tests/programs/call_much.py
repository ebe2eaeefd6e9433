"""Call, stream and subscribe without end, over one connection, until killed. Takes the address; tells when it does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from common import tell, wait_for_end

from localsocket import Client

BUSY = threading.Barrier(5)


def without_end(step: Callable[[], object]) -> None:
    step()
    BUSY.wait()
    while True:
        step()


if __name__ == "__main__":
    client = Client(sys.argv[1])
    stream, topic = client.stream("count"), client.subscribe("ticks")
    steps: list[Callable[[], object]] = [
        lambda: client.call("echo", b"x" * 10_000),
        lambda: client.call("slowly", 1),
        lambda: next(stream),
        lambda: next(topic),
    ]
    for step in steps:
        threading.Thread(target=without_end, args=[step], daemon=True).start()
    BUSY.wait()
    tell({"busy": sys.argv[1]})
    wait_for_end()
