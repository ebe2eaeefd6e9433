"""A subscription that is interrupted while it is taken up again goes on or says so, and nothing is left of it."""

from __future__ import annotations

import contextlib
import itertools
import threading
from typing import Any

import pytest

from interrupts.every_line import Interruption, at_every_line
from localsocket import Client, Gap, ServerThread, Service
from localsocket.errors import CallCancelled, ClosedByPeer, ClosedByUs
from localsocket.testing import PATIENCE, wait_until

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

ADDRESS = "interrupts.resuming"


@pytest.mark.exhaustive
def test_taking_up_a_subscription_again_leaves_none_that_nobody_takes() -> None:
    service = Service("interrupted")
    ticks = service.topic("ticks", int, policy="drop_oldest")
    is_over = threading.Event()

    def publish() -> None:
        for number in itertools.count():
            ticks.publish(number)
            if is_over.wait(0.002):
                return

    def scenario(interruption: Interruption) -> None:
        with Client(ADDRESS, reconnect=True) as client:
            gaps: list[Gap] = []
            subscription = client.subscribe("ticks", int, resume=True, on_gap=gaps.append)
            subscription.receive(timeout=PATIENCE)
            sessions: list[Any] = list(service._sessions)
            for session in sessions:
                session.drop("its connection is cut")
            with interruption:
                while not gaps:  # which tell that it has been taken up again
                    subscription.receive(timeout=PATIENCE)
            with contextlib.suppress(ClosedByUs, ClosedByPeer, CallCancelled):
                subscription.receive(timeout=PATIENCE)
            subscription.close()
            client.call("localsocket.describe", timeout=PATIENCE)
            wait_until(lambda: ticks.subscribers == 0, "nobody to be subscribed", timeout=20)

    publisher = threading.Thread(target=publish)
    with ServerThread(ADDRESS, service):
        publisher.start()
        try:
            assert at_every_line(scenario, within_with=True) > 50
        finally:
            is_over.set()
            publisher.join()
