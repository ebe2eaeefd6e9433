"""Where a connection stands before its first byte has chosen a door: nothing has come, and nothing can be answered."""

from __future__ import annotations

from typing import NoReturn

from localsocket.wire.answerer import AnsweredCall, Request


class Doorstep:
    """The door of a connection that has said nothing yet, for whoever asks how far that has come. See door.py.

    It holds no state, so one stands for all connections: what is fed goes to the door that the first byte chooses.
    """

    is_json = False
    is_limit_known = False
    is_greeted = False
    has_news = False
    has_ended = False
    has_more = False
    fault = ""
    output = b""
    longest = open_calls = bytes_held = unread = unfinished = 0

    def feed(self, data: bytes) -> list[Request]:
        raise AssertionError("the first byte chooses a door, which takes it in")

    def abandon(self) -> list[AnsweredCall]:
        return []

    def take_output(self) -> bytes:
        return b""

    def take_turned(self) -> list[AnsweredCall]:
        return []

    def _answer(self, *_: object) -> NoReturn:
        raise AssertionError("nothing has been called that could be answered")

    reply = fail = open_stream = item = end_stream = _answer


DOORSTEP = Doorstep()
