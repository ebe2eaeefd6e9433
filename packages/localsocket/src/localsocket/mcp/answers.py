"""What a service answers to the requests of one assistant: one client of the service, and the topics it follows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from localsocket.blocking.client import Client
from localsocket.blocking.pending_call import PendingCall, Stream
from localsocket.errors import CallCancelled, LocalSocketError
from localsocket.interfaces import MIB
from localsocket.mcp.conversation import Request, watched_addresses
from localsocket.mcp.followed_topics import FollowedTopics
from localsocket.mcp.json_rpc import INTERNAL_ERROR, INVALID_PARAMS
from localsocket.mcp.shim import Shim
from localsocket.mcp.tools import (
    Tools,
    as_json_value,
    as_text,
    bound_arguments,
    error_content,
    result_content,
    stream_content,
)
from localsocket.services.schema import ANYTHING

_LONGEST_LIST = 8 * MIB
"""Bytes of the items of one stream, as text: they are kept until it ends, and no model reads as much."""


class Answers:
    """Answers the requests that came by `shim`, each in the thread that calls serve().

    The service of `client` is asked for what it offers when the assistant asks; it need not be there before. `only` and
    `read_only`: see Tools. `complain` is called with a sentence for people.
    """

    def __init__(
        self,
        shim: Shim,
        client: Client,
        *,
        only: Collection[str] = (),
        read_only: bool = False,
        complain: Callable[[str], None],
    ) -> None:
        self._shim = shim
        self._client = client
        self._only = only
        self._read_only = read_only
        self._complain = complain
        self._tools: Tools | None = None
        self._calls: dict[Request, PendingCall] = {}
        self._topics = FollowedTopics(client, self._tell_updated)
        self._answer_with: dict[str, Callable[[Request], None]] = {
            "tools/list": self._list_tools,
            "tools/call": self._call_tool,
            "resources/list": self._list_resources,
            "resources/templates/list": self._list_templates,
            "resources/read": self._read_resource,
            "resources/subscribe": self._subscribe,
            "resources/unsubscribe": self._unsubscribe,
            "subscriptions/listen": self._listen,
        }

    def serve(self, request: Request) -> None:
        """Answer one request, whatever that takes. Raises BrokenPipeError when the assistant has gone."""
        try:
            self._answer_with[request.method](request)
        except LookupError as error:
            self._refuse(request, INVALID_PARAMS, str(error.args[0] if error.args else error))
        except BrokenPipeError:
            raise
        except (LocalSocketError, OSError, ValueError) as error:
            self._refuse(request, INTERNAL_ERROR, str(error))

    def cancel(self, request: Request) -> None:
        """End the call that a request has begun, here and where it is served."""
        if (pending := self._calls.get(request)) is not None:
            pending.cancel()

    def close(self) -> None:
        """Follow nothing any more, and close the client."""
        self._topics.close()
        self._client.close(timeout=0)

    # --- requests -----------------------------------------------------------------------------------------------------

    def _list_tools(self, request: Request) -> None:
        self._answer(request, {"tools": self._described(again=True).tools()})

    def _list_resources(self, request: Request) -> None:
        self._answer(request, {"resources": self._described(again=True).resources()})

    def _list_templates(self, request: Request) -> None:
        self._answer(request, {"resourceTemplates": []})

    def _call_tool(self, request: Request) -> None:
        try:
            tools, name = self._described(), request.params.get("name")
            if name not in tools.methods:
                tools = self._described(again=True)
        except (LocalSocketError, OSError) as error:  # nobody serves: the model is told why, as of a call that fails
            self._answer(request, error_content(error))
            return
        method = tools.method(name)
        try:
            by_place, by_name = bound_arguments(method, request.params.get("arguments") or {})
            self._answer(request, self._result(request, method.name, by_place, by_name))
        except CallCancelled:
            self._answer(request, error_content(CallCancelled(method.name)))
        except BrokenPipeError:
            raise
        except Exception as error:  # whatever a service may raise
            self._answer(request, error_content(error))

    def _result(self, request: Request, method: str, by_place: tuple[Any, ...], by_name: dict[str, Any]) -> Any:
        pending = self._client._begin(method, by_place, by_name, None, ANYTHING)
        self._calls[request] = pending
        try:
            if request.is_over:  # cancelled before it could be seen that there is something to cancel
                pending.cancel()
            value = pending.result()
            return self._items(request, value) if isinstance(value, Stream) else result_content(value)
        finally:
            del self._calls[request]

    def _items(self, request: Request, stream: Stream[Any]) -> Any:
        items: list[Any] = []
        size = 0
        with stream:
            for item in stream:
                items.append(as_json_value(item))
                text = as_text(items[-1])
                size += len(text)
                if size > _LONGEST_LIST:
                    raise ValueError(
                        f"it returned more than {_LONGEST_LIST} bytes and was cancelled after {len(items)} items"
                    )
                self._shim.say(self._shim.conversation.tell_progress, request, len(items), text)
        return stream_content(items)

    def _read_resource(self, request: Request) -> None:
        address = request.params.get("uri")
        messages = self._topics.messages(self._topic_of(address))
        contents = {"uri": address, "mimeType": "application/json", "text": as_text(as_json_value(messages))}
        self._answer(request, {"contents": [contents]})

    def _subscribe(self, request: Request) -> None:
        address = request.params.get("uri")
        self._topics.follow(self._topic_of(address))
        self._shim.say(self._shim.conversation.subscribe, request, str(address))

    def _unsubscribe(self, request: Request) -> None:
        address = request.params.get("uri")
        self._topic_of(address)
        self._shim.say(self._shim.conversation.unsubscribe, request, str(address))

    def _listen(self, request: Request) -> None:
        try:
            addresses = watched_addresses(request)
        except ValueError as error:
            self._refuse(request, INVALID_PARAMS, str(error))
            return
        known = [address for address in addresses if address in self._described().topics]
        for address in known:
            self._topics.follow(self._topic_of(address))
        self._shim.say(self._shim.conversation.listen, request, known)

    # ------------------------------------------------------------------------------------------------------------------

    def _described(self, *, again: bool = False) -> Tools:
        """Return what the service offers, as it was told last; `again` asks anew."""
        if (tools := self._tools) is not None and not again:
            return tools
        tools = Tools(self._client.address, self._client.describe(), only=self._only, read_only=self._read_only)
        if self._tools is None and tools.unknown:
            self._complain(f"the service has nothing called {', '.join(map(repr, tools.unknown))}")
        self._tools = tools
        return tools

    def _topic_of(self, address: object) -> str:
        if address not in self._described().topics:
            self._described(again=True)
        return self._described().topic(address).name

    def _tell_updated(self, topic: str) -> None:
        addresses = [address for address, each in self._described().topics.items() if each.name == topic]
        for address in addresses:
            self._shim.say(self._shim.conversation.updated, address)

    def _answer(self, request: Request, result: dict[str, Any]) -> None:
        self._shim.say(self._shim.conversation.answer, request, result)

    def _refuse(self, request: Request, code: int, reason: str) -> None:
        self._shim.say(self._shim.conversation.refuse, request, code, reason)
