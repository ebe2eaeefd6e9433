"""Publishing that is interrupted reaches some, or all; and what is published next reaches everybody, or who is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from interrupts.every_line import Interruption, at_every_line
from localsocket import Client, Service
from localsocket.errors import CallFailed, ClosedByPeer
from localsocket.services.topic import Topic
from localsocket.testing import PATIENCE, wait_until
from services.conftest import ADDRESS, Serve, serve  # noqa: F401 - the fixture


@pytest.mark.long
@pytest.mark.parametrize("publish", [Topic.publish, Topic.publish_nowait])
@pytest.mark.parametrize("policy", ["block", "drop_oldest", "disconnect"])
def test_what_is_published_next_reaches_everybody(
    serve: Serve,  # noqa: F811
    policy: str,
    publish: Callable[[Topic, object], int],
) -> None:
    service = Service("publishing")
    topic = service.topic("ticks", int, policy=policy)  # type: ignore[arg-type]

    def scenario(interruption: Interruption) -> None:
        with Client(ADDRESS) as one, Client(ADDRESS) as other:
            subscriptions = [client.subscribe("ticks", int) for client in (one, other)]
            with interruption:
                publish(topic, 1)
            publish(topic, 2)
            for subscription in subscriptions:
                taken: list[int] = []
                with contextlib.suppress(CallFailed, ClosedByPeer):
                    while 2 not in taken:
                        taken.append(subscription.receive(timeout=PATIENCE))
                assert taken in ([], [1], [2], [1, 2])
                subscription.close()
        wait_until(lambda: topic.subscribers == 0, "nobody to be subscribed")

    with serve(service):
        assert at_every_line(scenario, within_with=True) > 50
