"""What HTTP clients send, right and wrong, what calls it becomes, and what they are told: without any socket."""

from __future__ import annotations

import http.client
import itertools
import json
import random
from collections.abc import Iterable

import pytest

from localsocket.wire.answerer import AnsweredCall
from localsocket.wire.call_bodies import Failure
from localsocket.wire.frames import Kind
from localsocket.wire.http_door import HttpDoor
from localsocket.wire.http_heads import LONGEST_HEAD
from wire.http_building import Told, chunked, request, responses

METHODS = {"add", "count", "localsocket.describe", "localsocket.openapi", "localsocket.subscribe"}
LIMIT = 2000


class Talk:
    """A door, with everything that went in and came out."""

    def __init__(self) -> None:
        self.door = HttpDoor(LIMIT, METHODS)
        self.calls: list[AnsweredCall] = []
        self.notifications: list[AnsweredCall] = []
        self.sent = b""

    def say(self, *pieces: bytes) -> Talk:
        for piece in pieces:
            for kind, answer in self.door.feed(piece):
                (self.calls if kind == Kind.CALL else self.notifications).append(answer)
            self.sent += self.door.take_output()
        return self

    def reply(self, body: bytes = b"3", number: int = -1) -> Talk:
        self.sent += self.door.reply(self.calls[number], body)
        return self

    def fail(self, code: str, **parts: object) -> Talk:
        self.sent += self.door.fail(self.calls[-1], Failure(code, "a reason", parts))
        return self

    def stream(self, *items: bytes, number: int = -1) -> Talk:
        answer = self.calls[number]
        self.sent += self.door.open_stream(answer)
        for item in items:
            self.sent += self.door.item(answer, item)
        return self

    def end(self, number: int = -1) -> Talk:
        self.sent += self.door.end_stream(self.calls[number])
        return self

    @property
    def told(self) -> Told:
        (told,) = responses(self.sent)
        return told


def arguments(answer: AnsweredCall) -> object:
    return json.loads(bytes(answer.body.named))


# --- requests that are calls ------------------------------------------------------------------------------------------

SUM = request("/add", b'{"a": 1, "b": 2}')
CHUNKED = request("/add", chunked(b'{"a": 1,', b' "b": 2}'), "Transfer-Encoding: chunked")


@pytest.mark.parametrize("whole", [SUM, CHUNKED, request("/add", b'{"a": 1, "b": 2}', version="1.0")])
def test_a_request_is_the_same_call_however_it_is_cut(whole: bytes) -> None:
    cut = random.Random(1).sample(range(1, len(whole)), 5)
    edges = [0, *sorted(cut), len(whole)]
    pieces = [
        [whole],
        [whole[at : at + 1] for at in range(len(whole))],
        [whole[start:stop] for start, stop in itertools.pairwise(edges)],
    ]
    for each in pieces:
        talk = Talk().say(*each)
        (answer,) = talk.calls
        assert (answer.body.method, arguments(answer), answer.body.timeout) == ("add", {"a": 1, "b": 2}, None)
        assert not talk.sent
        talk.reply(b"3")
        assert (talk.told.status, talk.told.headers["content-type"], talk.told.json) == (200, "application/json", 3)


def test_a_call_without_parameters_needs_no_body_and_no_type() -> None:
    talk = Talk().say(request("/add"), request("/add", b"", "Content-Length: 0"), request("/a%64d", b" { } "))
    assert [(answer.body.method, arguments(answer)) for answer in talk.calls] == [("add", {})] * 3


def test_pages_and_topics_are_calls_of_the_services_own_methods() -> None:
    pages = ["/", "/openapi.json", "/topics/prices"]
    talk = Talk().say(*(request(page, method="GET") for page in pages))
    assert [(answer.body.method, arguments(answer)) for answer in talk.calls] == [
        ("localsocket.describe", {}),
        ("localsocket.openapi", {}),
        ("localsocket.subscribe", {"topic": "prices"}),
    ]


def test_head_is_answered_as_get_without_the_body() -> None:
    talk = Talk().say(request("/", method="HEAD")).reply(b'{"a": 1}')
    (told,) = responses(talk.sent, method="HEAD")
    assert (told.status, told.headers["content-length"], talk.sent[-4:]) == (200, "8", b"\r\n\r\n")
    assert not talk.door.has_ended


def test_headers_tell_the_deadline_and_the_trace() -> None:
    talk = Talk().say(request("/add", b"{}", "Request-Timeout: 2.5", "traceparent: 00-ab-cd-01", "X-Other: y"))
    assert talk.calls[0].body.timeout == 2.5
    assert talk.calls[0].body.carrier == {"traceparent": "00-ab-cd-01"}


def test_a_client_that_does_not_wait_is_told_that_its_call_has_come() -> None:
    talk = Talk().say(request("/add", b'{"a": 1}', "Prefer: respond-async"))
    assert not talk.calls
    (answer,) = talk.notifications
    assert (answer.number, arguments(answer)) == (0, {"a": 1})
    assert (talk.told.status, talk.told.headers["preference-applied"]) == (202, "respond-async")


def test_a_client_that_asks_first_is_told_to_go_on_once() -> None:
    head, body = request("/add", b'{"a": 1}', "Expect: 100-continue")[:-8], b'{"a": 1}'
    talk = Talk().say(head[:20], head[20:], body[:3])
    assert talk.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert talk.say(body[3:]).reply().told.json == 3


def test_a_client_that_asks_first_is_refused_before_it_has_sent_anything() -> None:
    for head in (
        request("/nope/x", b"", "Expect: 100-continue", "Content-Length: 9"),
        request("/add", b"", "Expect: 100-continue", f"Content-Length: {LIMIT + 1}", "Content-Type: application/json"),
    ):
        talk = Talk().say(head)
        assert talk.told.status in (404, 413)
        assert talk.told.headers["connection"] == "close"
        assert talk.door.has_ended


def test_an_empty_line_behind_a_body_is_passed_over() -> None:
    for pieces in ([SUM + b"\r\n" + SUM], [SUM + b"\r", b"\n" + SUM], [SUM, b"\r", b"\n", SUM]):
        assert len(Talk().say(*pieces).calls) == 2
    for pieces in ([SUM + b"\r\n\r\n" + SUM], [SUM, b"\r\n", b"\r\n", SUM]):  # but not two
        assert Talk().say(*pieces).door.fault


# --- order, and the end -----------------------------------------------------------------------------------------------


def test_answers_come_in_the_order_of_the_requests() -> None:
    talk = Talk().say(SUM * 3 + request("/nope", method="GET") + SUM)
    talk.reply(b"3", 2).reply(b"2", 1)
    assert (talk.sent, talk.door.bytes_held > 0) == (b"", True)
    talk.reply(b"1", 0)
    assert [told.json if told.status == 200 else told.status for told in responses(talk.sent)] == [1, 2, 3, 404]
    talk.reply(b"5", 3)
    assert [told.status for told in responses(talk.sent)] == [200, 200, 200, 404, 200]
    assert talk.door.bytes_held == talk.door.open_calls == 0


def test_a_stream_may_be_sent_when_everything_before_it_is() -> None:
    talk = Talk().say(SUM + request("/count") + SUM)
    assert [answer.may_send_item for answer in talk.calls] == [True, False, False]
    talk.reply(b"9", 2).reply(b"1", 0)
    assert talk.door.has_news
    assert talk.door.take_turned() == [talk.calls[1]]
    assert talk.calls[1].may_send_item
    talk.stream(b"1", b"2", number=1)
    talk.end(1)
    assert [told.body for told in responses(talk.sent)] == [b"1", b"1\n2\n", b"9"]


@pytest.mark.parametrize("last", [request("/add", b"{}", "Connection: close"), request("/add", b"{}", version="1.0")])
def test_the_connection_ends_with_the_last_request(last: bytes) -> None:
    talk = Talk().say(SUM + last + SUM)
    assert len(talk.calls) == 2
    assert not talk.reply(b"1", 0).door.has_ended
    talk.reply(b"2", 1)
    assert talk.door.has_ended
    assert [told.headers.get("connection") for told in responses(talk.sent)] == [None, "close"]
    assert not talk.say(SUM).calls[2:]


def test_what_cannot_be_read_is_told_behind_the_answers_before_it() -> None:
    talk = Talk().say(SUM + b"GARBAGE\r\n\r\n" + SUM)
    assert (talk.sent, talk.door.has_ended, len(talk.calls)) == (b"", False, 1)
    assert "GARBAGE" in talk.door.fault
    talk.reply()
    assert [told.status for told in responses(talk.sent)] == [200, 400]
    assert talk.door.has_ended


def test_a_peer_that_has_gone_is_told_nothing() -> None:
    talk = Talk().say(SUM, request("/count"))
    first, second = talk.door.abandon()
    assert first.is_over
    assert second.is_over
    assert talk.reply(number=0).stream(b"1").end().sent == b""
    assert talk.fail("failed").say(SUM).sent == b""


@pytest.mark.parametrize("said", [b"P", SUM[:-1], SUM + b"POST", CHUNKED[:-2], SUM + CHUNKED[:-2]])
def test_a_request_that_is_not_whole_is_news_once(said: bytes) -> None:
    talk = Talk().say(said)
    assert not talk.door.is_greeted
    assert talk.door.has_news
    talk.door.take_turned()
    assert not talk.say(CHUNKED[len(said) % len(CHUNKED) :][:0] + b"").door.has_news


@pytest.mark.parametrize(("said", "is_greeted"), [(SUM, True), (SUM + b"\r\n", True), (b"GARBAGE\n", False)])
def test_who_has_sent_a_whole_request_has_greeted(said: bytes, is_greeted: bool) -> None:
    assert Talk().say(said).door.is_greeted is is_greeted


# --- streams ----------------------------------------------------------------------------------------------------------

EVENTS = "Accept: text/event-stream"


def test_a_stream_is_lines_of_json() -> None:
    talk = Talk().say(request("/count")).stream(b"1", b'{"a":2}').end()
    assert (talk.told.headers["content-type"], talk.told.lines) == ("application/x-ndjson", [1, {"a": 2}])
    assert not talk.door.has_ended
    assert Talk().say(request("/count")).stream().end().told.body == b""


def test_a_stream_is_events_where_they_are_wanted() -> None:
    talk = Talk().say(request("/count", b"", EVENTS)).stream(b"1", b"2").end()
    assert talk.told.headers["content-type"] == "text/event-stream"
    assert talk.told.body == b"data: 1\n\ndata: 2\n\nevent: end\ndata\n\n"


def test_a_stream_that_fails_before_its_first_item_has_the_status_of_that() -> None:
    talk = Talk().say(request("/count")).stream().fail("raised", name="NotFound")
    assert (talk.told.status, talk.told.json["code"]) == (409, "raised")
    assert not talk.door.has_ended


def test_lines_that_end_with_a_failure_are_broken_off() -> None:
    talk = Talk().say(request("/count")).stream(b"1").fail("failed", reference="5d1f0a3b")
    with pytest.raises(http.client.IncompleteRead) as caught:
        responses(talk.sent)
    first, last = caught.value.partial.splitlines()
    assert (first, json.loads(last)["parts"]) == (b"1", {"reference": "5d1f0a3b"})
    assert talk.door.has_ended


def test_events_that_end_with_a_failure_tell_it_as_an_event() -> None:
    talk = Talk().say(request("/count", b"", EVENTS)).stream(b"1").fail("failed")
    first, last = talk.told.body.removesuffix(b"\n\n").split(b"\n\n")
    assert first == b"data: 1"
    assert last.startswith(b'event: problem\ndata: {"title":"Internal Server Error","status":500,')
    assert not talk.door.has_ended


def test_who_subscribes_is_told_so_before_there_is_a_message() -> None:
    talk = Talk().say(request("/topics/prices", method="GET")).stream()
    assert talk.sent.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_stream_for_http_1_0_ends_with_the_connection() -> None:
    talk = Talk().say(request("/count", version="1.0")).stream(b"1", b"2").end()
    assert (talk.told.body, talk.door.has_ended) == (b"1\n2\n", True)


# --- problems ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("no-such-method", 404),
        ("no-such-topic", 404),
        ("bad-arguments", 422),
        ("not-allowed", 403),
        ("too-many-calls", 503),
        ("result-too-long", 500),
        ("too-late", 504),
        ("cancelled", 503),
        ("too-slow", 503),
        ("raised", 409),
        ("failed", 500),
        ("a code of tomorrow", 500),
    ],
)
def test_each_failure_is_a_problem_with_its_code_and_parts(code: str, status: int) -> None:
    told = Talk().say(SUM).fail(code, what=[1]).told
    assert told.headers["content-type"] == "application/problem+json"
    assert told.headers.get("retry-after") == ("1" if status == 503 else None)
    assert (told.status, told.json) == (
        status,
        {
            "title": http.client.responses[status],
            "status": status,
            "detail": "a reason",
            "code": code,
            "parts": {"what": [1]},
        },
    )


def test_parts_that_have_no_form_in_json_are_left_out() -> None:
    assert Talk().say(SUM).fail("raised", what={(1, 2): 3}).told.json["parts"] == {}


REFUSED: list[tuple[str, bytes, int, str]] = [
    ("another method", request("/add", method="GET"), 405, "wrong-http-method"),
    ("a page", request("/", b"{}"), 405, "wrong-http-method"),
    ("what is not there", request("/nope", method="PUT"), 404, "no-such-page"),
    ("what is below", request("/add/x", b"{}"), 404, "no-such-page"),
    ("a form", request("/add", b"a=1", "Content-Type: application/x-www-form-urlencoded"), 415, "wrong-content-type"),
    ("no type", request("/add", b"{}", "Content-Type:"), 415, "wrong-content-type"),
    ("latin-1", request("/add", b"{}", "Content-Type: application/json; charset=latin-1"), 415, "wrong-content-type"),
    ("packed", request("/add", b"{}", "Content-Encoding: gzip"), 415, "wrong-content-type"),
    ("no JSON", request("/add", b"{a: 1}"), 400, "bad-json"),
    ("an array", request("/add", b"[1, 2]"), 400, "bad-json"),
    ("two values", request("/add", b"{} {}"), 400, "bad-json"),
    ("a number of 65 bits", request("/add", b'{"a": 36893488147419103232}'), 400, "bad-json"),
    ("a key twice", request("/add", b'{"a": 1, "a": 2}'), 400, "bad-json"),
    ("not a number", request("/add", b'{"a": NaN}'), 400, "bad-json"),
    ("wrong UTF-8", request("/add", b'{"a": "\xff"}'), 400, "bad-json"),
    ("half a character", request("/add", b'{"a": "\\ud800"}'), 400, "bad-json"),
    ("deeply nested", request("/add", b'{"a": ' + b"[" * 1500), 400, "bad-json"),
    ("a NUL in JSON", request("/add", b'{"a": \0}'), 400, "bad-json"),
    ("a query", request("/add?a=1", b"{}"), 400, "bad-request"),
    ("wrong UTF-8 in the path", request("/%ff", b"{}"), 400, "bad-request"),
    ("another server's page", request("http://example.org/add", b"{}"), 400, "bad-request"),
    ("a way to elsewhere", request("example.org:80", method="CONNECT"), 400, "bad-request"),
    ("everything", request("*", method="OPTIONS"), 400, "bad-request"),
    ("a time that is none", request("/add", b"{}", "Request-Timeout: soon"), 400, "bad-request"),
    ("a time below 0", request("/add", b"{}", "Request-Timeout: -1"), 400, "bad-request"),
    ("an expectation", request("/add", b"{}", "Expect: miracles"), 417, "wrong-expectation"),
]


@pytest.mark.parametrize(("said", "status", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_refused_is_told_why_and_the_next_request_is_served(said: bytes, status: int, code: str) -> None:
    talk = Talk().say(said)
    assert (talk.told.status, talk.told.json["code"]) == (status, code)
    assert not talk.door.fault
    assert len(talk.say(SUM).calls) == 1


def test_a_wrong_http_method_is_told_the_right_ones() -> None:
    assert Talk().say(request("/add", method="GET")).told.headers["allow"] == "POST"
    assert Talk().say(request("/", b"{}")).told.headers["allow"] == "GET, HEAD"
    assert Talk().say(request("/topics/prices")).told.headers["allow"] == "GET"


def long_head(size: int) -> bytes:
    """Return a request whose head has `size` bytes."""
    empty = request("/add", b"", "X: ")
    return request("/add", b"", "X: " + "x" * (size - len(empty)))


BROKEN: list[tuple[str, bytes, int]] = [
    ("no HTTP", b"HELO localhost\r\n", 400),
    ("a later version", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("two lengths", request("/add", b"{}", "Content-Length: 2", "Content-Length: 3"), 400),
    ("one length twice", request("/add", b"{}", "Content-Length: 2", "content-length : 2"), 400),
    ("a list of lengths", request("/add", b"{}", "Content-Length: 2, 2"), 400),
    ("a length below 0", request("/add", b"{}", "Content-Length: -2"), 400),
    ("a length with a sign", request("/add", b"{}", "Content-Length: +2"), 400),
    ("a length in hexadecimal", request("/add", b"{}", "Content-Length: 0x2"), 400),
    ("an endless length", request("/add", b"{}", "Content-Length: " + "9" * 30), 400),
    ("a length and chunks", request("/add", chunked(b"{}"), "Content-Length: 2", "Transfer-Encoding: chunked"), 400),
    ("two codings", request("/add", chunked(b"{}"), "Transfer-Encoding: gzip", "Transfer-Encoding: chunked"), 400),
    ("a list of codings", request("/add", chunked(b"{}"), "Transfer-Encoding: gzip, chunked"), 501),
    ("another coding", request("/add", b"{}", "Transfer-Encoding: xchunked"), 501),
    ("chunks in HTTP/1.0", request("/add", chunked(b"{}"), "Transfer-Encoding: chunked", version="1.0"), 400),
    ("a folded header", request("/add", b"{}", "X: a\r\n b"), 400),
    ("a folded first header", b"POST /add HTTP/1.1\r\n Host: x\r\n\r\n", 400),
    ("a line feed alone", request("/add").replace(b"\r\nHost", b"\nHost"), 400),
    ("only line feeds", request("/add").replace(b"\r\n", b"\n"), 400),
    ("a carriage return alone", request("/add", b"", "X: a\rY: b"), 400),
    ("a NUL in a header", request("/add", b"", "X: a\0b"), 400),
    ("a NUL in the path", request("/a\0dd"), 400),
    ("a space before the colon", request("/add", b"", "X : a"), 400),
    ("a header without a name", request("/add", b"", ": a"), 400),
    ("no host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two hosts", request("/add", b"", "Host: y"), 400),
    ("a path with a space", request("/a dd"), 400),
    ("no version", b"GET /\r\n", 400),
    ("a long head", long_head(LONGEST_HEAD + 1), 431),
    ("a long line", b"GET /" + b"x" * LONGEST_HEAD, 431),
    ("many headers", request("/add", b"", *["X: a"] * 100), 431),
    ("a long body", request("/add", b" " * (LIMIT + 1)), 413),
    ("a body of long chunks", request("/add", chunked(b" " * LIMIT, b" "), "Transfer-Encoding: chunked"), 413),
    ("a chunk with a sign", request("/add", b"+2\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), 400),
    ("a chunk of a lying size", request("/add", b"1\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), 400),
    ("an endless chunk", request("/add", b"f" * 30 + b"\r\n", "Transfer-Encoding: chunked"), 400),
    ("many small chunks", request("/add", b"1\r\n \r\n" * 1100, "Transfer-Encoding: chunked"), 400),
    ("a body that is longer than it says", request("/add", b"{}") + b"{}\r\n", 400),
]


@pytest.mark.parametrize(("said", "status"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_what_has_two_readings_or_none_is_told_so_and_ends_the_connection(said: bytes, status: int) -> None:
    for pieces in (1, 300):
        talk = Talk().say(*pieces_of(said, -(-len(said) // pieces)))
        for number in range(len(talk.calls)):
            talk.reply(b"3", number)
        told = responses(talk.sent)
        assert told[-1].status == status
        assert told[-1].headers["connection"] == "close"
        assert all(each.status == 200 for each in told[:-1])
        assert talk.door.fault
        assert talk.door.has_ended
        assert talk.say(SUM).calls == talk.calls[: len(told) - 1]


def test_a_head_and_a_body_may_be_as_long_as_the_limits() -> None:
    body = b'{"a":"%b"}' % (b"x" * (LIMIT - 8))
    talk = Talk().say(long_head(LONGEST_HEAD), request("/add", body), *pieces_of(request("/add", body), 7))
    assert len(talk.calls) == 3


def pieces_of(whole: bytes, size: int) -> Iterable[bytes]:
    return (whole[start : start + size] for start in range(0, len(whole), size))
