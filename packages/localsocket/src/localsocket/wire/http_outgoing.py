"""The response to one HTTP request: a result, the items of a stream, or a problem, as bytes to be sent."""

from __future__ import annotations

from http import HTTPStatus

import h11

from localsocket.wire.call_bodies import Failure
from localsocket.wire.http_problems import PROBLEM_TYPE, BadRequest, headers_of, problem_of, status_of
from localsocket.wire.http_requests import Form

_JSON, _LINES, _EVENTS = "application/json", "application/x-ndjson", "text/event-stream"
_END_OF_EVENTS = b"event: end\ndata\n\n"


class ResponseWriter:
    """Makes the bytes of one response, of results and items that are JSON on one line.

    When it is whole, `must_close` tells that the connection ends with it.
    """

    def __init__(self, http: h11.Connection, form: Form = "json", *, is_head: bool = False) -> None:
        self._http = http
        self._form: Form = form
        self._is_head = is_head
        self._has_begun = False
        self._is_broken_off = False

    @property
    def must_close(self) -> bool:
        return self._is_broken_off or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE

    @property
    def is_for_last(self) -> bool:
        """Whether the client has said that it sends no more requests."""
        return self._http.their_state is h11.MUST_CLOSE

    def continuation(self) -> bytes:
        """Return what a client is to be sent that asks first whether its body is wanted, once."""
        if not self._http.they_are_waiting_for_100_continue:
            return b""
        return self._http.send(h11.InformationalResponse(status_code=100, headers=[], reason="Continue"))

    def whole(self, body: bytes) -> bytes:
        """Return the response with a result."""
        return self._whole(HTTPStatus.OK, _JSON, body)

    def accepted(self) -> bytes:
        """Return the response that says no more than that the call has come."""
        return self._whole(HTTPStatus.ACCEPTED, "", b"", [("Preference-Applied", "respond-async")])

    def refused(self, error: BadRequest, *, is_last: bool) -> bytes:
        """Return the response to a request that becomes no call; `is_last` where nothing behind it can be read."""
        headers = [("Allow", error.allowed)] if error.allowed else []
        if is_last:
            headers.append(("Connection", "close"))
        return self._problem(error.failure, headers)

    def failed(self, failure: Failure) -> bytes:
        """Return the response that tells why there is no result; of a stream that has begun, the rest of it."""
        if not self._has_begun:
            return self._problem(failure, headers_of(failure))
        problem = problem_of(failure)
        if self._form == "events":
            return self._send(h11.Data(data=b"event: problem\ndata: %b\n\n" % problem), h11.EndOfMessage())
        # A body that does not end as it should is what tells every client that something is missing.
        self._is_broken_off = True
        return self._send(h11.Data(data=problem + b"\n"))

    def begin_stream(self) -> bytes:
        """Return the head of the response, for items to follow; nothing where it has begun."""
        if self._has_begun:
            return b""
        kind = _EVENTS if self._form == "events" else _LINES
        return self._begin(HTTPStatus.OK, [("Content-Type", kind), ("Cache-Control", "no-store")])

    def item(self, line: bytes) -> bytes:
        data = b"data: %b\n\n" % line if self._form == "events" else line + b"\n"
        return self.begin_stream() + self._send(h11.Data(data=data))

    def end_stream(self) -> bytes:
        begun = self.begin_stream()
        if self._form == "events":
            begun += self._send(h11.Data(data=_END_OF_EVENTS))
        return begun + self._send(h11.EndOfMessage())

    def _problem(self, failure: Failure, headers: list[tuple[str, str]]) -> bytes:
        return self._whole(status_of(failure), PROBLEM_TYPE, problem_of(failure), headers)

    def _whole(self, status: HTTPStatus, kind: str, body: bytes, headers: list[tuple[str, str]] | None = None) -> bytes:
        told = [("Content-Type", kind)] if kind else []
        begun = self._begin(status, [*told, ("Content-Length", str(len(body))), *(headers or [])])
        if self._is_head or not body:
            return begun + self._send(h11.EndOfMessage())
        return begun + self._send(h11.Data(data=body), h11.EndOfMessage())

    def _begin(self, status: HTTPStatus, headers: list[tuple[str, str]]) -> bytes:
        self._has_begun = True
        return self._send(h11.Response(status_code=status.value, headers=headers, reason=status.phrase))

    def _send(self, *events: h11.Response | h11.Data | h11.EndOfMessage) -> bytes:
        return b"".join(map(self._http.send, events))
