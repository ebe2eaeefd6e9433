"""Why an HTTP request has no result: the status, and a problem document (RFC 9457) that tells our code and parts."""

from __future__ import annotations

from http import HTTPStatus

from localsocket.errors import PeerBrokeProtocol
from localsocket.values.known_types import PLAIN
from localsocket.wire.call_bodies import Failure

PROBLEM_TYPE = "application/problem+json"

# What is told of calls in every protocol, then what only HTTP can have wrong.
_STATUS = {
    "bad-arguments": HTTPStatus.UNPROCESSABLE_ENTITY,
    "cancelled": HTTPStatus.SERVICE_UNAVAILABLE,
    "failed": HTTPStatus.INTERNAL_SERVER_ERROR,
    "no-descriptors": HTTPStatus.NOT_IMPLEMENTED,
    "no-such-method": HTTPStatus.NOT_FOUND,
    "no-such-topic": HTTPStatus.NOT_FOUND,
    "not-allowed": HTTPStatus.FORBIDDEN,
    "raised": HTTPStatus.CONFLICT,
    "result-too-long": HTTPStatus.INTERNAL_SERVER_ERROR,
    "too-late": HTTPStatus.GATEWAY_TIMEOUT,
    "too-many-calls": HTTPStatus.SERVICE_UNAVAILABLE,
    "too-slow": HTTPStatus.SERVICE_UNAVAILABLE,
    "bad-json": HTTPStatus.BAD_REQUEST,
    "bad-request": HTTPStatus.BAD_REQUEST,
    "no-such-page": HTTPStatus.NOT_FOUND,
    "not-implemented": HTTPStatus.NOT_IMPLEMENTED,
    "request-too-long": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "headers-too-long": HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "wrong-content-type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "wrong-expectation": HTTPStatus.EXPECTATION_FAILED,
    "wrong-http-method": HTTPStatus.METHOD_NOT_ALLOWED,
    "wrong-http-version": HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
}
_SECONDS_TO_RETRY = "1"


class BadRequest(PeerBrokeProtocol):
    """The request is answered with the problem `code`, and never becomes a call. `allowed` are the HTTP methods."""

    def __init__(self, code: str, reason: str, *, allowed: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.allowed = allowed

    @property
    def failure(self) -> Failure:
        return Failure(self.code, str(self))


def status_of(failure: Failure) -> HTTPStatus:
    """Return the status of the answer; a code that is not known is one of a failure."""
    return _STATUS.get(failure.code, HTTPStatus.INTERNAL_SERVER_ERROR)


def headers_of(failure: Failure) -> list[tuple[str, str]]:
    """Return the headers that go with the status."""
    return [("Retry-After", _SECONDS_TO_RETRY)] if status_of(failure) is HTTPStatus.SERVICE_UNAVAILABLE else []


def problem_of(failure: Failure) -> bytes:
    """Return the document, as JSON on one line."""
    status = status_of(failure)
    said = {"title": status.phrase, "status": status.value, "detail": failure.message, "code": failure.code}
    try:
        return PLAIN.encode_json({**said, "parts": failure.parts})
    except (TypeError, ValueError, RecursionError):  # the parts of a declared error need not have a form in JSON
        return PLAIN.encode_json({**said, "parts": {}})
