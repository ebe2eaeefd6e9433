"""What a NATS server says, however its bytes are cut, and whatever members of the bus had it carry."""

from __future__ import annotations

import random

import pytest

from localsocket.bridges.bus_messages import STATUS, BusMessage
from localsocket.bridges.nats_protocol import (
    MOST_HEADERS,
    Info,
    NatsReader,
    Ping,
    Pong,
    Refusal,
    Said,
    encode_message,
    encode_subscribe,
)
from localsocket.errors import PeerBrokeProtocol

STREAM = (
    b'INFO {"max_payload":65536,"nonce":"n","other":[1]}\r\n+OK\r\nPING\r\n'
    b"MSG a.b 1 5\r\nhello\r\n"
    b"MSG a.b 1 _INBOX.x 4\r\n\r\n\r\n\r\n"
    b"HMSG a.b 1 34 36\r\nNATS/1.0\r\nA: b: c\r\nEmpty:\r\nX:y\r\n\r\nhi\r\n"
    b"HMSG a.b 1 r 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
    b"MSG a.b 2 3\r\nnot\r\n"
    b"PONG\r\n-ERR 'Permissions Violation'\r\n"
)
SAID: list[Said] = [
    Info(max_payload=65536, nonce="n"),
    Ping(),
    BusMessage("a.b", b"hello"),
    BusMessage("a.b", b"\r\n\r\n", None, "_INBOX.x"),
    BusMessage("a.b", b"hi", {"A": "b: c", "Empty": "", "X": "y"}),
    BusMessage("a.b", b"", {STATUS: "503"}, "r"),
    Pong(),
    Refusal("Permissions Violation"),
]


MANY = b"NATS/1.0\r\n%s\r\n" % (b"a:\r\n" * (MOST_HEADERS // 4))


class Read:
    """A reader for one subscription, and what it passed over."""

    def __init__(self) -> None:
        self.passed_over: list[str] = []
        self._reader = NatsReader(self.passed_over.append)
        self._reader.wanted.add(1)

    def __call__(self, *pieces: bytes) -> list[Said]:
        return [said for piece in pieces for said in self._reader.feed(piece)]


def test_all_at_once() -> None:
    assert Read()(STREAM) == SAID


def test_byte_by_byte() -> None:
    assert Read()(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == SAID


def test_however_it_is_cut() -> None:
    chance = random.Random(17)
    for _ in range(200):
        cuts = sorted(chance.choices(range(len(STREAM)), k=chance.randrange(1, 6)))
        pieces = [STREAM[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(STREAM)], strict=True)]
        assert Read()(*pieces) == SAID


def test_nothing_is_said_before_it_is_there_whole() -> None:
    for end in range(len(STREAM)):
        said = Read()(STREAM[:end])
        assert said == SAID[: len(said)]
    assert Read()(STREAM[:-1]) == SAID[:-1]


@pytest.mark.parametrize(
    "message",
    [
        b"MSG a.\xff 1 2\r\nhi\r\n",
        b"MSG a.b 1 _INBOX.\xff 2\r\nhi\r\n",
        b"HMSG a.b 1 4 6\r\n\r\n\r\nhi\r\n",
        b"HMSG a.b 1 1 3\r\nxhi\r\n",
        b"HMSG a.b 1 %d %d\r\n%s\r\n" % (len(MANY), len(MANY), MANY),
    ],
)
def test_a_message_that_cannot_be_read_is_passed_over_and_the_next_is_taken(message: bytes) -> None:
    read = Read()
    assert read(message + b"MSG a.b 1 2\r\nhi\r\n") == [BusMessage("a.b", b"hi")]
    assert len(read.passed_over) == 1


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        (b"NATS/1.0 \xff\xff\xff\r\n\r\n", {STATUS: "\ufffd\ufffd\ufffd"}),
        (b"NATS/1.0\r\nA: \xff\r\nno colon\r\n\r\n", {"A": "\ufffd"}),
        (b"NATS/1.0\r\n\r\n", {}),
        (b"NATS/1.0", {}),
    ],
)
def test_headers_that_are_odd_cost_no_more_than_themselves(block: bytes, headers: dict[str, str]) -> None:
    assert Read()(b"HMSG a.b 1 %d %d\r\n%s\r\n" % (len(block), len(block), block)) == [BusMessage("a.b", b"", headers)]


def test_a_subject_with_characters_that_others_take_for_spaces_stays_one() -> None:
    assert Read()(b"MSG a\x0b1 1 2\r\nhi\r\n") == [BusMessage("a\x0b1", b"hi")]


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"MSG a.b 1\r\n",
        b"MSG a.b 1 -5\r\n",
        b"MSG a.b x 5\r\n",
        b"INFO [\r\n",
        b"x" * 2**21,
    ],
)
def test_what_no_nats_server_says_breaks_the_protocol(line: bytes) -> None:
    with pytest.raises(PeerBrokeProtocol):
        Read()(line)


def test_what_is_sent_can_be_read() -> None:
    for message in (
        BusMessage("a.b", b"hello"),
        BusMessage("a.b", b"", {"A": "b"}, "_INBOX.x"),
        BusMessage("ä.b", b"\r\n", {"A": "ü"}),
    ):
        sent = b"".join(encode_message(message, 1000))
        # What a server makes of it: the number of the subscription comes after the subject.
        line, _, rest = sent.partition(b"\r\n")
        word, subject, *fields = line.split()
        back = b" ".join([word.replace(b"PUB", b"MSG"), subject, b"1", *fields]) + b"\r\n" + rest
        assert Read()(back) == [message]


@pytest.mark.parametrize(
    "headers", [{"a b": "c"}, {"": "c"}, {"a:b\r\n": "c"}, {"a": "b\r\nInjected: c"}, {"a": "b\n"}, {"ä": "c"}]
)
def test_a_header_that_cannot_be_one_is_left_out_and_the_others_are_sent(headers: dict[str, str]) -> None:
    line, _, _ = encode_message(BusMessage("a.b", b"", {**headers, "X": "y"}), 1000)
    assert line.partition(b"\r\n")[2] == b"NATS/1.0\r\nX:y\r\n\r\n"


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB b 0\r\n", "a\t", "a\x00"])
def test_a_subject_that_is_none_is_not_sent(subject: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        encode_message(BusMessage(subject), 1000)
    with pytest.raises(ValueError, match="subject"):
        encode_subscribe(subject, "", 1)
    if subject:
        with pytest.raises(ValueError, match="subject"):
            encode_message(BusMessage("a", b"", None, subject), 1000)


def test_a_message_is_too_long_with_its_headers() -> None:
    encode_message(BusMessage("a", bytes(983), {"A": "b"}), 1000)
    with pytest.raises(ValueError, match="max_payload"):
        encode_message(BusMessage("a", bytes(984), {"A": "b"}), 1000)
