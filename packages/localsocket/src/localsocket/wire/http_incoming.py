"""One HTTP request as it arrives: its head by h11, then its body, as far as that may go."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import h11
import msgspec

from localsocket.wire.http_problems import BadRequest
from localsocket.wire.http_requests import CallRequest, Form, read_request
from localsocket.wire.serializers import UNREADABLE
from localsocket.wire.strict_json import check_json

# Many small chunks are much work for few bytes: a client that gathers what it sends never comes near.
_CHUNKS = 1000
_BYTES_OF_CHUNK = 16

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_to_json = msgspec.json.Encoder().encode


class RequestReader:
    """Takes the bytes of one request. Making it and take() raise BadRequest for what cannot be read any further."""

    def __init__(self, http: h11.Connection, head: bytes, max_message: int, methods: Container[str]) -> None:
        self._http = http
        self._max_message = max_message
        self._body = bytearray()
        self._size = 0
        self._chunks = 0
        self._call: CallRequest | None = None
        self._refusal: BadRequest | None = None  # which is told behind the body, so that another request may follow
        http.receive_data(head)
        request = self._next_event()
        assert isinstance(request, h11.Request)
        self.is_head = request.method == b"HEAD"
        try:
            self._call = read_request(request.method, request.target, request.headers, methods)
        except BadRequest as error:
            self._refusal = error
        self._check_size(max((int(value) for name, value in request.headers if name == b"content-length"), default=0))
        if self._refusal is not None and http.they_are_waiting_for_100_continue:
            raise self._refusal

    @property
    def held(self) -> int:
        """How many bytes of the body are here."""
        return len(self._body)

    @property
    def form(self) -> Form:
        """How the items of a stream are to be written."""
        return self._call.form if self._call is not None else "json"

    def take(self, rest: bytearray) -> bool:
        """Take from `rest` what belongs to the request; return whether it is whole."""
        http = self._http
        if rest:
            http.receive_data(bytes(rest))
            rest.clear()
        while (event := self._next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Data):
                self._chunks += event.chunk_start
                self._take_some(event.data)
            elif isinstance(event, h11.EndOfMessage):
                rest += http.trailing_data[0]
                return True
        return False

    def call(self) -> CallRequest:
        """Return what is wanted. Raises BadRequest where that is nothing that there is."""
        if self._call is None:
            assert self._refusal is not None
            raise self._refusal
        return self._call

    def named(self, call: CallRequest) -> bytes:
        """Return the parameters of the call, as a JSON object that has been looked through."""
        if not (call.takes_body and self._body):
            return _to_json(call.given)
        body = bytes(self._body)
        try:
            check_json(body)
            _decode(body)
        except (ValueError, *UNREADABLE) as error:
            raise BadRequest("bad-json", f"the body is not a JSON object with the parameters: {error}") from None
        return body

    def _next_event(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            code = {431: "headers-too-long", 501: "not-implemented"}.get(error.error_status_hint, "bad-request")
            raise BadRequest(code, str(error)) from None

    def _take_some(self, data: bytes | bytearray) -> None:
        self._check_size(self._size + len(data))
        self._size += len(data)
        if self._chunks > _CHUNKS and self._size < self._chunks * _BYTES_OF_CHUNK:
            raise BadRequest("bad-request", f"the body comes in {self._chunks} tiny chunks")
        if self._refusal is None:
            self._body += data

    def _check_size(self, size: int) -> None:
        if size > self._max_message:
            limit = f"the limit here is {self._max_message}; to accept it, raise CallLimits.message in the service"
            raise BadRequest("request-too-long", f"the body has {size} bytes or more, and {limit}")
