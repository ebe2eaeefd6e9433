"""One assistant's session: a conversation on two descriptors, and a thread for each request.

What answers the requests is loaded with the first of them, so that the assistant is greeted before that.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

from localsocket.mcp.conversation import Cancelled, Conversation, Request

P = ParamSpec("P")
R = TypeVar("R")

_PIECE = 65536
_ENDING = 1.0  # seconds for calls that are cancelled when the assistant has gone


class AnswersRequests(Protocol):
    """What a shim hands requests to; any thread calls."""

    def serve(self, request: Request) -> None: ...
    def cancel(self, request: Request) -> None: ...
    def close(self) -> None: ...


class Shim:
    """Serves `conversation` from `reading` to `writing` until that ends; closes neither.

    `find_answers` is called once, with this, by the first request.
    """

    def __init__(
        self, conversation: Conversation, reading: int, writing: int, find_answers: Callable[[Shim], AnswersRequests]
    ) -> None:
        self.conversation = conversation
        self._reading = reading
        self._writing = writing
        self._find_answers = find_answers
        self._finding = threading.Lock()
        self._answers: AnswersRequests | None = None
        self._lock = threading.Lock()  # of the conversation, and of the order in which its bytes are written
        self._threads: set[threading.Thread] = set()

    def run(self) -> None:
        """Serve until the assistant closes its end, or reads no longer; calls that are under way are cancelled then."""
        with contextlib.suppress(BrokenPipeError):
            while data := os.read(self._reading, _PIECE):
                for each in self.say(self.conversation.feed, data):
                    self._take(each)
        left: list[Request] = []
        with contextlib.suppress(BrokenPipeError):
            left = self.say(self.conversation.end)
        if self._answers is not None:
            for request in left:
                self._answers.cancel(request)
            self._answers.close()
        for thread in list(self._threads):
            thread.join(_ENDING)

    def say(self, change: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        """Call a method of the conversation, and send what that makes it say. Any thread may call."""
        with self._lock:
            result = change(*arguments, **named)
            data = memoryview(self.conversation.data_to_send())
            while data:
                data = data[os.write(self._writing, data) :]
            return result

    # ------------------------------------------------------------------------------------------------------------------

    def _take(self, news: Request | Cancelled) -> None:
        if isinstance(news, Request):
            thread = threading.Thread(target=self._serve, args=(news,), name=f"mcp {news.method}", daemon=True)
            self._threads.add(thread)
            thread.start()
        elif self._answers is not None:
            self._answers.cancel(news.request)

    def _serve(self, request: Request) -> None:
        try:
            with self._finding:
                if self._answers is None:
                    self._answers = self._find_answers(self)
            self._answers.serve(request)
        except BrokenPipeError:
            pass  # the assistant has gone, and its other end soon tells so
        finally:
            self._threads.discard(threading.current_thread())
