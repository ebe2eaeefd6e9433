"""What goes over the bus: messages, and the names and headers by which both sides know them. See docs/nats.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import msgspec

from localsocket.errors import PeerBrokeProtocol
from localsocket.showing import shown

WORD = "Localsocket"
"""The header that says what a message is for: a word, and maybe numbers. Callers of other kinds do without."""

TIMEOUT = "Localsocket-Timeout"
PREFETCH = "Localsocket-Prefetch"
OF = "Localsocket-Of"
NUMBER = "Localsocket-Number"
LIFE = "Localsocket-Life"
SIGNER = "Localsocket-Signer"
SIGNATURE = "Localsocket-Signature"
CONTENT_TYPE = "Content-Type"
MSGPACK = "application/msgpack"
JSON = "application/json"
# Those of NATS' own services, so that its tools count our failures too.
ERROR = "Nats-Service-Error"
ERROR_CODE = "Nats-Service-Error-Code"
STATUS = "Status"
MESSAGE_ID = "Nats-Msg-Id"
"""By which JetStream knows a message that it has stored already."""
DEAD = "Localsocket-Dead"
NO_RESPONDERS = "503"

PREFIX = "localsocket"
INBOX = "_INBOX."
"""What every subject begins with to which somebody may be answered."""
MOST_NUMBER = 2**32 - 1
"""The last number of a call."""
HEAD_ROOM = 4096
"""Bytes of a message of the longest kind that are left for its headers."""

_DIGITS = 18
_TOKEN = re.compile(r"[^\s\x00-\x1f\x7f*>]+")


class BusMessage(NamedTuple):
    """One message: to be published, or as it arrived."""

    subject: str
    payload: bytes = b""
    headers: dict[str, str] | None = None
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Listen:
    """From now on messages on `subject` are wanted."""

    subject: str


@dataclass(frozen=True, slots=True)
class ListenNoMore:
    """Messages on `subject` are no longer wanted."""

    subject: str


class CallerHello(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller answers to a greeting: what it takes, and what its clock shows, in seconds."""

    max_message: int
    stream_window: int
    clock: float


class ServiceHello(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance says first to each caller."""

    max_message: int
    max_calls: int
    service: str = ""
    version: str = ""
    idempotent: list[str] = []
    durable: list[str] = []


@dataclass(frozen=True, slots=True)
class Probe:
    """It is to be told when all has arrived that the server has for us now."""


BusAction: TypeAlias = BusMessage | Listen | ListenNoMore | Probe
"""What is done on the bus, in the order in which it was said."""


class Subjects:
    """The subjects of one service. A name is one token, with slashes for its dots: so no two names meet."""

    def __init__(self, service: str, prefix: str = PREFIX) -> None:
        self.service = service
        self.root = f"{prefix}.{token_of(service)}"
        self.calls = f"{self.root}.call.*"
        self.control = f"{self.root}.control"
        self._call = f"{self.root}.call."
        self._topic = f"{self.root}.topic."
        self.stored = f"{self.root}.durable.*"
        self.dead = f"{self.root}.dead.*"
        # A stream's name takes neither dots nor slashes, and these are in no name of a service.
        self.stream = self.root.replace(".", "=").replace("/", "+")
        self.dead_stream = f"{self.stream}=dead"

    def call(self, method: str) -> str:
        return self._call + token_of(method)

    def method(self, subject: str) -> str:
        """Return the method that is called on a subject of `calls`."""
        return named_method(subject[len(self._call) :])

    def durable(self, method: str) -> str:
        return f"{self.root}.durable.{token_of(method)}"

    def dead_letter(self, method: str) -> str:
        return f"{self.root}.dead.{token_of(method)}"

    def topic(self, name: str) -> str:
        return self._topic + token_of(name)


def is_token(name: str) -> bool:
    """Whether it can be one token of a subject, with slashes for its dots."""
    return _TOKEN.fullmatch(name) is not None


def named_method(token: str) -> str:
    return token.replace("/", ".") if "/" in token else token


def token_of(name: str) -> str:
    return name.replace(".", "/")


def word_of(headers: dict[str, str]) -> tuple[str, int]:
    """Return what the message is for, and its number, 0 where it has none. Raises PeerBrokeProtocol."""
    word, *numbers = headers.get(WORD, "").split(" ", 2)
    return word, whole_number(numbers[0]) if numbers else 0


def whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise PeerBrokeProtocol(f"the peer sent {shown(text)} instead of a number")
    return int(text)


def seconds_of(headers: dict[str, str], name: str) -> float | None:
    """Return the seconds that a header tells, or None without it. Raises PeerBrokeProtocol."""
    text = headers.get(name)
    return None if text is None else _seconds(text)


def timed(word: str, now: float, seconds: float | None, *, begins: bool = False) -> str:
    """Return what WORD says of a call that is wanted from `now` on, by the caller's clock, for so many seconds.

    Where it `begins` in that time, a stream may go on for longer.
    """
    if seconds is None:
        return f"{word} {now:.6f}"
    return f"{word} {now:.6f} {seconds:.6f} begins" if begins else f"{word} {now:.6f} {seconds:.6f}"


class Times(NamedTuple):
    """What timed() has said."""

    sent: float | None = None
    seconds: float | None = None
    begins: bool = False


def times_of(told: list[str]) -> Times:
    """Return what was said behind a word. Raises PeerBrokeProtocol."""
    if len(told) > 1:
        return Times(_seconds(told[0]), _seconds(told[1]), told[2:] == ["begins"])
    return Times(_seconds(told[0])) if told else Times()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e12:  # no NaN either
        raise PeerBrokeProtocol(f"the peer sent {shown(text)} instead of seconds")
    return seconds


def carried(carrier: dict[str, str]) -> dict[str, str]:
    """Return what a tracer sends along as headers, as far as there is room for it."""
    kept, room = {}, HEAD_ROOM // 2
    for name, value in carrier.items():
        room -= len(name) + 4 * len(value) + 4
        if room >= 0:
            kept[name] = value
    return kept
