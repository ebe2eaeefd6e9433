"""What an HTTP request asks of a service: which method it calls, and in what form it wants the answer."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import unquote

from localsocket.showing import shown
from localsocket.wire.http_problems import BadRequest

Form: TypeAlias = Literal["json", "events"]
"""How a stream is written: a line of JSON for each item, or server-sent events."""

DESCRIBE = "localsocket.describe"
OPENAPI = "localsocket.openapi"
SUBSCRIBE = "localsocket.subscribe"

_PAGES = {"/": DESCRIBE, "/openapi.json": OPENAPI}
_TOPICS = "/topics/"
_READ, _CALL = "GET, HEAD", "POST"

_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_JSON_TYPE = re.compile(r"application/(json|[\w.-]+\+json)", re.ASCII)
# Of a tracer, as the W3C has named them, and what the request is called in logs.
_CARRIED = ("traceparent", "tracestate", "baggage", "x-request-id")


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A request that is a call of `method`: `given` are parameters from the path, and the others are in the body."""

    method: str
    given: dict[str, object] = field(default_factory=dict)
    form: Form = "json"
    timeout: float | None = None
    is_notification: bool = False
    takes_body: bool = False
    carrier: dict[str, str] = field(default_factory=dict)


def read_request(
    http_method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], methods: Container[str]
) -> CallRequest:
    """Return the call that is wanted; `methods` has the names of all that there are. Raises BadRequest."""
    told: dict[str, str] = {}
    for name, value in headers:  # of several with one name, all are one list
        key, text = name.decode("ascii"), value.decode("latin-1")
        told[key] = f"{told[key]}, {text}" if key in told else text
    if told.get("expect", "100-continue").lower() != "100-continue":
        raise BadRequest("wrong-expectation", f"Expect is {shown(told['expect'])}, but only 100-continue is known")
    method, given, allowed = _page(_path(target))
    if http_method.decode("ascii") not in allowed.split(", "):
        if method not in methods:
            raise _no_such_page(method)
        raise BadRequest("wrong-http-method", f"this page is for {' and '.join(allowed.split(', '))}", allowed=allowed)
    takes_body = allowed == _CALL
    if takes_body:
        _check_content(told)
    return CallRequest(
        method,
        given,
        form="events" if "text/event-stream" in _listed(told.get("accept", "")) else "json",
        timeout=_seconds(told.get("request-timeout")),
        is_notification=takes_body and "respond-async" in _listed(told.get("prefer", "")),
        takes_body=takes_body,
        carrier={name: told[name] for name in _CARRIED if name in told},
    )


def _path(target: bytes) -> str:
    if not target.startswith(b"/"):
        raise BadRequest(
            "bad-request", f"{shown(target.decode('ascii'))} is not a path, and this service is not a proxy"
        )
    path, _, query = target.decode("ascii").partition("?")
    if query:
        raise BadRequest("bad-request", "send parameters in the body, as a JSON object, not after a '?'")
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("bad-request", f"{shown(path)} is not UTF-8") from None


def _page(path: str) -> tuple[str, dict[str, object], str]:
    """Return what the path calls, the parameters that are in the path, and the HTTP methods that are for it."""
    if path in _PAGES:
        return _PAGES[path], {}, _READ
    if path.startswith(_TOPICS):
        return SUBSCRIBE, {"topic": path.removeprefix(_TOPICS)}, "GET"
    name = path.removeprefix("/")
    if "/" not in name:
        return name, {}, _CALL
    raise _no_such_page(name)


def _no_such_page(name: str) -> BadRequest:
    return BadRequest("no-such-page", f"there is no {shown('/' + name)}; methods are /NAME, and topics /topics/NAME")


def _check_content(told: dict[str, str]) -> None:
    """Raise BadRequest for a body that is said to be something else than JSON."""
    if "content-encoding" in told:
        raise BadRequest("wrong-content-type", "Content-Encoding: this service accepts only a body without an encoding")
    kind, *options = (part.strip().lower() for part in told.get("content-type", "").split(";"))
    if not kind and told.get("content-length", "0").strip("0") == "" and "transfer-encoding" not in told:
        return  # and no body
    if not _JSON_TYPE.fullmatch(kind):
        raise BadRequest(
            "wrong-content-type",
            f"Content-Type is {shown(kind)}; send the parameters as a JSON object, with Content-Type: application/json",
        )
    if any(option.startswith("charset=") and option not in _UTF8 for option in options):
        raise BadRequest("wrong-content-type", "JSON must be sent as UTF-8")


_UTF8: Sequence[str] = ("charset=utf-8", 'charset="utf-8"', "charset=utf8")


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise BadRequest("bad-request", f"Request-Timeout is {shown(text)}, but takes seconds, such as 2.5")
    return float(text)


def _listed(text: str) -> list[str]:
    """Return what a header lists, without the parameters of each."""
    return [part.partition(";")[0].strip().lower() for part in text.split(",")]
