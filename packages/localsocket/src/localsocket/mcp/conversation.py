"""The server's side of the Model Context Protocol: bytes in, requests and bytes out. Nothing here waits.

There are two eras of it. Up to 2025-11-25 a client says `initialize` first, and a version holds from then on. From
2026-07-28 on each request says by which version it is meant, and `server/discover` tells of the server. The first
request decides which era it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from localsocket.mcp.json_rpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    Id,
    LineSplitter,
    Params,
    RpcBatch,
    RpcCall,
    RpcFault,
    error_message,
    notification_message,
    read_line,
    result_message,
    write_line,
)

AGREED_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Those that `initialize` agrees on, and then those that each request names."""
NAMED_VERSIONS = ("2026-07-28",)
_WITH_BATCHES = "2025-03-26"  # which brought them; the next version took them away again
_WITHOUT_PROGRESS_MESSAGES = "2024-11-05"

UNSUPPORTED_VERSION = -32022

_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_SERVER_KEY = "io.modelcontextprotocol/serverInfo"
_SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"

_OF_BOTH_ERAS = {"tools/list", "tools/call", "resources/list", "resources/read", "resources/templates/list"}
_AGREED_METHODS = {*_OF_BOTH_ERAS, "resources/subscribe", "resources/unsubscribe"}
_NAMED_METHODS = {*_OF_BOTH_ERAS, "subscriptions/listen"}
_CACHEABLE = {"tools/list", "resources/list", "resources/read", "resources/templates/list", "server/discover"}

MOST_REQUESTS = 100
"""So many may be under way; each takes a thread, and a service serves as many calls of one connection."""
_MOST_WATCHED = 1000  # addresses of resources in one request


class Request(msgspec.Struct, eq=False):
    """A request for the program behind the conversation, which answers it through the conversation, once."""

    id: Id
    method: str
    params: Params
    version: str
    batch: _BatchAnswers | None = None
    is_over: bool = False

    @property
    def progress_token(self) -> Id | None:
        meta = self.params.get("_meta")
        token = meta.get("progressToken") if isinstance(meta, dict) else None
        return token if isinstance(token, (str, int)) and not isinstance(token, bool) else None


class _BatchAnswers(msgspec.Struct, eq=False):
    """What is to go back on one line when all requests of a batch are over."""

    missing: int
    answers: list[dict[str, Any]] = []


class Cancelled(msgspec.Struct, frozen=True, eq=False):
    """The client wants this request no longer; it is not answered."""

    request: Request


class Conversation:
    """What was agreed with one client, and which requests are under way. Threads that share it hold a lock.

    feed() gives the requests for the program; everything else is answered here. data_to_send() is for the client.
    """

    def __init__(self, name: str, version: str, instructions: str = "") -> None:
        self._server = {"name": name, "version": version}
        self._instructions = {"instructions": instructions} if instructions else {}
        self._lines = LineSplitter()
        self._out: list[bytes] = []
        self._agreed = ""
        self._is_named = False
        self._open: dict[Id, Request] = {}
        self._subscribed: set[str] = set()  # by resources/subscribe
        self._listening: dict[Id, set[str]] = {}  # by subscriptions/listen, for as long as that is under way

    @property
    def version(self) -> str:
        """What was agreed on, "" before that, and where each request names its own."""
        return self._agreed

    def feed(self, data: bytes) -> list[Request | Cancelled]:
        """Take what the client has sent, however it is cut."""
        found: list[Request | Cancelled] = []
        for line in self._lines.feed(data):
            match read_line(line):
                case RpcBatch() as batch:
                    found += self._take_batch(batch)
                case RpcCall() | RpcFault() as part:
                    found += self._take(part, None)
                case None:
                    pass
        return found

    def data_to_send(self) -> bytes:
        out, self._out = b"".join(self._out), []
        return out

    # --- what the program says ----------------------------------------------------------------------------------------

    def answer(self, request: Request, result: dict[str, Any]) -> None:
        """Answer a request; one that was cancelled, or answered, is left alone."""
        if self._is_open(request):
            self._end(request, result_message(request.id, self._complete(request, result)))

    def refuse(self, request: Request, code: int, reason: str, data: Any = None) -> None:
        """Answer a request with an error; likewise."""
        if self._is_open(request):
            self._end(request, error_message(request.id, code, reason, data))

    def tell_progress(self, request: Request, number: int, text: str) -> None:
        """Tell how far a request has come, if its client wants to know; `text` says what is new."""
        if (token := request.progress_token) is None or not self._is_open(request):
            return
        params: Params = {"progressToken": token, "progress": number}
        if request.version != _WITHOUT_PROGRESS_MESSAGES:
            params["message"] = text
        self._notify("notifications/progress", params)

    def subscribe(self, request: Request, address: str) -> None:
        """Answer resources/subscribe: from now on updated() is told of this resource."""
        if self._is_open(request):
            self._subscribed.add(address)
            self.answer(request, {})

    def unsubscribe(self, request: Request, address: str) -> None:
        self._subscribed.discard(address)
        self.answer(request, {})

    def listen(self, request: Request, addresses: Iterable[str]) -> None:
        """Begin what subscriptions/listen asks for: it stays under way, and is told of these resources."""
        if not self._is_open(request):
            return
        known = list(dict.fromkeys(addresses))
        self._listening[request.id] = set(known)
        honoured = {"resourceSubscriptions": known} if known else {}
        params = {"notifications": honoured, "_meta": {_SUBSCRIPTION_KEY: request.id}}
        self._notify("notifications/subscriptions/acknowledged", params)

    def updated(self, address: str) -> None:
        """Tell those who want to know that there is something new to be read."""
        method = "notifications/resources/updated"
        if address in self._subscribed:
            self._notify(method, {"uri": address})
        for number, addresses in self._listening.items():
            if address in addresses:
                self._notify(method, {"uri": address, "_meta": {_SUBSCRIPTION_KEY: number}})

    def end(self) -> list[Request]:
        """The client sends nothing more: end its subscriptions, and return the requests that nobody waits for."""
        left = []
        for request in list(self._open.values()):
            if request.id in self._listening:
                self.answer(request, {})
            else:
                left.append(request)
        return left

    # --- taking in ----------------------------------------------------------------------------------------------------

    def _take_batch(self, batch: RpcBatch) -> list[Request | Cancelled]:
        if self._agreed != _WITH_BATCHES:
            reason = f"each line is one message: only version {_WITH_BATCHES} has batches"
            self._send(error_message(None, INVALID_REQUEST, reason))
            return []
        answers = _BatchAnswers(sum(isinstance(part, RpcFault) or part.id is not None for part in batch.parts))
        return [found for part in batch.parts for found in self._take(part, answers)]

    def _take(self, part: RpcCall | RpcFault, batch: _BatchAnswers | None) -> list[Request | Cancelled]:
        if isinstance(part, RpcFault):
            self._reply(error_message(part.id, part.code, part.reason), batch)
            return []
        if part.id is None:
            return self._notice(part)
        if part.id in self._open:
            self._reply(error_message(part.id, INVALID_REQUEST, "a request with this id is already under way"), batch)
            return []
        meta = part.params.get("_meta")
        named = meta.get(_VERSION_KEY) if isinstance(meta, dict) else None
        if named is not None and part.method != "initialize" and not self._agreed:
            return self._take_named(part, named)
        return self._take_agreed(part, named, batch)

    def _take_agreed(self, call: RpcCall, named: object, batch: _BatchAnswers | None) -> list[Request | Cancelled]:
        """Take a request of the era in which a version is agreed on first."""
        assert call.id is not None
        if call.method == "initialize":
            self._reply(self._initialize(call, batch), batch)
        elif call.method == "ping":
            self._reply(result_message(call.id, {}), batch)
        elif self._is_named:
            reason = f"this connection began with version {NAMED_VERSIONS[-1]}: _meta names the version of each request"
            self._reply(error_message(call.id, INVALID_PARAMS, reason), batch)
        elif not self._agreed:
            known = call.method in _AGREED_METHODS
            code, reason = (INVALID_REQUEST, "send initialize first") if known else _unknown(call.method)
            self._reply(error_message(call.id, code, reason), batch)
        elif named is not None:
            reason = f"version {self._agreed} was agreed on: a request names none"
            self._reply(error_message(call.id, INVALID_REQUEST, reason), batch)
        elif call.method not in _AGREED_METHODS:
            self._reply(error_message(call.id, *_unknown(call.method)), batch)
        else:
            return self._begin(call, self._agreed, batch)
        return []

    def _take_named(self, call: RpcCall, named: object) -> list[Request | Cancelled]:
        """Take a request of the era in which each names its version."""
        assert call.id is not None
        if named not in NAMED_VERSIONS:
            data = {"supported": [*AGREED_VERSIONS, *NAMED_VERSIONS], "requested": named}
            self._send(error_message(call.id, UNSUPPORTED_VERSION, f"version {named!r:.40} is not spoken here", data))
            return []
        self._is_named = True
        if call.method == "server/discover":
            request = Request(call.id, call.method, call.params, NAMED_VERSIONS[-1])
            told = {"supportedVersions": [*NAMED_VERSIONS], "capabilities": self._capabilities(), **self._instructions}
            self._send(result_message(call.id, self._complete(request, told)))
        elif call.method not in _NAMED_METHODS:
            self._send(error_message(call.id, *_unknown(call.method)))
        else:
            return self._begin(call, NAMED_VERSIONS[-1], None)
        return []

    def _begin(self, call: RpcCall, version: str, batch: _BatchAnswers | None) -> list[Request | Cancelled]:
        assert call.id is not None
        if len(self._open) >= MOST_REQUESTS:
            reason = f"{MOST_REQUESTS} requests are under way, and no more are allowed; wait for one to end"
            self._reply(error_message(call.id, INVALID_REQUEST, reason), batch)
            return []
        request = self._open[call.id] = Request(call.id, call.method, call.params, version, batch)
        return [request]

    def _initialize(self, call: RpcCall, batch: _BatchAnswers | None) -> dict[str, Any]:
        assert call.id is not None
        asked = call.params.get("protocolVersion")
        if self._is_named:
            data = {"supported": [*NAMED_VERSIONS], "requested": asked}
            return error_message(call.id, UNSUPPORTED_VERSION, "this connection began without initialize", data)
        if self._agreed or batch is not None:
            return error_message(call.id, INVALID_REQUEST, "initialize comes first, and once")
        if not isinstance(asked, str):
            return error_message(call.id, INVALID_PARAMS, "protocolVersion is missing; it must be a string")
        self._agreed = asked if asked in AGREED_VERSIONS else AGREED_VERSIONS[-1]
        told = {"protocolVersion": self._agreed, "capabilities": self._capabilities(), "serverInfo": self._server}
        return result_message(call.id, {**told, **self._instructions})

    def _notice(self, call: RpcCall) -> list[Request | Cancelled]:
        """Take a notification; those that mean nothing here are ignored, as JSON-RPC has it."""
        if call.method != "notifications/cancelled":
            return []
        number = call.params.get("requestId")
        request = self._open.get(number) if isinstance(number, (str, int)) else None
        if request is None:  # it is over already, which its client could not know
            return []
        self._end(request, None)
        return [Cancelled(request)]

    # --- sending ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _capabilities() -> dict[str, Any]:
        return {"tools": {"listChanged": False}, "resources": {"subscribe": True, "listChanged": False}}

    def _complete(self, request: Request, result: dict[str, Any]) -> dict[str, Any]:
        """Return the result with what each of its era says of itself."""
        if request.version not in NAMED_VERSIONS:
            return result
        meta = {_SERVER_KEY: self._server}
        if request.method == "subscriptions/listen":
            meta[_SUBSCRIPTION_KEY] = request.id  # type: ignore[assignment]
        # What a service tells may be another thing as soon as it was started anew.
        cached = {"ttlMs": 0, "cacheScope": "private"} if request.method in _CACHEABLE else {}
        return {"resultType": "complete", **cached, **result, "_meta": meta}

    def _is_open(self, request: Request) -> bool:
        return not request.is_over

    def _end(self, request: Request, answer: dict[str, Any] | None) -> None:
        request.is_over = True
        del self._open[request.id]
        self._listening.pop(request.id, None)
        if answer is None and request.batch is None:
            return
        self._reply(answer, request.batch)

    def _reply(self, answer: dict[str, Any] | None, batch: _BatchAnswers | None) -> None:
        if batch is None:
            assert answer is not None
            self._send(answer)
            return
        batch.missing -= 1
        if answer is not None:
            batch.answers.append(answer)
        if not batch.missing and batch.answers:
            self._send(batch.answers)

    def _notify(self, method: str, params: Params) -> None:
        self._send(notification_message(method, params))

    def _send(self, message: dict[str, Any] | list[dict[str, Any]]) -> None:
        self._out.append(write_line(message))


def watched_addresses(request: Request) -> list[str]:
    """Return the resources that subscriptions/listen asks for. Raises ValueError for what is no list of strings."""
    wanted = request.params.get("notifications")
    addresses = wanted.get("resourceSubscriptions") if isinstance(wanted, dict) else None
    if not isinstance(wanted, dict) or not isinstance(addresses, (list, type(None))):
        raise ValueError("notifications must be an object whose resourceSubscriptions are a list")
    if not all(isinstance(each, str) for each in addresses or ()) or len(addresses or ()) > _MOST_WATCHED:
        raise ValueError(f"resourceSubscriptions must be at most {_MOST_WATCHED} strings")
    return addresses or []


def _unknown(method: str) -> tuple[int, str]:
    return METHOD_NOT_FOUND, f"there is no method {method!r:.80}"
