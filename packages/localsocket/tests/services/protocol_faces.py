"""The contracts of services by other protocols than ours: a client of varlink, and one of HTTP that is none of ours."""

from __future__ import annotations

import base64
import contextlib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Unpack

import h11
import msgspec

import localsocket
from contracts import ServingInThread
from contracts.service_of_claims import ADDRESS
from contracts.subjects import CallsUnderTest, ClientUnderTest, ItemsUnderTest, ServingUnderTest
from localsocket import Service
from localsocket.blocking.local_socket import LocalSocket
from localsocket.deadlines import Deadline
from localsocket.errors import CallCancelled, ClosedByPeer, DeadlinePassed, EndOfStream, Unsupported
from localsocket.services.client_core import ClientOptions
from localsocket.services.description import ServiceDescription
from localsocket.services.failures import error_of
from localsocket.services.method import Method
from localsocket.testing import PATIENCE
from localsocket.wire.call_bodies import Failure


class ProtocolFace:
    """Serves as another face does, and connects clients that speak another protocol."""

    def __init__(self, face: ServingInThread) -> None:
        self.is_async = face.is_async
        self._face = face
        self._service = Service("none")

    def serve(self, service: Service, address: str) -> AbstractContextManager[ServingUnderTest]:
        self._service = service
        return self._face.serve(service, address)

    def line(self, address: str) -> AbstractContextManager[LocalSocket]:
        return self._face.line(address)

    def _method(self, name: str) -> Method | None:
        return self._service._table.get(name)


class VarlinkFace(ProtocolFace):
    """Clients are ours, by varlink."""

    @contextlib.contextmanager
    def connect(self, address: str, **options: Unpack[ClientOptions]) -> Iterator[ClientUnderTest]:
        with self._face.connect(address, **{**options, "protocol": "varlink"}) as client:
            yield ByName(client, self._method)


class HttpFace(ProtocolFace):
    """Clients are none of ours: each call has a connection, which is closed to cancel it."""

    @contextlib.contextmanager
    def connect(self, address: str, **options: Unpack[ClientOptions]) -> Iterator[ClientUnderTest]:
        with contextlib.closing(HttpClient(address, self._method, options)) as client:
            yield client


def by_name(method: Method | None, arguments: tuple[object, ...], named: dict[str, object]) -> dict[str, object]:
    """Return arguments that are given by name alone; what no parameter is there for is called by its place."""
    parameters = [] if method is None else list(method.parameters.types)
    names = [*parameters, *(f"argument{place}" for place in range(len(parameters), len(arguments)))]
    return {**dict(zip(names, arguments, strict=False)), **named}


def from_json(method: Method | None, value: Any) -> Any:
    """Return what a result is: bytes come as base64."""
    if method is not None and method.result.kind is bytes and isinstance(value, str):
        return base64.b64decode(value)
    return value


class ByName:
    """Calls by varlink: arguments by their names, a topic as the method that it is there, bytes as what they were."""

    def __init__(self, calls: CallsUnderTest, method: Callable[[str], Method | None]) -> None:
        self._calls: Any = calls
        self._method = method

    def call(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any:
        return self._told(method, self._calls.call, arguments, named, timeout=timeout)

    def start(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any:
        return self._told(method, self._calls.start, arguments, named, timeout=timeout)

    def stream(self, method: str, /, *arguments: object, **options: Any) -> ItemsUnderTest:
        known = {name: options.pop(name) for name in ("timeout", "idle_timeout", "prefetch") if name in options}
        return DecodedItems(
            self._told(method, self._calls.stream, arguments, options, **known),
            partial(from_json, self._method(method)),
        )

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> None:
        self._told(method, self._calls.notify, arguments, named, timeout=timeout)

    def subscribe(self, topic: str, kind: Any = Any, **options: Any) -> Any:
        if {"resume", "on_gap"} & options.keys():
            return self._calls.subscribe(topic, kind, **options)
        return self._calls.stream(f"subscribe_{topic}", **options)

    def describe(self, *, timeout: float | None = None) -> ServiceDescription:
        told: ServiceDescription = self._calls.describe(timeout=timeout)
        return told

    @property
    def proxy(self) -> Any:
        return Attributes(self.call)

    def typed(self, protocol: Callable[..., Any], /) -> Any:
        return self._calls.typed(protocol)

    def within(self, timeout: float | None) -> ByName:
        return ByName(self._calls.within(timeout), self._method)

    def stats(self) -> Any:
        return self._calls.stats()

    def close(self) -> None:
        self._calls.close()

    def _told(
        self,
        method: str,
        call: Callable[..., Any],
        arguments: tuple[object, ...],
        named: dict[str, object],
        **options: object,
    ) -> Any:
        known = self._method(method)
        if known is not None and known.is_stream and call == self._calls.call:
            call = self._calls.stream  # which varlink has to be told
        return from_json(known, call(method, **by_name(known, arguments, named), **options))


class DecodedItems:
    """A stream whose items are what they were before they were JSON."""

    def __init__(self, items: ItemsUnderTest, decode: Callable[[Any], Any]) -> None:
        self._items = items
        self._decode = decode
        self.close = items.close

    def receive(self, *, timeout: float | None = None) -> Any:
        return self._decode(self._items.receive(timeout=timeout))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._decode(next(self._items))


class Attributes:
    """Methods as attributes, as those of a proxy."""

    def __init__(self, call: Callable[..., Any], name: str = "") -> None:
        self._call = call
        self._name = name

    def __getattr__(self, name: str) -> Attributes:
        return Attributes(self._call, f"{self._name}.{name}" if self._name else name)

    def __call__(self, *arguments: object, **named: object) -> Any:
        return self._call(self._name, *arguments, **named)


_EVENTS = ("Accept", "text/event-stream")


class HttpCalls:
    """Calls by HTTP as a client of any origin makes them. What the claims say of our clients alone it cannot."""

    def __init__(
        self, address: str, method: Callable[[str], Method | None], options: ClientOptions, calls: list[HttpCall]
    ) -> None:
        self._address = address
        self._method = method
        self._options = options
        self._timeout = options.get("call_timeout")
        self._errors = {kind.__name__: kind for kind in options.get("errors", ())}
        self._calls = calls

    def call(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any:
        known = self._method(method)
        if known is not None and known.is_stream:
            return self.stream(method, *arguments, timeout=timeout, **named)
        return self.start(method, *arguments, timeout=timeout, **named).result()

    def start(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> HttpCall:
        return self._post(method, arguments, named, self._timeout if timeout is None else timeout)

    def stream(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> HttpCall:
        if {"idle_timeout", "prefetch"} & named.keys():
            raise Unsupported("there is no such thing in HTTP")
        return self._post(method, arguments, named, timeout)

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> None:
        self._post(method, arguments, named, timeout, [("Prefer", "respond-async")]).result()

    def subscribe(self, topic: str, kind: Any = Any, **options: Any) -> HttpCall:
        if options.keys() - {"timeout"}:
            raise Unsupported("there is no such thing in HTTP")
        call = self._send("GET", f"/topics/{topic}", topic, b"", [_EVENTS], None)
        call.begin()
        return call

    def describe(self, *, timeout: float | None = None) -> ServiceDescription:
        return msgspec.convert(self._send("GET", "/", "", b"", [], timeout).result(), ServiceDescription)

    @property
    def proxy(self) -> Any:
        return Attributes(self.call)

    def typed(self, protocol: Callable[..., Any], /) -> Any:
        raise Unsupported("a client of HTTP is none of ours")

    def within(self, timeout: float | None) -> HttpCalls:
        return HttpCalls(self._address, self._method, {**self._options, "call_timeout": timeout}, self._calls)

    def _post(
        self,
        method: str,
        arguments: tuple[object, ...],
        named: dict[str, object],
        timeout: float | None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> HttpCall:
        body = msgspec.json.encode(by_name(self._method(method), arguments, named))
        told = [("Content-Type", "application/json"), _EVENTS, *headers]
        return self._send("POST", f"/{method}", method, body, told, timeout)

    def _send(
        self, verb: str, path: str, method: str, body: bytes, headers: list[tuple[str, str]], timeout: float | None
    ) -> HttpCall:
        deadline = Deadline(timeout)
        if timeout is not None and timeout <= 0:
            raise DeadlinePassed(f"calling {method!r}", timeout)
        told = [("Host", "x"), ("Content-Length", str(len(body))), *headers]
        tracing = self._options.get("tracing")
        if timeout is not None:
            told.append(("Request-Timeout", f"{timeout:.6f}"))
        call = HttpCall(self._address, method, self._errors, partial(from_json, self._method(method)), deadline)
        self._calls.append(call)
        with nullcontext({}) if tracing is None else tracing.calling(ADDRESS, method) as carrier:
            call.send(h11.Request(method=verb, target=path, headers=[*told, *carrier.items()]), body)
        return call


class HttpClient(HttpCalls):
    """A client that keeps a connection beside those of its calls, and closes all."""

    def __init__(self, address: str, method: Callable[[str], Method | None], options: ClientOptions) -> None:
        super().__init__(address, method, options, [])
        self._kept = localsocket.connect(address, timeout=options.get("timeout", PATIENCE))
        try:
            self._kept.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", timeout=PATIENCE)  # who is mute is disconnected
        except BaseException:
            self._kept.abort()  # nobody has the client yet, to close it
            raise

    def stats(self) -> Any:
        raise Unsupported("a client of HTTP is none of ours")

    def close(self) -> None:
        self._kept.abort()
        for call in self._calls:
            call.close()


class HttpCall:
    """One request on a connection of its own, and the response: a result, or the items of a stream."""

    def __init__(
        self,
        address: str,
        method: str,
        errors: dict[str, type[Exception]],
        decode: Callable[[Any], Any],
        deadline: Deadline,
    ) -> None:
        self._socket = localsocket.connect(address, timeout=PATIENCE)
        self._http = h11.Connection(h11.CLIENT)
        self._method = method
        self._errors = errors
        self._decode = decode
        self._deadline = deadline
        self._status = 0
        self._text = b""
        self._end: Exception | None = None
        self._result: Any = None
        self._done = EndOfStream(f"another item of {method!r}", 0)
        self._is_closed = False

    def send(self, request: h11.Request, body: bytes) -> None:
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        said = b"".join(data for event in events if (data := self._http.send(event)))
        self._socket.write(said, timeout=PATIENCE)

    def begin(self) -> None:
        """Wait for the head of the response; raise why there is no stream."""
        while not self._status:
            self._take(self._event(Deadline(PATIENCE)))
        if self._status != 200:
            self.result()

    def result(self, timeout: float | None = None) -> Any:
        deadline = Deadline(timeout)
        while self._end is None:
            self._take(self._event(deadline))
        if self._end is not self._done:
            raise self._end
        return self._result

    def receive(self, *, timeout: float | None = None) -> Any:
        deadline = Deadline(timeout)
        while b"\n\n" not in self._text:
            if self._end is not None:
                raise self._end
            self._take(self._event(deadline))
        event, _, self._text = self._text.partition(b"\n\n")
        kind, _, data = event.partition(b"data")
        if kind == b"event: problem\n":
            self._end = self._error(data.removeprefix(b": "))
        elif kind == b"event: end\n":
            self._end = self._done
        else:
            return self._decode(json.loads(data.removeprefix(b": ")))
        raise self._end

    def cancel(self) -> None:
        self.close()

    def close(self) -> None:
        self._is_closed = True
        self._socket.abort()  # which wakes who waits in another thread

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self.receive()
        except EndOfStream:
            raise StopIteration from None

    # ------------------------------------------------------------------------------------------------------------------

    def _event(self, deadline: Deadline) -> Any:
        if self._is_closed:
            raise CallCancelled(self._method)
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if not (data := self._read(deadline)):
                raise ClosedByPeer(f"calling {self._method!r}")
            self._http.receive_data(data)
        return event

    def _read(self, deadline: Deadline) -> bytes:
        """Wait for more to arrive; the call is given up where its own time is over."""
        end = min(deadline, self._deadline, key=_left)
        try:
            return self._socket.read(timeout=end.remaining())
        except DeadlinePassed:
            if end is self._deadline:
                self.close()
            raise end.error(f"calling {self._method!r}") from None

    def _take(self, event: Any) -> None:
        match event:
            case h11.Response():
                self._status = event.status_code
                self._is_stream = dict(event.headers).get(b"content-type", b"").startswith(b"text/event-stream")
            case h11.Data():
                self._text += bytes(event.data)
            case h11.EndOfMessage() if not self._is_stream:
                self._finish()

    def _finish(self) -> None:
        self._socket.abort()
        if self._status not in (200, 202):
            self._end = self._error(self._text)
            return
        self._end = self._done
        self._result = self._decode(json.loads(self._text)) if self._text else None

    def _error(self, problem: bytes) -> Exception:
        told = json.loads(problem)
        failure = Failure(told["code"], told["detail"], told.get("parts", {}))
        return error_of(failure, self._method, self._errors)


def _left(deadline: Deadline) -> float:
    return math.inf if (remaining := deadline.remaining()) is None else remaining
