"""The calling half of varlink: one call at a time, since answers have no ids and nothing can be cancelled."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

import msgspec

from localsocket.errors import MessageTooLong, PeerBrokeProtocol, TooLongToSend, UnsuitableMessage, Unsupported
from localsocket.showing import shown
from localsocket.values.known_types import PLAIN, KnownTypes
from localsocket.wire.call_bodies import Failure
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.frames import Body
from localsocket.wire.greeting import Greeting
from localsocket.wire.serializers import UNREADABLE
from localsocket.wire.sizes import check_size
from localsocket.wire.stream_terms import StreamTerms
from localsocket.wire.strict_json import AmbiguousJSON, check_json
from localsocket.wire.varlink import OWN, STANDARD, camel_case

_END = b"\0"
_INFO = b'{"method":"org.varlink.service.GetInfo"}\0'
_EVERYWHERE = (STANDARD, OWN)
_UNWRAPPED = ({"result"}, {"item"}, {"message"})  # as services of this package wrap what they give
_PACKAGE = "localsocket."
_FULL_NAME = re.compile(
    r".*\.[A-Z][A-Za-z0-9]*", re.ASCII | re.DOTALL
)  # methods of varlink begin with a capital letter


class _Reply(msgspec.Struct):
    parameters: dict[str, msgspec.Raw] | None = None
    continues: bool | None = None
    error: str | None = None


class _Info(msgspec.Struct):
    product: str = ""
    version: str = ""
    interfaces: list[str] = []


_decode = msgspec.json.Decoder(_Reply).decode
_encode = msgspec.json.Encoder().encode
_decode_anything = msgspec.json.Decoder().decode


class VarlinkCaller(Caller):
    """Makes calls of varlink, and takes the replies: for a client, what Caller is for our own protocol.

    A method is called by its full name, `demo.shop.TakeOne`; or by its own, or that of Python, where the service has
    one interface: `TakeOne`, `take_one`. Arguments are given by name. What a call gives is the value where the reply
    has one member called `result`, `item` or `message`, None for an empty one, else a dict of its members.

    The one call under way is the first of those open. A client that gives it up has to part with the connection, where
    the answer would come all the same: `is_spoiled` tells so.
    """

    is_json = True
    takes_positions = False

    def __init__(self, mine: Greeting, known: KnownTypes = PLAIN) -> None:
        super().__init__(mine, known)
        self.is_spoiled = False
        self._interfaces: list[str] = []
        self._text = bytearray()
        self._call: OpenCall | None = None  # whose answer comes next
        self._takes_more = False
        self._is_next_more = False
        self._ahead = 0  # bytes of items that are not taken yet

    @property
    def is_full(self) -> bool:
        return self._ahead >= self.mine.stream_window

    def opening(self) -> bytes:
        return _INFO

    @property
    def has_room(self) -> bool:
        return self.peer is not None and self._call is None

    @property
    def room(self) -> int:
        return int(self.has_room)

    # --- what to send -------------------------------------------------------------------------------------------------

    def prepare(
        self,
        method: str,
        timeout: float | None,
        arguments: tuple[object, ...],
        named: dict[str, object] | None = None,
        carrier: dict[str, str] | None = None,
        terms: StreamTerms | None = None,
    ) -> OpenCall:
        if terms is not None and terms.prefetch is not None:
            raise self.no_prefetch(method)
        self._is_next_more = terms is not None and terms.is_asked_for
        self._last += 1
        return OpenCall(method, self._last, self._message(method, arguments, named, more=self._is_next_more), 0)

    def open(self, call: OpenCall) -> None:
        super().open(call)
        self._call, self._takes_more = call, self._is_next_more

    def notify(
        self,
        method: str,
        arguments: tuple[object, ...],
        named: dict[str, object] | None = None,
        carrier: dict[str, str] | None = None,
    ) -> bytes:
        return self._message(method, arguments, named, oneway=True)

    def cancelling(self, call: OpenCall) -> bytes:
        return b""

    def forget(self, call: OpenCall) -> None:
        self.is_spoiled |= self.is_open(call)
        super().forget(call)

    def take_item(self, call: OpenCall) -> tuple[Body, bytes] | None:
        if not call.items:
            return None
        body = call.items.popleft()
        self._ahead -= len(body)
        return body, b""

    def ask(self, call: OpenCall) -> bytes:
        return b""

    # --- what arrives -------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> list[OpenCall]:
        news = self.news = []
        try:
            for message in self._messages(data):
                reply = _read(message)
                if self.peer is None:
                    self.peer = self._greeting(reply)
                else:
                    news.append(self._answer(reply))
        except BaseException:
            self._open.update((call.number, call) for call in news)
            raise
        return news

    def check_end(self) -> None:
        if self._text:
            raise PeerBrokeProtocol(f"the peer finished sending after {len(self._text)} bytes of a message")

    # ------------------------------------------------------------------------------------------------------------------

    def _messages(self, data: bytes) -> deque[bytes]:
        whole = deque(data.split(_END))
        rest = whole.pop()
        if whole:
            whole[0] = bytes(self._text) + whole[0]
            self._text.clear()
        self._text += rest
        longest = max(len(self._text), max(map(len, whole), default=0))
        if longest > self.mine.max_message:
            raise MessageTooLong(longest, self.mine.max_message)
        return whole

    def _greeting(self, reply: _Reply) -> Greeting:
        if reply.error is not None:
            raise PeerBrokeProtocol(f"the peer does not say what it is; it answered {shown(reply.error)}")
        try:
            info = msgspec.convert(_values(reply), _Info)
        except msgspec.ValidationError as error:
            raise PeerBrokeProtocol(f"what the peer says about itself cannot be read: {error}") from None
        self._interfaces = [name for name in info.interfaces if name not in _EVERYWHERE]
        return Greeting(role="service", max_message=2**62, max_calls=1, service=info.product, version=info.version)

    def _answer(self, reply: _Reply) -> OpenCall:
        if (call := self._call) is None:
            raise PeerBrokeProtocol("the peer sent a reply to a call that was never made")
        if reply.continues:
            if not self._takes_more or reply.error is not None:
                raise PeerBrokeProtocol("the peer sent the first of several replies where one was asked for")
            self._take_in_reply(call, reply)
            return call
        if reply.error is not None:
            call.failure = _failure(reply.error, _values(reply), call.method)
        elif self._takes_more:
            self._take_in_reply(call, reply)
        else:
            call.body = _body(reply)
        self._call = None
        self._finish(call)
        return call

    def _take_in_reply(self, call: OpenCall, reply: _Reply) -> None:
        """Take in an item of a stream; at its end there may be none in the reply."""
        if call.items is None:
            call.is_stream, call.items = True, deque()
        if reply.continues or reply.parameters:
            body = _body(reply)
            self._ahead += len(body)
            call.items.append(body)

    def _message(
        self,
        method: str,
        arguments: tuple[object, ...],
        named: dict[str, object] | None,
        *,
        more: bool = False,
        oneway: bool = False,
    ) -> bytes:
        if arguments:
            raise UnsuitableMessage("varlink", f"arguments are given by name: {method}(name={arguments[0]!r})"[:1000])
        said: dict[str, object] = {"method": self._full_name(method), "parameters": named or {}}
        if more or oneway:
            said["more" if more else "oneway"] = True
        longest = self.mine.max_message
        check_size(named or {}, longest)
        try:
            text = self._known.encode_json(said)
            check_json(text)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise UnsuitableMessage("varlink", str(error)) from error
        if len(text) >= longest:  # which counts the NUL
            raise TooLongToSend(len(text) + 1, longest)
        return text + _END

    def _full_name(self, method: str) -> str:
        if method.startswith(_PACKAGE):
            raise Unsupported(
                f"{method!r} exists only in our own protocol: in varlink a topic is a method, for client.stream("
                f'"SubscribeTicks"), and client.call("{STANDARD}.GetInterfaceDescription", interface=…) describes'
            )
        if _FULL_NAME.fullmatch(method):
            return method
        if len(self._interfaces) != 1:
            known = ", ".join(map(shown, self._interfaces[:10])) or "none"
            raise Unsupported(f"write {method!r} with its interface before it, since the service has several: {known}")
        return f"{self._interfaces[0]}.{camel_case(method)}"


def _read(message: bytes) -> _Reply:
    try:
        check_json(message)
        return _decode(message)
    except (AmbiguousJSON, *UNREADABLE) as error:
        raise PeerBrokeProtocol(f"the peer's message is not a varlink reply: {error}") from None


def _body(reply: _Reply) -> bytes:
    """Return what the reply gives, as JSON, which results are read from."""
    members = reply.parameters or {}
    if members.keys() in _UNWRAPPED:
        (value,) = members.values()
        return bytes(value)
    return _encode(members or None)


def _values(reply: _Reply) -> dict[str, Any]:
    return {name: _decode_anything(value) for name, value in (reply.parameters or {}).items()}


def _failure(error: str, parameters: dict[str, Any], method: str) -> Failure:
    """Return the failure for an error of varlink: one of ours where it says the same, else one that is declared."""
    interface, _, name = error.rpartition(".")
    message = str(parameters.get("message", error))
    if interface == STANDARD:
        match name:
            case "MethodNotFound" | "MethodNotImplemented" | "InterfaceNotFound":
                place = parameters.get("interface", interface)
                return Failure("no-such-method", message, {"method": method, "service": str(place), "similar": []})
            case "InvalidParameter":
                path = str(parameters.get("parameter", ""))
                return Failure("bad-arguments", message, {"method": method, "path": path, "reason": "it does not fit"})
            case "ExpectedMore":
                reason = "it returns a stream: ask for it with client.stream()"
                return Failure("bad-arguments", message, {"method": method, "path": "", "reason": reason})
            case "PermissionDenied":
                return Failure("not-allowed", message, {"method": method})
    if error == f"{OWN}.Failed":
        return Failure("failed", message, parameters)
    arguments = parameters.get("arguments")
    if not isinstance(arguments, list):
        arguments = [message] if "message" in parameters else []
    attributes = {key: value for key, value in parameters.items() if key not in ("message", "arguments")}
    return Failure("raised", message, {"name": name, "arguments": arguments, "attributes": attributes})
