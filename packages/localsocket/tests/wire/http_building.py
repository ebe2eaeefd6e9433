"""HTTP as clients write and read it, by Python's own http.client, without the code that it is fed to."""

from __future__ import annotations

import http.client
import io
import json
from typing import Any, NamedTuple, cast


class Told(NamedTuple):
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]


class _Stream(io.BytesIO):
    """Stands for a socket, several responses long."""

    def makefile(self, mode: str) -> _Stream:
        return self

    def close(self) -> None:
        """A response closes what it was read from, and others follow."""


def request(
    target: str = "/add", body: bytes = b"", *headers: str, method: str = "POST", version: str = "1.1"
) -> bytes:
    """Return a request; with a body that is JSON unless `headers` say otherwise."""
    told = ["Host: x", *headers]
    if body and not any(header.lower().startswith("content-type") for header in headers):
        told.append("Content-Type: application/json")
    if body and not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
        told.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([f"{method} {target} HTTP/{version}", *told])
    return head.encode() + b"\r\n\r\n" + body


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def responses(data: bytes, *, method: str = "POST") -> list[Told]:
    """Return the responses; http.client.IncompleteRead is raised for the last if it was broken off."""
    stream = _Stream(data)
    found = []
    while stream.tell() < len(data):
        response = http.client.HTTPResponse(cast(Any, stream), method=method)
        response.begin()
        found.append(Told(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()))
    return found
