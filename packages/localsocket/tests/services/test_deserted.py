"""A service sees that a peer has gone also while it reads nothing of it, since its calls are as many as may be."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from localsocket import CallLimits, Client, Service
from localsocket.testing import PATIENCE, wait_until
from localsocket.wire.frames import Kind, encode_frame
from services.conftest import ADDRESS, Serve
from services.test_limits import RawClient

_FEW = 4
_MANY = 2000  # more than there are threads for, and than is read while they wait


def service_of(held: threading.Event, noted: list[int], limits: CallLimits) -> Service:
    service = Service("demo.deserted", limits=limits)

    @service.method
    def hold(number: int) -> None:
        noted.append(number)
        held.wait()

    @service.method
    def note(number: int) -> None:
        noted.append(number)

    return service


def fill_with_cancelled_calls(peer: RawClient, noted: list[int]) -> None:
    """Have as many functions run as may, for calls that are over, and one call wait."""
    calls = [peer.call("hold", number) for number in range(_FEW)]
    wait_until(lambda: len(noted) == _FEW, "as many to run as may")
    for call in calls:
        peer.socket.write(encode_frame(Kind.CANCEL, call.number, b""), timeout=PATIENCE)
    peer.call("hold", _FEW)


def fill_threads(peer: RawClient, noted: list[int]) -> None:
    """Have as many functions run as one connection may have threads for, and many calls wait."""
    peer.socket.write(b"".join(peer.caller.begin("hold", None, (number,)).frame for number in range(_MANY)))
    wait_until(lambda: len(noted) > _FEW, "some to run")


@pytest.mark.parametrize(("fill", "most"), [(fill_with_cancelled_calls, _FEW), (fill_threads, 256)])
def test_a_peer_that_leaves_while_its_calls_are_at_a_limit_is_seen_to_have_gone(
    fill: Callable[[RawClient, list[int]], None], most: int, serve: Serve
) -> None:
    """All the while not one of its functions returns."""
    held, noted = threading.Event(), list[int]()
    service = service_of(held, noted, CallLimits(calls=most))
    with serve(service), Client(ADDRESS) as other:
        try:
            with RawClient() as peer:
                peer.greet()
                fill(peer, noted)
                other.call("note", 0)
            wait_until(lambda: service.stats().open_connections == 1, "the service to see that it has gone", 30)
        finally:
            held.set()
