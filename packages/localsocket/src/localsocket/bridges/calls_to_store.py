"""A client's calls of durable methods, from when they are made until JetStream has said that it keeps them.

Nothing here waits. No instance need be there for them, and sending one twice does no harm: JetStream knows its id.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from localsocket.bridges.bus_messages import BusAction, BusMessage, Subjects
from localsocket.bridges.durable_calls import stored_answer, stored_request
from localsocket.errors import LocalSocketError, ServerNotFound
from localsocket.wire.call_bodies import CallBody

_SEND_AGAIN = 2.0  # seconds without an answer
_LOOK_AGAIN = 0.05  # after JetStream was not there


@dataclass(slots=True)
class _ToStore:
    request: BusMessage
    again: float  # when it is sent again
    until: float | None = None  # while JetStream is not there, once it was not


class CallsToStore:
    """By their numbers; `do`, `give` and `refuse` are told what is for the bus, and what for the client.

    `patience` is for how many seconds JetStream may not be there; 0 where the client does not wait for anybody.
    """

    def __init__(
        self,
        address: str,
        names: Subjects,
        inbox: str,
        now: Callable[[], float],
        sign: Callable[[BusMessage], BusMessage] | None,
        patience: float | None,
        do: Callable[[BusAction], object],
        give: Callable[[bytes], object],
        refuse: Callable[[int, LocalSocketError], object],
    ) -> None:
        self._address = address
        self._names = names
        self._inbox = inbox
        self._now = now
        self._sign = sign
        self._patience = math.inf if patience is None else patience
        self._do = do
        self._give = give
        self._refuse = refuse
        self._waiting: dict[int, _ToStore] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, number: int) -> bool:
        return number in self._waiting

    def begin(self, number: int, call: CallBody, *, is_note: bool) -> None:
        """Have a call stored, and not run by an instance now. Raises BadArguments."""
        request = stored_request(self._names, call, f"{self._inbox}.{number}")
        if self._sign is not None:
            request = self._sign(request)  # without a reply, which the instance that runs it does not see
        if not is_note:
            request = request._replace(reply=f"{self._inbox}.{number}")
            self._waiting[number] = _ToStore(request, self._now() + _SEND_AGAIN)
        self._do(request)

    def answered(self, number: int, payload: bytes) -> None:
        """JetStream has answered."""
        self.forget(number)
        self._give(stored_answer(number, payload))

    def nobody_there(self, number: int) -> None:
        """JetStream is not there."""
        now, waiting = self._now(), self._waiting[number]
        if waiting.until is None:
            waiting.until = now + self._patience
        if now < waiting.until:  # whoever called sees to its deadline
            waiting.again = now + _LOOK_AGAIN
        else:
            self._refuse(number, ServerNotFound(self._address))

    def forget(self, number: int) -> None:
        self._waiting.pop(number, None)

    def tick(self) -> None:
        """Send again what has not been answered."""
        now = self._now()
        for waiting in self._waiting.values():
            if now >= waiting.again:
                waiting.again = now + _SEND_AGAIN
                self._do(waiting.request)
