"""The door of HTTP/1.1, by h11: requests become calls, and what comes of them responses, in the same order."""

from __future__ import annotations

from collections import deque
from collections.abc import Container

import h11
import msgspec

from localsocket.values.gathering import Written, whole
from localsocket.wire.answerer import AnsweredCall, Request
from localsocket.wire.call_bodies import CallBody, Failure
from localsocket.wire.frames import Kind
from localsocket.wire.http_heads import LONGEST_HEAD, HeadReader
from localsocket.wire.http_incoming import RequestReader
from localsocket.wire.http_outgoing import ResponseWriter
from localsocket.wire.http_problems import BadRequest
from localsocket.wire.http_requests import SUBSCRIBE
from localsocket.wire.stream_terms import NO_TERMS

_CALL, _NOTIFICATION = int(Kind.CALL), int(Kind.NOTIFICATION)
_NO_LIMIT = 2**62
_NO_ARGUMENTS = msgspec.Raw(b"")  # by position: all are named


class _Exchange:
    """One request and the response to it. `held` is what of the response waits for those before it."""

    __slots__ = ("answer", "held", "is_done", "reader", "writer")

    def __init__(self) -> None:
        self.writer = ResponseWriter(h11.Connection(h11.SERVER))
        self.reader: RequestReader | None = None  # until the request is whole
        self.answer: AnsweredCall | None = None
        self.held = bytearray()
        self.is_done = False

    def begin(self, head: bytes, max_message: int, methods: Container[str]) -> None:
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
        self.writer = ResponseWriter(http)
        self.reader = RequestReader(http, head, max_message, methods)
        self.writer = ResponseWriter(http, self.reader.form, is_head=self.reader.is_head)

    def has_arrived(self, rest: bytearray) -> bool:
        """Take from `rest` what belongs to the request; return whether it is whole."""
        return self.reader is not None and self.reader.take(rest)


class HttpDoor:
    """Takes what arrives, and gives the bytes to send: see door.py. `methods` has the names of all that there are.

    What cannot be read is answered too, when all before it is, and nothing is taken any more.
    """

    is_json = True
    has_more = False
    unread = 0
    is_limit_known = False  # a client that sends many requests at once has them answered one after the other
    longest = _NO_LIMIT  # HTTP has no way to say that a client takes less

    def __init__(self, max_message: int, methods: Container[str]) -> None:
        self.has_news = False
        self.has_ended = False
        self.fault = ""
        self.bytes_held = 0
        self.output = b""
        self._max_message = max_message
        self._methods = methods
        self._head = HeadReader()
        self._reading: _Exchange | None = None
        self._exchanges: deque[_Exchange] = deque()  # whose responses are not sent whole
        self._by_number: dict[int, _Exchange] = {}  # those that are calls
        self._has_said_something = False
        self._is_amid_request = False
        self._is_deaf = False  # nothing follows
        self._number = 0
        self._turned: list[AnsweredCall] = []

    @property
    def open_calls(self) -> int:
        return len(self._by_number)

    @property
    def unfinished(self) -> int:
        reading = self._reading
        body = 0 if reading is None or reading.reader is None else reading.reader.held
        return len(self._head.rest) + body

    @property
    def is_greeted(self) -> bool:
        return self._has_said_something and not self._is_amid_request

    # --- what arrives -------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> list[Request]:
        """Return what the peer wants, in order. What it does wrong, it is told: nothing is raised."""
        requests: list[Request] = []
        if self._is_deaf:
            return requests
        self._head.rest += data
        while not self._is_deaf and (exchange := self._next_whole()) is not None:
            self._has_said_something = True
            self._is_amid_request = False
            requests += self._take(exchange)
        if not self._is_amid_request and not self._is_deaf and (self._reading is not None or self._head.rest):
            self._is_amid_request = self.has_news = True
        return requests

    def abandon(self) -> list[AnsweredCall]:
        answers = [exchange.answer for exchange in self._by_number.values() if exchange.answer is not None]
        for answer in answers:
            answer.is_over = True
        self._by_number.clear()
        self._exchanges.clear()
        self._is_deaf = True
        return answers

    def take_output(self) -> bytes:
        output, self.output = self.output, b""
        return output

    def take_turned(self) -> list[AnsweredCall]:
        turned, self._turned = self._turned, []
        self.has_news = False
        return turned

    # --- what to send -------------------------------------------------------------------------------------------------

    def reply(self, answer: AnsweredCall, body: Written) -> bytes:
        return self._end(exchange, exchange.writer.whole(whole(body))) if (exchange := self._close(answer)) else b""

    def fail(self, answer: AnsweredCall, failure: Failure) -> bytes:
        return self._end(exchange, exchange.writer.failed(failure)) if (exchange := self._close(answer)) else b""

    def open_stream(self, answer: AnsweredCall) -> bytes:
        """The response begins with the first item, so that a stream that fails before it has a status that tells so.

        Of a topic it begins now: it may be long until the first message, and who subscribes is to know that it has.
        """
        if answer.is_over:
            return b""
        answer.is_stream = True
        if not answer.body.method.startswith(SUBSCRIBE):
            return b""
        exchange = self._by_number[answer.number]
        return self._send(exchange, exchange.writer.begin_stream())

    def item(self, answer: AnsweredCall, body: Written) -> bytes:
        if answer.is_over:
            return b""
        exchange = self._by_number[answer.number]
        return self._send(exchange, exchange.writer.item(whole(body)))

    def end_stream(self, answer: AnsweredCall) -> bytes:
        return self._end(exchange, exchange.writer.end_stream()) if (exchange := self._close(answer)) else b""

    # ------------------------------------------------------------------------------------------------------------------

    def _next_whole(self) -> _Exchange | None:
        """Return the next exchange whose request is whole; None while there is none, or there will never be one."""
        try:
            if self._reading is None:
                if (head := self._head.take()) is None:
                    return None
                exchange = self._reading = self._new_exchange()
                exchange.begin(head, self._max_message, self._methods)
            exchange = self._reading
            if exchange.has_arrived(self._head.rest):
                self._reading = None
                return exchange
            self.output += self._send(exchange, exchange.writer.continuation())
        except BadRequest as error:
            self._give_up(error)
        return None

    def _give_up(self, error: BadRequest) -> None:
        """Tell what is wrong with what arrives, behind which nothing can be read."""
        exchange = self._reading or self._new_exchange()
        self._is_deaf = self.has_news = True
        self._reading = None
        self.fault = str(error)
        self.output += self._end(exchange, exchange.writer.refused(error, is_last=True))

    def _new_exchange(self) -> _Exchange:
        exchange = _Exchange()
        self._exchanges.append(exchange)
        return exchange

    def _take(self, exchange: _Exchange) -> list[Request]:
        """Return what a request wants, if that is anything that there is; else it is answered."""
        self._is_deaf = exchange.writer.is_for_last
        assert exchange.reader is not None
        try:
            call = exchange.reader.call()
            named = exchange.reader.named(call)
        except BadRequest as error:
            self.output += self._end(exchange, exchange.writer.refused(error, is_last=False))
            return []
        body = CallBody(call.method, call.timeout, _NO_ARGUMENTS, msgspec.Raw(named), call.carrier)
        if call.is_notification:
            self.output += self._end(exchange, exchange.writer.accepted())
            return [(_NOTIFICATION, AnsweredCall(0, body, 0, len(named), NO_TERMS))]
        self._number += 1
        credit = _NO_LIMIT if exchange is self._exchanges[0] else 0
        answer = exchange.answer = AnsweredCall(self._number, body, credit, len(named), NO_TERMS)
        self._by_number[answer.number] = exchange
        return [(_CALL, answer)]

    def _close(self, answer: AnsweredCall) -> _Exchange | None:
        """Let go of a call, and return what it is answered in; None if it is over."""
        if answer.is_over:
            return None
        answer.is_over = True
        answer.context = None  # which may know the answer: the garbage collector would come to both much later
        return self._by_number.pop(answer.number)

    def _end(self, exchange: _Exchange, data: bytes) -> bytes:
        exchange.is_done = True
        return self._send(exchange, data)

    def _send(self, exchange: _Exchange, data: bytes) -> bytes:
        """Return what may be sent now: nothing before the responses before it."""
        if not self._exchanges or exchange is not self._exchanges[0]:
            exchange.held += data
            self.bytes_held += len(data)
            return b""
        sent = [data]
        while exchange.is_done:
            self._exchanges.popleft()
            if exchange.writer.must_close:
                self._end_connection()
            if not self._exchanges:
                break
            exchange = self._exchanges[0]
            sent.append(bytes(exchange.held))
            if exchange.held:
                self.bytes_held -= len(exchange.held)
                exchange.held.clear()
                self.has_news = True
            self._give_turn(exchange)
        return b"".join(sent)

    def _end_connection(self) -> None:
        self._exchanges.clear()
        self.bytes_held = 0
        self._is_deaf = self.has_ended = self.has_news = True

    def _give_turn(self, exchange: _Exchange) -> None:
        if (answer := exchange.answer) is not None and not exchange.is_done:
            answer.credit = _NO_LIMIT
            self._turned.append(answer)
            self.has_news = True
