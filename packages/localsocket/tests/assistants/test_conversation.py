"""What a shim says without any service: which versions it speaks, what it refuses, and what it takes as over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localsocket.mcp.conversation import (
    AGREED_VERSIONS,
    MOST_REQUESTS,
    NAMED_VERSIONS,
    UNSUPPORTED_VERSION,
    Cancelled,
    Conversation,
    Request,
    watched_addresses,
)
from localsocket.mcp.json_rpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    LONGEST_LINE,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    LineSplitter,
)

VERSION = "io.modelcontextprotocol/protocolVersion"
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
NAMED = {"_meta": {VERSION: NAMED_VERSIONS[-1]}}


def line(method: str, params: Any = None, number: Any = None) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
    return json.dumps(message if number is None else {**message, "id": number}).encode() + b"\n"


def said(conversation: Conversation) -> list[Any]:
    return [json.loads(each) for each in conversation.data_to_send().splitlines()]


def agreed(version: str = AGREED_VERSIONS[-1]) -> Conversation:
    conversation = Conversation("shop", "1")
    assert not conversation.feed(line("initialize", {"protocolVersion": version}, 0))
    assert said(conversation)[0]["result"]["protocolVersion"] == version
    assert not conversation.feed(line("notifications/initialized"))
    return conversation


def begun(conversation: Conversation, *lines: bytes) -> Request:
    """Return the last request that the lines begin."""
    *_, request = conversation.feed(b"".join(lines))
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize("version", AGREED_VERSIONS)
def test_each_version_that_is_known_is_agreed_on(version: str) -> None:
    assert agreed(version).version == version


def test_of_an_unknown_version_the_latest_is_offered() -> None:
    conversation = Conversation("shop", "1", "Buy.")
    conversation.feed(line("initialize", {"protocolVersion": "1999-01-01"}, 0))
    (answer,) = said(conversation)
    assert answer["result"]["protocolVersion"] == AGREED_VERSIONS[-1]
    assert answer["result"]["serverInfo"] == {"name": "shop", "version": "1"}
    assert answer["result"]["instructions"] == "Buy."


@pytest.mark.parametrize(
    ("sent", "number", "code"),
    [
        (b"{nonsense\n", None, PARSE_ERROR),
        (b"\xff\xfe\n", None, PARSE_ERROR),
        (b"[" * 100_000 + b"\n", None, PARSE_ERROR),
        (b"5\n", None, INVALID_REQUEST),
        (b'{"id": 7, "method": "ping"}\n', 7, INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 7, "method": 5}\n', 7, INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 7}\n', 7, INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}\n', None, INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}\n', None, INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}\n', None, INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": [1]}\n', 7, INVALID_PARAMS),
        (line("tools/list", number=7), 7, INVALID_REQUEST),
        (line("tools/lisp", number=7), 7, METHOD_NOT_FOUND),
        (line("initialize", number=7), 7, INVALID_PARAMS),
        (line("initialize", {"protocolVersion": 5}, 7), 7, INVALID_PARAMS),
        (b"[]\n", None, INVALID_REQUEST),
        (b"[" + line("ping", number=7).strip() + b"]\n", None, INVALID_REQUEST),
        (line("tools/list", {"_meta": {VERSION: "1999-01-01"}}, 7), 7, UNSUPPORTED_VERSION),
        (line("tools/list", {"_meta": {VERSION: 5}}, 7), 7, UNSUPPORTED_VERSION),
    ],
)
def test_what_is_wrong_is_answered_with_an_error_and_nothing_is_lost(sent: bytes, number: Any, code: int) -> None:
    conversation = Conversation("shop", "1")
    assert not conversation.feed(sent + line("ping", number=8))
    error, pong = said(conversation)
    assert (error["id"], error["error"]["code"]) == (number, code)
    assert error["error"]["message"]
    assert pong == {"jsonrpc": "2.0", "id": 8, "result": {}}
    conversation.feed(line("initialize", {"protocolVersion": AGREED_VERSIONS[0]}, 9))
    assert said(conversation)[0]["result"]["protocolVersion"] == AGREED_VERSIONS[0]


@pytest.mark.parametrize(
    "sent",
    [
        b"\n",
        b"  \r\n",
        b'{"jsonrpc": "2.0", "id": 5, "result": {}}\n',
        line("notifications/unheard_of"),
        line("notifications/cancelled"),
        line("notifications/cancelled", {"requestId": 99}),
        line("notifications/cancelled", {"requestId": [1]}),
    ],
)
def test_what_needs_no_answer_gets_none(sent: bytes) -> None:
    conversation = agreed()
    assert not conversation.feed(sent)
    assert not conversation.data_to_send()


@pytest.mark.parametrize(
    ("method", "code"),
    [("initialize", INVALID_REQUEST), ("prompts/list", METHOD_NOT_FOUND), ("subscriptions/listen", METHOD_NOT_FOUND)],
)
def test_what_does_not_belong_to_the_agreed_version_is_refused(method: str, code: int) -> None:
    conversation = agreed()
    assert not conversation.feed(line(method, {"protocolVersion": "2025-06-18"}, 1))
    assert said(conversation)[0]["error"]["code"] == code


def test_a_request_that_names_a_version_is_refused_once_one_was_agreed_on() -> None:
    conversation = agreed()
    assert not conversation.feed(line("tools/list", NAMED, 1))
    assert said(conversation)[0]["error"]["code"] == INVALID_REQUEST


def test_a_server_is_discovered_and_then_asked_with_the_version_in_each_request() -> None:
    conversation = Conversation("shop", "1")
    assert not conversation.feed(line("server/discover", NAMED, 1))
    (answer,) = said(conversation)
    assert answer["result"]["supportedVersions"] == [*NAMED_VERSIONS]
    request = begun(conversation, line("tools/list", NAMED, 2))
    conversation.answer(request, {"tools": []})
    result = said(conversation)[0]["result"]
    assert (result["resultType"], result["ttlMs"], result["tools"]) == ("complete", 0, [])
    for sent, code in [
        (line("initialize", {"protocolVersion": "2025-06-18"}, 3), UNSUPPORTED_VERSION),
        (line("tools/list", number=3), INVALID_PARAMS),
        (line("resources/subscribe", NAMED, 3), METHOD_NOT_FOUND),
    ]:
        assert not conversation.feed(sent)
        assert said(conversation)[0]["error"]["code"] == code


def test_a_line_is_understood_however_it_is_cut() -> None:
    sent = b"".join(line("ping", number=number) for number in range(20))
    answers = [{"jsonrpc": "2.0", "id": number, "result": {}} for number in range(20)]
    for size in (1, 7, len(sent)):
        conversation = Conversation("shop", "1")
        for start in range(0, len(sent), size):
            conversation.feed(sent[start : start + size])
        assert said(conversation) == answers


def test_a_line_that_is_too_long_is_refused_once_and_the_next_one_is_read() -> None:
    lines = LineSplitter(longest=10)
    assert list(lines.feed(b"a" * 11)) == [None]
    assert list(lines.feed(b"a" * 100)) == []
    assert list(lines.feed(b"a\nb\n")) == [b"b"]
    assert list(lines.feed(b"0123456789\n" + b"c" * 11 + b"\nd\n")) == [b"0123456789", None, b"d"]
    conversation = agreed()
    conversation.feed(b"a" * (LONGEST_LINE + 1) + b"\n" + line("ping", number=1))
    assert [each.get("error", {}).get("code") for each in said(conversation)] == [INVALID_REQUEST, None]


def test_a_batch_is_answered_on_one_line_when_all_of_it_is_over() -> None:
    conversation = agreed("2025-03-26")
    parts = [line("tools/list", number=1), line("ping", number=2), line("notifications/other"), b"5"]
    parts += [line("tools/list", number=3), line("initialize", number=4)]
    first, last = conversation.feed(b"[" + b",".join(part.strip() for part in parts) + b"]\n")
    assert isinstance(first, Request)
    assert isinstance(last, Request)
    conversation.answer(last, {"tools": []})
    assert not conversation.data_to_send()
    conversation.refuse(first, INVALID_PARAMS, "no")
    (answers,) = said(conversation)
    assert [(each["id"], "error" in each) for each in answers] == [
        (2, False),
        (None, True),
        (4, True),
        (3, False),
        (1, True),
    ]


def test_a_batch_of_which_all_is_cancelled_is_not_answered() -> None:
    conversation = agreed("2025-03-26")
    conversation.feed(b"[" + line("tools/list", number=1).strip() + b"]\n")
    assert len(conversation.feed(line("notifications/cancelled", {"requestId": 1}))) == 1
    assert not conversation.data_to_send()


def test_what_was_cancelled_is_not_answered_any_more() -> None:
    conversation = agreed()
    request = begun(conversation, line("tools/call", {"_meta": {"progressToken": "t"}}, 1))
    (cancelled,) = conversation.feed(line("notifications/cancelled", {"requestId": 1}))
    assert isinstance(cancelled, Cancelled)
    assert cancelled.request is request
    conversation.tell_progress(request, 1, "more")
    conversation.answer(request, {})
    conversation.refuse(request, INVALID_PARAMS, "no")
    conversation.subscribe(request, "x")
    conversation.listen(request, ["x"])
    conversation.updated("x")
    assert not conversation.data_to_send()
    assert begun(conversation, line("tools/call", number=1)) is not request  # the id is free again


def test_an_id_that_is_under_way_is_not_taken_twice_and_there_are_only_so_many() -> None:
    conversation = agreed()
    first = begun(conversation, line("tools/list", number=0))
    assert not conversation.feed(line("tools/list", number=0))
    assert said(conversation)[0]["error"]["code"] == INVALID_REQUEST
    conversation.feed(b"".join(line("tools/list", number=number) for number in range(1, MOST_REQUESTS + 1)))
    (refused,) = said(conversation)
    assert (refused["id"], refused["error"]["code"]) == (MOST_REQUESTS, INVALID_REQUEST)
    conversation.answer(first, {})
    assert begun(conversation, line("tools/list", number="again")).id == "again"


@pytest.mark.parametrize(("version", "message"), [("2024-11-05", None), ("2025-03-26", "two")])
def test_progress_is_told_to_those_who_ask_for_it(version: str, message: str | None) -> None:
    conversation = agreed(version)
    conversation.tell_progress(begun(conversation, line("tools/call", number=1)), 1, "one")
    assert not conversation.data_to_send()
    conversation.tell_progress(begun(conversation, line("tools/call", {"_meta": {"progressToken": 5}}, 2)), 2, "two")
    (told,) = said(conversation)
    assert told["params"] == {"progressToken": 5, "progress": 2, **({"message": message} if message else {})}


def test_subscribers_are_told_until_they_unsubscribe() -> None:
    conversation = agreed()
    conversation.subscribe(begun(conversation, line("resources/subscribe", {"uri": "a"}, 1)), "a")
    conversation.updated("a")
    conversation.updated("b")
    answer, told = said(conversation)
    assert answer["result"] == {}
    assert told == {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "a"}}
    conversation.unsubscribe(begun(conversation, line("resources/unsubscribe", {"uri": "a"}, 2)), "a")
    conversation.updated("a")
    assert len(said(conversation)) == 1


def test_each_listener_is_told_of_what_it_asked_for_until_it_cancels() -> None:
    conversation = Conversation("shop", "1")
    for number, address in [(1, "a"), (2, "b")]:
        wanted = {**NAMED, "notifications": {"resourceSubscriptions": [address], "toolsListChanged": True}}
        request = begun(conversation, line("subscriptions/listen", wanted, number))
        conversation.listen(request, watched_addresses(request))
    acknowledged = said(conversation)
    assert [each["params"]["notifications"] for each in acknowledged] == [
        {"resourceSubscriptions": ["a"]},
        {"resourceSubscriptions": ["b"]},
    ]
    conversation.updated("b")
    (told,) = said(conversation)
    assert told["params"] == {"uri": "b", "_meta": {SUBSCRIPTION: 2}}
    conversation.feed(line("notifications/cancelled", {"requestId": 2}))
    conversation.updated("b")
    assert not conversation.data_to_send()
    assert conversation.end() == []
    (ended,) = said(conversation)
    assert (ended["id"], ended["result"]["_meta"][SUBSCRIPTION]) == (1, 1)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"notifications": 5},
        {"notifications": {"resourceSubscriptions": "a"}},
        {"notifications": {"resourceSubscriptions": [5]}},
        {"notifications": {"resourceSubscriptions": ["a"] * 1001}},
    ],
)
def test_a_listener_that_asks_for_nothing_readable_is_refused(params: Any) -> None:
    conversation = Conversation("shop", "1")
    request = begun(conversation, line("subscriptions/listen", {**NAMED, **params}, 1))
    with pytest.raises(ValueError, match=r"notifications|resourceSubscriptions"):
        watched_addresses(request)


def test_requests_that_nobody_waits_for_are_known_at_the_end() -> None:
    conversation = agreed()
    request = begun(conversation, line("tools/call", number=1))
    assert conversation.end() == [request]
