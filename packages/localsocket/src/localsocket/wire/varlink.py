"""The answering half of varlink: messages of JSON that end with a NUL, answered in the order in which they came.

See https://varlink.org, and docs/varlink.md for what becomes of our methods, results and errors there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from localsocket.errors import BadArguments, MessageTooLong, PeerBrokeProtocol, TooLongToSend
from localsocket.values.gathering import Written, whole
from localsocket.values.known_types import PLAIN
from localsocket.wire.answerer import AnsweredCall, Request
from localsocket.wire.call_bodies import CallBody, Failure
from localsocket.wire.frames import Kind
from localsocket.wire.serializers import UNREADABLE
from localsocket.wire.stream_terms import NO_TERMS
from localsocket.wire.strict_json import AmbiguousJSON, IntegerTooLarge, check_json

STANDARD = "org.varlink.service"
"""The interface that every varlink service has, with the errors that are the same everywhere."""

OWN = "localsocket.service"
"""The interface of errors that every service of this package may answer with."""

_CALL, _NOTIFICATION = int(Kind.CALL), int(Kind.NOTIFICATION)
_NO_LIMIT = 2**62  # what has not been sent is the limit, and for whoever sends to see
_NO_ARGUMENTS = msgspec.Raw(b"\x90")
_NOTHING = msgspec.Raw(b"{}")
_END = b"\0"
_BRACE = ord("{")


class Shape(NamedTuple):
    """How a method is called, and how what it gives is wrapped. `names`: those of its parameters that differ here."""

    is_stream: bool
    before: bytes
    after: bytes
    names: Mapping[str, str] = {}


def shape_of(field: str | None, *, is_stream: bool, names: Mapping[str, str] | None = None) -> Shape:
    """Return the shape of a method whose result is one `field` of the reply; "" if it is all of them, None if none."""
    if field is None:
        return Shape(is_stream, b"", b"", names or {})
    before, after = (b'{"parameters":{"%s":' % field.encode(), b"}") if field else (b'{"parameters":', b"")
    return Shape(is_stream, before, after + (b',"continues":true}\0' if is_stream else b"}\0"), names or {})


_EMPTY_REPLY = b'{"parameters":{}}\0'


class _Message(msgspec.Struct):
    method: str
    parameters: msgspec.Raw = _NOTHING
    more: bool | None = None
    oneway: bool | None = None
    upgrade: bool | None = None


class _Call(AnsweredCall):
    """A call and its turn: what is ready before that is held."""

    __slots__ = ("held", "lacks_more", "shape")

    def __init__(self, number: int, body: CallBody, size: int, shape: Shape | None) -> None:
        super().__init__(number, body, 0, size, NO_TERMS)
        self.shape = shape
        self.held = b""
        self.lacks_more = False


_decode = msgspec.json.Decoder(_Message).decode
_decode_parameters = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class VarlinkDoor:
    """Takes what a varlink client sends, and gives the replies to send to it. See door.py.

    `methods` are those that can be called, by their full names. `interface` is that of the service, and `errors` says
    what the declared ones are called there.
    """

    is_json = True
    is_limit_known = False
    has_ended = False
    fault = ""
    output = b""
    has_more = False
    unread = 0

    def __init__(self, interface: str, methods: Mapping[str, Shape], errors: Mapping[str, str], longest: int) -> None:
        self.longest = longest
        self.has_news = False
        self.is_greeted = False
        self.bytes_held = 0
        self._interface = interface
        self._methods = methods
        self._interfaces = {name.rpartition(".")[0] for name in methods} | {OWN}
        self._errors = errors
        self._arrived = bytearray()
        self._turns: deque[_Call] = deque()
        self._turned: list[AnsweredCall] = []
        self._last = 0

    @property
    def open_calls(self) -> int:
        return len(self._turns)

    @property
    def unfinished(self) -> int:
        return len(self._arrived)

    # --- what arrives -------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> list[Request]:
        last = self._last
        try:
            return [self._read(message) for message in self._messages(data)]
        except PeerBrokeProtocol:
            while self._turns and self._turns[-1].number > last:
                self._turns.pop()
            raise

    def abandon(self) -> list[AnsweredCall]:
        answers: list[AnsweredCall] = [turn for turn in self._turns if not turn.is_over]
        for answer in answers:
            answer.is_over = True
        self._turns.clear()
        self.bytes_held = 0
        return answers

    def take_output(self) -> bytes:
        return b""

    def take_turned(self) -> list[AnsweredCall]:
        turned, self._turned = self._turned, []
        self.has_news = False
        return turned

    # --- what to send -------------------------------------------------------------------------------------------------

    def reply(self, answer: AnsweredCall, body: Written) -> bytes:
        shape = self._shape(answer)
        if not shape.before:
            return self._finish(answer, _EMPTY_REPLY)
        self._check_length(text := whole(body))
        return self._finish(answer, b"".join((shape.before, text, shape.after)))

    def fail(self, answer: AnsweredCall, failure: Failure) -> bytes:
        name, parameters = self._error(answer, failure)
        try:
            body = PLAIN.encode_json({"error": name, "parameters": parameters})
        except (TypeError, ValueError, OverflowError, RecursionError):
            body = b""
        if not 0 < len(body) <= self.longest:
            message = f"the description of {name!r} cannot be sent"
            body = _encode({"error": f"{OWN}.Failed", "parameters": _parts_of_failed(message, {})})
        return self._finish(answer, body + _END)

    def open_stream(self, answer: AnsweredCall) -> bytes:
        answer.is_stream = True
        return b""

    def item(self, answer: AnsweredCall, body: Written) -> bytes:
        self._check_length(text := whole(body))
        if answer.is_over:
            return b""
        shape = self._shape(answer)
        return b"".join((shape.before, text, shape.after))

    def end_stream(self, answer: AnsweredCall) -> bytes:
        return self._finish(answer, _EMPTY_REPLY)

    # ------------------------------------------------------------------------------------------------------------------

    def _messages(self, data: bytes) -> list[bytes]:
        """Return the messages that `data` completes, and keep what follows them. Raises MessageTooLong."""
        *whole, rest = data.split(_END)
        if whole:
            whole[0] = bytes(self._arrived) + whole[0]
            self._arrived.clear()
            self.is_greeted = True
        self._arrived += rest
        longest = max(len(self._arrived), max(map(len, whole), default=0))
        if longest > self.longest:
            raise MessageTooLong(longest, self.longest)
        return whole

    def _read(self, message: bytes) -> Request:
        refusal = None
        try:
            check_json(message)
        except IntegerTooLarge as error:
            refusal = error
        except AmbiguousJSON as error:
            raise PeerBrokeProtocol(f"the peer's message is not a varlink call: {error}") from None
        try:
            read = _decode(message)
        except UNREADABLE as error:
            raise PeerBrokeProtocol(f"the peer's message is not a varlink call: {error}") from None
        if read.oneway and (read.more or read.upgrade):
            raise PeerBrokeProtocol("the peer made a call both oneway and more, or an upgrade")
        call = self._call(read, len(message))
        if call.refusal is None and refusal is not None:
            call.refusal = BadArguments(read.method, _place_of_large_integer(read.parameters), str(refusal))
        return (_NOTIFICATION if read.oneway else _CALL), call

    def _call(self, read: _Message, size: int) -> _Call:
        number = 0
        if not read.oneway:
            number = self._last = self._last + 1
        shape = self._methods.get(read.method)
        parameters = read.parameters
        refusal = None
        if memoryview(parameters)[0] != _BRACE:
            if bytes(parameters) != b"null":
                refusal = BadArguments(read.method, "parameters", "they are not an object")
            parameters = _NOTHING
        if shape is not None and shape.names:
            parameters = _renamed(parameters, shape.names)
        call = _Call(number, CallBody(read.method, None, _NO_ARGUMENTS, parameters), size, shape)
        call.refusal = refusal
        if read.upgrade:
            call.refusal = BadArguments(read.method, "upgrade", "this service speaks nothing else on a connection")
        elif shape is not None and shape.is_stream and not (read.more or read.oneway):
            call.lacks_more = True
            call.refusal = BadArguments(read.method, "more", "it returns a stream, which must be asked for")
        if number:
            if not self._turns:
                call.credit = _NO_LIMIT
            self._turns.append(call)
        return call

    def _shape(self, answer: AnsweredCall) -> Shape:
        assert isinstance(answer, _Call)
        assert answer.shape is not None
        return answer.shape

    def _check_length(self, body: bytes) -> None:
        if len(body) > self.longest:
            raise TooLongToSend(len(body), self.longest)

    def _finish(self, answer: AnsweredCall, message: bytes) -> bytes:
        """The call is over with this message: return what may be sent now."""
        if answer.is_over:
            return b""
        assert isinstance(answer, _Call)
        answer.is_over = True
        answer.context = None
        if answer is not self._turns[0]:
            answer.held = message
            self.bytes_held += len(message)
            return b""
        self._turns.popleft()
        return b"".join((message, *self._next_turns()))

    def _next_turns(self) -> list[bytes]:
        """Take those whose turn it is and who are answered already; it is the turn of the one behind them."""
        ready = []
        while self._turns and (first := self._turns[0]).is_over:
            self._turns.popleft()
            ready.append(first.held)
            self.bytes_held -= len(first.held)
        if self._turns:
            self._turns[0].credit = _NO_LIMIT
            self._turned.append(self._turns[0])
            self.has_news = True
        return ready

    def _error(self, answer: AnsweredCall, failure: Failure) -> tuple[str, dict[str, Any]]:
        """Return the name of the varlink error, and its parameters: those that it is declared with."""
        parts = failure.parts
        match failure.code:
            case "raised":
                return self._declared_error(failure)
            case "no-such-method":
                return self._not_found(str(parts["method"]))
            case "bad-arguments":
                if isinstance(answer, _Call) and answer.lacks_more:
                    return f"{STANDARD}.ExpectedMore", {}
                return f"{STANDARD}.InvalidParameter", {"parameter": self._parameter(answer, str(parts["path"]))}
            case "not-allowed":
                return f"{STANDARD}.PermissionDenied", {}
            case "failed":
                return f"{OWN}.Failed", _parts_of_failed(failure.message, parts)
        return f"{OWN}.{camel_case(failure.code)}", {"message": failure.message}

    def _declared_error(self, failure: Failure) -> tuple[str, dict[str, Any]]:
        parts = failure.parts
        parameters: dict[str, Any] = {"message": failure.message}
        arguments = list(parts["arguments"])
        if arguments != [failure.message]:
            parameters["arguments"] = arguments
        parameters |= parts["attributes"]
        name = parts["name"]
        return f"{self._interface}.{self._errors.get(name) or camel_case(name)}", parameters

    def _not_found(self, method: str) -> tuple[str, dict[str, Any]]:
        interface = method.rpartition(".")[0]
        if interface in self._interfaces:
            return f"{STANDARD}.MethodNotFound", {"method": method}
        return f"{STANDARD}.InterfaceNotFound", {"interface": interface}

    def _parameter(self, answer: AnsweredCall, path: str) -> str:
        if isinstance(answer, _Call) and answer.shape is not None:
            for name, known in answer.shape.names.items():
                if path == known or path.startswith((f"{known}.", f"{known}[")):
                    return name + path[len(known) :]
        return path


def camel_case(name: str) -> str:
    """Return `take_one` as `TakeOne`; "" for a name without letters and digits."""
    parts = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in name).split()
    return "".join(part[0].upper() + part[1:] for part in parts)


def _parts_of_failed(message: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "message": message,
        "reference": str(parts.get("reference", "")),
        "details": str(parts.get("details", "")),
    }


def _renamed(parameters: msgspec.Raw, names: Mapping[str, str]) -> msgspec.Raw:
    given = _decode_parameters(parameters)
    return msgspec.Raw(_encode({names.get(name, name): value for name, value in given.items()}))


def _place_of_large_integer(parameters: msgspec.Raw) -> str:
    try:
        given = _decode_parameters(parameters)
    except UNREADABLE:
        return "parameters"
    return next((name for name, value in given.items() if _has_large_integer(value)), "parameters")


def _has_large_integer(value: msgspec.Raw) -> bool:
    try:
        check_json(bytes(value))
    except AmbiguousJSON:
        return True
    return False


ERRORS_OF_OWN: Collection[tuple[str, str, str]] = (
    ("Failed", "message: string, reference: string, details: string", "The method failed, as its service's log says."),
    ("ResultTooLong", "message: string", "The result, or an item, is longer than the service may send."),
    ("TooLate", "message: string", "The time of the call is over."),
    ("TooManyCalls", "message: string", "Too many calls are under way."),
    ("Cancelled", "message: string", "The service gave the call up."),
    ("TooSlow", "message: string", "A subscriber did not read, and too many messages waited for it."),
)
"""Name, parameters, and what it says, of each error of the interface OWN."""
