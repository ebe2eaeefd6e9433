"""A service as tools: what an assistant is shown of it, what calls give, and how they end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from assistants.conftest import ADDRESS, shim
from localsocket import ServerThread, Service
from localsocket.errors import BadArguments
from localsocket.mcp.json_rpc import INTERNAL_ERROR, INVALID_PARAMS
from localsocket.mcp.tools import Tools, as_json_value, bound_arguments
from localsocket.testing import PATIENCE, wait_until

ORDERS = f"localsocket:{ADDRESS}/orders"


def test_methods_are_tools_with_schemas_and_hints(served: Service) -> None:
    with shim() as assistant:
        assistant.agree()
        tools = {tool["name"]: tool for tool in assistant.ask("tools/list")["result"]["tools"]}
    assert list(tools) == ["price", "order", "count", "order_all"]
    assert tools["price"]["description"].startswith("Return the price of a thing.")
    assert tools["price"]["annotations"] == {"readOnlyHint": True, "idempotentHint": True}
    assert tools["order"]["annotations"] == {"readOnlyHint": False, "idempotentHint": True}
    assert tools["order_all"]["annotations"]["title"] == "order.all"
    schema = tools["order"]["inputSchema"]
    assert schema["required"] == ["item"]
    assert schema["properties"]["item"] == {"$ref": "#/$defs/Item"}
    assert list(schema["$defs"]) == ["Item"]
    assert "$defs" not in tools["price"]["inputSchema"]


@pytest.mark.parametrize(
    ("options", "names", "topics"),
    [
        ({"only": ["order", "count"]}, ["order", "count"], []),
        ({"read_only": True}, ["price"], ["orders"]),
        ({"only": ["order", "orders"], "read_only": True}, [], ["orders"]),
    ],
)
def test_only_what_was_chosen_is_shown_and_can_be_used(
    served: Service, options: Any, names: list[str], topics: list[str]
) -> None:
    with shim(**options) as assistant:
        assistant.agree()
        assert [tool["name"] for tool in assistant.ask("tools/list")["result"]["tools"]] == names
        assert [each["name"] for each in assistant.ask("resources/list")["result"]["resources"]] == topics
        hidden = next(name for name in ("price", "order", "count") if name not in names)
        refused = assistant.ask("tools/call", {"name": hidden, "arguments": {}})
        assert refused["error"]["code"] == INVALID_PARAMS


def test_a_choice_of_what_is_not_there_is_complained_of(served: Service) -> None:
    complaints: list[str] = []
    with shim(only=["order", "odrers"], complain=complaints.append) as assistant:
        assistant.agree()
        for number in range(2):
            assistant.ask("tools/list", number=number + 1)
    (complaint,) = complaints
    assert "'odrers'" in complaint


def test_results_are_text_and_objects_also_what_programs_can_read(served: Service) -> None:
    with shim() as assistant:
        assistant.agree()
        assert assistant.call("price", {"name": "bread"}) == {
            "content": [{"type": "text", "text": "2.5"}],
            "isError": False,
        }
        arguments = {"item": {"name": "bread", "price": 2}, "count": 3, "note": "now"}
        assert assistant.call("order", arguments)["structuredContent"] == {"name": "3 bread now", "price": 6.0}
        assert assistant.call("order_all", {"timeout": 1})["content"][0]["text"] == "null"


def test_the_items_of_a_stream_are_told_one_by_one_and_given_as_a_list(served: Service) -> None:
    with shim() as assistant:
        assistant.agree()
        assert assistant.call("count", {"to": 3})["structuredContent"] == {"items": [0, 1, 2]}
        params = {"name": "count", "arguments": {"to": 2}, "_meta": {"progressToken": "p"}}
        assistant.say("tools/call", params, 5)
        for number in (1, 2):
            told = {"progressToken": "p", "progress": number, "message": str(number - 1)}
            assert assistant.read()["params"] == told
        assert assistant.read()["result"]["content"] == [{"type": "text", "text": "[0,1]"}]


def test_a_stream_that_gives_more_than_can_be_kept_is_cancelled(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    @service.method
    def endless() -> Iterator[str]:
        try:
            while True:
                yield "x" * 100
        finally:
            ended.set()

    monkeypatch.setattr("localsocket.mcp.answers._LONGEST_LIST", 1000)
    with ServerThread(ADDRESS, service), shim() as assistant:
        assistant.agree()
        result = assistant.call("endless")
        assert result["isError"]
        assert "1000" in result["content"][0]["text"]
        assert ended.wait(PATIENCE)


def test_what_fails_is_told_to_the_model(served: Service) -> None:
    with shim() as assistant:
        assistant.agree()
        declared = assistant.call("order", {"item": {"name": "gold"}, "count": 2})
        assert declared["isError"]
        assert declared["content"][0]["text"] == "NotInStock: gold"
        assert declared["structuredContent"] == {
            "error": "NotInStock",
            "arguments": ["gold"],
            "attributes": {"ordered": 2},
        }
        for tool, arguments, told in [
            ("price", {"name": "cake"}, "failed"),
            ("price", {"name": 5}, "name"),
            ("price", {}, "name"),
            ("price", {"nmae": "bread"}, "'name'"),
            ("price", [1], "object"),
        ]:
            result = assistant.call(tool, arguments)
            assert result["isError"]
            assert told in result["content"][0]["text"]


def test_what_there_is_not_is_an_error_of_the_protocol(served: Service) -> None:
    with shim() as assistant:
        assistant.agree()
        for method, params, told in [
            ("tools/call", {"name": "prise"}, "'price'"),
            ("tools/call", {}, "None"),
            ("resources/read", {"uri": "file:///etc/passwd"}, "passwd"),
            ("resources/subscribe", {"uri": f"{ORDERS}s"}, "orderss"),
            ("resources/unsubscribe", {}, "None"),
        ]:
            error = assistant.ask(method, params)["error"]
            assert error["code"] == INVALID_PARAMS
            assert told in error["message"]
        assert assistant.ask("resources/templates/list")["result"] == {"resourceTemplates": []}


def test_a_service_that_is_not_there_is_told_of_and_found_when_it_is(service: Service) -> None:
    with shim() as assistant:
        assistant.agree()
        assert assistant.ask("tools/list")["error"]["code"] == INTERNAL_ERROR
        failed = assistant.call("price", {"name": "bread"})
        assert failed["isError"]
        assert ADDRESS in failed["content"][0]["text"]
        with ServerThread(ADDRESS, service):
            assert not assistant.call("price", {"name": "bread"})["isError"]


def test_a_tool_that_a_new_service_brings_can_be_called(service: Service) -> None:
    with shim() as assistant:
        assistant.agree()
        with ServerThread(ADDRESS, Service("before")):
            assert assistant.ask("tools/list")["result"]["tools"] == []
        with ServerThread(ADDRESS, service):
            assert not assistant.call("price", {"name": "bread"})["isError"]


@pytest.mark.parametrize("how", ["cancelled", "gone"])
def test_a_call_that_nobody_waits_for_is_cancelled_where_it_is_served(service: Service, how: str) -> None:
    begun, ended = threading.Event(), threading.Event()

    @service.method
    def wait() -> Iterator[int]:
        begun.set()
        try:
            while True:
                yield 1
        finally:
            ended.set()

    with ServerThread(ADDRESS, service), shim() as assistant:
        assistant.agree()
        assistant.say("tools/call", {"name": "wait"}, 7)
        assert begun.wait(PATIENCE)
        if how == "cancelled":
            assistant.say("notifications/cancelled", {"requestId": 7})
            assert assistant.call("price", {"name": "bread"})  # and not the answer to the other
        else:
            assistant.close()
        assert ended.wait(PATIENCE)


def test_slow_calls_do_not_hold_up_others(service: Service) -> None:
    go_on = threading.Event()

    @service.method
    def slow() -> None:
        go_on.wait(PATIENCE)

    with ServerThread(ADDRESS, service), shim() as assistant:
        assistant.agree()
        assistant.say("tools/call", {"name": "slow"}, "slow")
        assert not assistant.call("price", {"name": "bread"})["isError"]
        go_on.set()
        assert assistant.read()["id"] == "slow"


def test_topics_are_resources_of_which_updates_are_told(service: Service) -> None:
    topic = service._topics["orders"]
    with ServerThread(ADDRESS, service), shim() as assistant:
        assistant.agree()
        (resource,) = assistant.ask("resources/list")["result"]["resources"]
        assert (resource["uri"], resource["name"]) == (ORDERS, "orders")
        assert assistant.ask("resources/subscribe", {"uri": ORDERS})["result"] == {}
        topic.publish("bread")
        told = assistant.read()
        assert (told["method"], told["params"]) == ("notifications/resources/updated", {"uri": ORDERS})
        (contents,) = assistant.ask("resources/read", {"uri": ORDERS})["result"]["contents"]
        assert (contents["uri"], contents["text"]) == (ORDERS, '["bread"]')
        assert assistant.ask("resources/unsubscribe", {"uri": ORDERS})["result"] == {}
        topic.publish("cake")

        def has_both() -> bool:
            (contents,) = assistant.ask("resources/read", {"uri": ORDERS})["result"]["contents"]
            return bool(contents["text"] == '["bread","cake"]')

        wait_until(has_both)


def test_a_topic_of_a_service_that_was_started_anew_is_followed_again_when_it_is_read(service: Service) -> None:
    with shim() as assistant:
        assistant.agree()
        with ServerThread(ADDRESS, service):
            assistant.ask("resources/read", {"uri": ORDERS})
        again = Service("again")
        topic = again.topic("orders", str)
        with ServerThread(ADDRESS, again):

            def is_followed() -> bool:
                assistant.ask("resources/read", {"uri": ORDERS})
                return topic.subscribers == 1

            wait_until(is_followed)


def test_an_assistant_that_reads_no_more_ends_the_shim(served: Service) -> None:
    with shim() as assistant:
        assistant.agree()
        assistant._lines.close()
        assistant.say("ping", number=1)


def test_names_are_those_that_models_take_and_each_is_another() -> None:
    service = Service("names")
    for name in ["a.b", "a_b", "a-b", "x" * 100, "x" * 101]:
        service.method(os.getpid, name=name)
    names = list(Tools(ADDRESS, service.describe()).methods)
    assert names == ["a_b", "a_b_2", "a-b", "x" * 64, f"{'x' * 62}_2"]


def test_arguments_that_can_be_given_by_their_place_alone_are(service: Service) -> None:
    methods = {method.name: method for method in service.describe().methods}
    assert bound_arguments(methods["order"], {"note": "n", "item": 1}) == ((1,), {"note": "n"})
    assert bound_arguments(methods["order.all"], {"timeout": 1}) == ((1,), {})
    with pytest.raises(BadArguments):
        bound_arguments(methods["order"], {"itm": 1})


def test_values_that_json_has_no_form_for_are_told_in_words() -> None:
    assert as_json_value({"a": b"\x00", "b": {1}, "c": 1 + 2j}) == {"a": "AA==", "b": [1], "c": "(1+2j)"}
    assert "(1, 2)" in str(as_json_value({(1, 2): 3}))
