"""The topics that one assistant follows: the latest messages of each, kept for when they are read."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from localsocket.blocking.client import Client
from localsocket.blocking.subscription import Subscription
from localsocket.errors import LocalSocketError

_KEPT = 100  # messages of each topic: who reads more seldom than that wants to know how it stands


class FollowedTopics:
    """Follows topics of the service of `client`, and calls `on_message` with the topic's name for each message.

    A topic is followed from when it is first read, or subscribed to, until close(); if its service was started anew,
    from when it is next read on. Any thread may call.
    """

    def __init__(self, client: Client, on_message: Callable[[str], None]) -> None:
        self._client = client
        self._on_message = on_message
        self._lock = threading.Lock()
        self._kept: dict[str, deque[Any]] = {}
        self._followed: dict[str, Subscription[Any]] = {}
        self._is_closed = False

    def follow(self, topic: str) -> None:
        """Follow the topic, if that is not done yet; once it has returned no message is missed. Raises NoSuchTopic."""
        with self._lock:  # so that two that ask at once follow it once
            if topic in self._followed or self._is_closed:
                return
            subscription = self._followed[topic] = self._client.subscribe(topic)
            kept = self._kept.setdefault(topic, deque(maxlen=_KEPT))
        threading.Thread(target=self._keep, args=(topic, subscription, kept), name=f"mcp {topic}", daemon=True).start()

    def messages(self, topic: str) -> list[Any]:
        """Return the latest messages, the oldest first, and follow the topic from now on."""
        self.follow(topic)
        return list(self._kept[topic])

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            followed, self._followed = self._followed, {}
        for subscription in followed.values():
            subscription.close()

    def _keep(self, topic: str, subscription: Subscription[Any], kept: deque[Any]) -> None:
        try:
            for message in subscription:
                kept.append(message)
                self._on_message(topic)
        except (LocalSocketError, OSError):  # it was lost, or closed, or the assistant has gone
            pass
        finally:
            subscription.close()
            with self._lock:
                if self._followed.get(topic) is subscription:
                    del self._followed[topic]
