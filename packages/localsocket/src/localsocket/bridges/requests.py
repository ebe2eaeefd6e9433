"""What a client's calls and notifications are on the bus, and the notifications that may have to be sent again.

Nothing here waits.
"""

from __future__ import annotations

from localsocket.bridges.bus_messages import PREFETCH, WORD, BusMessage, Subjects, carried, timed
from localsocket.services.method import SUBSCRIBE
from localsocket.wire.call_bodies import CallBody
from localsocket.wire.stream_terms import take_terms

OPEN = "localsocket.open"
"""The method that every instance answers with its greeting, and with nothing else."""

_FIRST_NOTE = 2**31  # the numbers of notifications are not those of calls
_LAST_NOTE = 2**32 - 1
_NOTES_KEPT = 100  # the NATS server says within a round trip that nobody was there


class Requests:
    """Makes the messages that ask for something; each names the inbox, and the number, that its answers go to."""

    def __init__(self, names: Subjects, inbox: str) -> None:
        self._names = names
        self._inbox = inbox

    def to_open(self) -> BusMessage:
        return self._request(OPEN, b"\x92\x90\x80", {WORD: "open"}, 0)

    def to_subscribe(self, number: int, arguments: bytes) -> BusMessage:
        return self._request(SUBSCRIBE, b"\x92" + arguments + b"\x80", {WORD: "call"}, number)

    def to_call(self, number: int, call: CallBody, now: float, *, is_note: bool) -> tuple[BusMessage, bool]:
        """Return the request, and whether the call has only to begin in its time."""
        headers, begins = dict[str, str](), False
        if call.carrier:
            terms = take_terms(call.carrier)
            begins = terms.begins_in_time
            headers = carried(call.carrier)
            if terms.prefetch is not None:
                headers[PREFETCH] = str(terms.prefetch)
        headers[WORD] = timed("note" if is_note else "call", now, call.timeout, begins=begins)
        return self._request(call.method, b"".join((b"\x92", call.arguments, call.named)), headers, number), begins

    def _request(self, method: str, payload: bytes, headers: dict[str, str], number: int) -> BusMessage:
        return BusMessage(self._names.call(method), payload, headers, f"{self._inbox}.{number}")


class SentNotes:
    """The last notifications, by their numbers, for the case that nobody was there for them."""

    def __init__(self) -> None:
        self._last = _FIRST_NOTE
        self._kept: dict[int, BusMessage] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._kept

    def new_number(self) -> int:
        self._last = self._last + 1 if self._last < _LAST_NOTE else _FIRST_NOTE
        return self._last

    def keep(self, number: int, request: BusMessage) -> None:
        self._kept[number] = request
        if len(self._kept) > _NOTES_KEPT:
            del self._kept[next(iter(self._kept))]

    def get(self, number: int) -> BusMessage | None:
        return self._kept.get(number)
