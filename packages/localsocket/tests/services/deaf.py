"""A service that greets a client, and reads nothing of what it sends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from localsocket import LocalSocket, listen
from localsocket.interfaces import MIB
from localsocket.testing import PATIENCE, Background
from localsocket.wire.greeting import Greeting


@contextlib.contextmanager
def deaf_service(address: str) -> Iterator[Background[LocalSocket]]:
    """Greet one client, and read nothing."""
    with listen(address) as server, contextlib.ExitStack() as stack:

        def greet() -> LocalSocket:
            served = stack.enter_context(contextlib.closing(server.accept(timeout=PATIENCE)))
            served.write(Greeting(role="service", max_message=MIB, max_calls=10).encode())
            return served

        yield Background(greet)
