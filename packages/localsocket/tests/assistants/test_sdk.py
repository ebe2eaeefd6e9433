"""The official SDK of the Model Context Protocol as the oracle: it understands all that a shim says, in both eras."""

from __future__ import annotations

import os
import sys
from typing import Any

import anyio
import pytest
from mcp.client.client import Client as SdkClient
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types.methods import parse_server_notification, parse_server_result
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from assistants.conftest import ADDRESS, Assistant, shim
from localsocket import Service
from localsocket.mcp.conversation import AGREED_VERSIONS, NAMED_VERSIONS
from localsocket.testing import PATIENCE

ORDERS = f"localsocket:{ADDRESS}/orders"
META = {
    "io.modelcontextprotocol/protocolVersion": NAMED_VERSIONS[-1],
    "io.modelcontextprotocol/clientCapabilities": {},
    "progressToken": "p",
}

REQUESTS = [
    ("tools/list", {}),
    ("tools/call", {"name": "order", "arguments": {"item": {"name": "bread"}}}),
    ("tools/call", {"name": "order", "arguments": {"item": {"name": "gold"}}}),
    ("tools/call", {"name": "count", "arguments": {"to": 2}}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("resources/read", {"uri": ORDERS}),
]


def test_every_version_that_this_sdk_knows_is_spoken() -> None:
    assert {*HANDSHAKE_PROTOCOL_VERSIONS} <= {*AGREED_VERSIONS}
    assert {*MODERN_PROTOCOL_VERSIONS} & {*NAMED_VERSIONS}


def understood(assistant: Assistant, version: str, method: str, params: dict[str, Any], number: int) -> Any:
    """Return the result of a request, as the SDK reads it; it reads the notifications before it, too."""
    assistant.say(method, params, number)
    while "method" in (message := assistant.read()):
        parse_server_notification(message["method"], version, message["params"])
    assert message["id"] == number
    return parse_server_result(method, version, message["result"])


@pytest.mark.parametrize("version", [*AGREED_VERSIONS, *NAMED_VERSIONS])
def test_all_results_and_notifications_are_as_their_version_has_them(served: Service, version: str) -> None:
    is_named = version in NAMED_VERSIONS
    with shim() as assistant:
        if is_named:
            understood(assistant, version, "server/discover", {"_meta": META}, 0)
        else:
            assistant.say("initialize", {"protocolVersion": version}, 0)
            parse_server_result("initialize", version, assistant.read()["result"])
        meta = META if is_named else {"progressToken": "p"}
        for number, (method, params) in enumerate(REQUESTS, start=1):
            understood(assistant, version, method, {**params, "_meta": meta}, number)
        if is_named:
            wanted = {"notifications": {"resourceSubscriptions": [ORDERS]}, "_meta": meta}
            assistant.say("subscriptions/listen", wanted, "listening")
        else:
            understood(assistant, version, "resources/subscribe", {"uri": ORDERS}, 99)
        if is_named:
            acknowledged = assistant.read()
            parse_server_notification(acknowledged["method"], version, acknowledged["params"])
        served._topics["orders"].publish("bread")
        updated = assistant.read()
        parse_server_notification(updated["method"], version, updated["params"])
        assert updated["params"]["uri"] == ORDERS


# It would rather have its own newest version used.
@pytest.mark.long
@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
@pytest.mark.parametrize("mode", ["legacy", "auto", *NAMED_VERSIONS])
def test_the_client_of_the_sdk_uses_a_service(served: Service, mode: str) -> None:
    """The command is started, as assistants do it, with the client's own idea of how to negotiate."""
    updates: list[str] = []
    told = anyio.Event()
    progress: list[tuple[float, str | None]] = []

    async def note_progress(done: float, total: float | None, message: str | None) -> None:
        progress.append((done, message))

    async def note_message(message: Any) -> None:
        if (uri := getattr(getattr(message, "params", None), "uri", None)) is not None:
            updates.append(str(uri))
            told.set()

    async def use() -> None:
        command = [sys.executable, "-W", "error", "-m", "localsocket", "mcp", ADDRESS]
        parameters = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
        with anyio.fail_after(PATIENCE):
            async with SdkClient(stdio_client(parameters), mode=mode, message_handler=note_message) as client:
                tools = (await client.list_tools()).tools
                assert [tool.name for tool in tools] == ["price", "order", "count", "order_all"]
                assert tools[0].annotations is not None
                assert tools[0].annotations.read_only_hint
                ordered = await client.call_tool("order", {"item": {"name": "bread", "price": 2}, "count": 2})
                assert ordered.structured_content == {"name": "2 bread", "price": 4.0}
                failed = await client.call_tool("order", {"item": {"name": "gold"}})
                assert failed.is_error
                assert failed.content[0].text == "NotInStock: gold"  # type: ignore[union-attr]
                counted = await client.call_tool("count", {"to": 3}, progress_callback=note_progress)
                assert counted.structured_content == {"items": [0, 1, 2]}
                assert progress == [(1, "0"), (2, "1"), (3, "2")]
                (resource,) = (await client.list_resources()).resources
                await follow(client, str(resource.uri))
                (contents,) = (await client.read_resource(resource.uri)).contents
                assert contents.text == '["bread"]'  # type: ignore[union-attr]

    async def follow(client: SdkClient, uri: str) -> None:
        topic = served._topics["orders"]
        if mode == "legacy":
            await client.subscribe_resource(uri)
            topic.publish("bread")
            await told.wait()
            assert updates == [uri]
        else:
            async with client.listen(resource_subscriptions=[uri]) as updated:
                topic.publish("bread")
                assert (await anext(aiter(updated))).uri == uri  # type: ignore[union-attr]

    anyio.run(use)
