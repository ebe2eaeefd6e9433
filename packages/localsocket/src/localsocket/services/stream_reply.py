"""A stream that is being sent: item after item, as far as the receiver has granted and has read."""

from __future__ import annotations

import abc
import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import copy_context
from typing import Any, Protocol

from localsocket.errors import DeadlinePassed
from localsocket.services.served_call import ServedCall
from localsocket.values.gathering import Written


class Source(Protocol):
    """Where the items of a stream come from."""

    def attach(self, reply: StreamReply) -> None:
        """Wake the reply whenever there are more items after there were none."""

    def next_body(self) -> Written | None:
        """Return the next item as it is to be sent; None when there is none now; StopIteration at the end."""

    def close(self) -> None:
        """Nothing more is wanted."""


class PushedSource(abc.ABC):
    """A source whose items come by themselves and have no end: what waits is sent at once."""

    @abc.abstractmethod
    def attach(self, reply: StreamReply) -> None: ...
    @abc.abstractmethod
    def next_body(self) -> Written | None: ...
    @abc.abstractmethod
    def close(self) -> None: ...


class IteratorSource:
    """The items of an iterator; a generator is closed as it is at the end of a `for` that is left.

    Whichever threads make the items, they run in one context: that of the call.
    """

    def __init__(self, call: ServedCall, items: Any) -> None:
        self._call = call
        self._iterator = iter(items)
        self._items = _items_of(call, self._iterator)
        self._context = copy_context()

    def attach(self, reply: StreamReply) -> None:
        pass  # it never has none

    def next_body(self) -> Written | None:
        return self._call.session.write_item(self._call, self._context.run(next, self._items))

    def close(self) -> None:
        self._context.run(self._items.close)
        if (close := getattr(self._iterator, "close", None)) is not None:  # of which nothing was wanted
            self._context.run(close)


def _items_of(call: ServedCall, iterator: Iterator[Any]) -> Generator[Any, None, None]:
    call.make_current()
    with call.traced():
        yield from iterator


# Items that are sent before others get a turn.
FAIR = 64


class StreamReply:
    """Sends what a source gives, in whichever thread finds that it can go on; one at a time.

    `schedule` has that done: some items of an iterator, and the next when others had their turn. What waits in a
    subscription is sent at once.
    """

    def __init__(self, call: ServedCall, source: Source, schedule: Callable[[Callable[[], object]], object]) -> None:
        self._call = call
        self._source = source
        self._schedule = schedule
        self._lock = threading.RLock()  # a signal's handler may publish in the midst of anything
        self._is_pumping = True  # until it has begun
        self._is_wanted_again = True
        self._is_closed = False
        self._has_more = False  # and others are to have a turn before
        self._most = FAIR if isinstance(source, IteratorSource) else -1
        call.on_credit = call.on_cancel = self.wake

    @property
    def is_json(self) -> bool:
        """Whether its items are sent as JSON; else as MessagePack."""
        return self._call.session.is_json

    def begin(self) -> None:
        """Say that a stream follows, and send what there is."""
        self._source.attach(self)
        self._call.session.open_stream(self._call)
        self._go_on()

    def wake(self) -> None:
        """Go on soon: there is something to send, or room for it, or nobody wants it any more."""
        is_mine = False
        try:
            with self._lock:
                self._is_wanted_again = True
                if self._is_pumping or self._is_closed:
                    return
                is_mine = True
                self._is_pumping = True
            self._go_on()
        except BaseException:  # of a signal's handler: nobody else goes on with it
            if is_mine:
                self._break_off()
            raise

    def _go_on(self) -> None:
        try:
            self._schedule(self._pump)
        except Exception as error:  # no thread can be had, or the loop is closed
            self._call.session.fail(self._call, error)
            self._close()

    def _break_off(self) -> None:
        self._call.session.fail(self._call, RuntimeError("the stream was interrupted"))
        self._close()

    def _pump(self) -> None:
        try:
            while self._is_to_go_on():
                if self._call.is_cancelled or not self._send_what_may_be():
                    self._close()
                    return
                if self._has_more:
                    with self._lock:
                        self._is_wanted_again = True
                    self._go_on()
                    return
        except BaseException:  # of a generator that ends the program: nobody goes on with it
            self._break_off()
            raise

    def _is_to_go_on(self) -> bool:
        with self._lock:
            self._is_pumping = self._is_wanted_again
            self._is_wanted_again = False
            return self._is_pumping

    def _send_what_may_be(self) -> bool:
        """Return whether more may come."""
        session, answer = self._call.session, self._call.answer
        self._has_more = False
        sent = 0
        try:
            while answer.may_send_item and session.outbox.has_room:
                if sent == self._most:
                    self._has_more = True
                    return True
                sent += 1
                if (body := self._source.next_body()) is None:
                    return True
                if self._call.is_cancelled:
                    return False
                session.send_item(self._call, body)
        except StopIteration:
            session.end_stream(self._call)
            return False
        except Exception as error:
            session.fail(self._call, error)
            return False
        if not session.outbox.has_room:
            session.when_room(self.wake)
        return True

    def _close(self) -> None:
        with self._lock:
            self._is_closed = True
        self._call.on_credit = self._call.on_cancel = None  # which knows the call
        session = self._call.session
        try:
            self._source.close()
        except Exception as error:
            session.log_failure(self._call, error)
        if self._call.answer.is_over:
            session.note_given_up(self._call)
        else:
            timeout = self._call.answer.body.timeout
            session.refuse(self._call, DeadlinePassed(f"streaming {self._call.method.name!r}", timeout))
        session.finished(self._call)
