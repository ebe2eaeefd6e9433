"""A service as an assistant sees it: its methods as tools, its topics as resources, and what calls give as content."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import quote

import msgspec

from localsocket.errors import BadArguments, RemoteError
from localsocket.keywords import similar_names
from localsocket.mcp.json_rpc import Params
from localsocket.services.description import (
    REFERENCE,
    JsonSchema,
    MethodDescription,
    ServiceDescription,
    TopicDescription,
)
from localsocket.services.json_schema_document import definitions, parameters_schema
from localsocket.services.json_schemas import with_references
from localsocket.showing import did_you_mean

# What the models behind the assistants take as the name of a tool: no dots, and not longer.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME = 64


class Tools:
    """What one service offers, of which `only` some methods and topics are shown, or those that are `read_only`."""

    def __init__(
        self, address: str, service: ServiceDescription, *, only: Collection[str] = (), read_only: bool = False
    ) -> None:
        self._definitions = definitions(service)
        self.methods: dict[str, MethodDescription] = {}
        for method in service.methods:
            if (not only or method.name in only) and (method.read_only or not read_only):
                self.methods[_tool_name(method.name, self.methods)] = method
        self.topics = {
            f"localsocket:{quote(address, safe='')}/{topic.name}": topic
            for topic in service.topics
            if not only or topic.name in only
        }
        known = {*(method.name for method in service.methods), *(topic.name for topic in service.topics)}
        self.unknown = [name for name in only if name not in known]

    def tools(self) -> list[dict[str, Any]]:
        return [self._tool(name, method) for name, method in self.methods.items()]

    def resources(self) -> list[dict[str, Any]]:
        return [_resource(address, topic) for address, topic in self.topics.items()]

    def method(self, name: object) -> MethodDescription:
        """Return the method behind a tool. Raises LookupError, which says what there is."""
        if isinstance(name, str) and (found := self.methods.get(name)) is not None:
            return found
        similar = similar_names(name, self.methods) if isinstance(name, str) else []
        raise LookupError(f"there is no tool {name!r:.80}{did_you_mean(similar)}")

    def topic(self, address: object) -> TopicDescription:
        """Return the topic behind a resource. Raises LookupError."""
        if isinstance(address, str) and (found := self.topics.get(address)) is not None:
            return found
        raise LookupError(f"there is no resource {address!r:.200}")

    def _tool(self, name: str, method: MethodDescription) -> dict[str, Any]:
        # Whether what is not read-only destroys something is not known, and left to what the protocol assumes.
        hints = {"readOnlyHint": method.read_only, "idempotentHint": method.idempotent}
        title = {"title": method.name} if method.name != name else {}
        return {
            "name": name,
            "description": _description(method),
            "inputSchema": self._input_schema(method),
            "annotations": {**title, **hints},
        }

    def _input_schema(self, method: MethodDescription) -> JsonSchema:
        schema = parameters_schema(method)
        if needed := self._needed(schema):
            schema["$defs"] = needed
        return schema

    def _needed(self, schema: JsonSchema) -> dict[str, JsonSchema]:
        """Return the named types that a schema refers to, those they refer to, and so on."""
        needed: dict[str, JsonSchema] = {}
        waiting = [schema]
        while waiting:
            for name in _referred(waiting.pop()):
                if name not in needed and name in self._definitions:
                    needed[name] = self._definitions[name]
                    waiting.append(needed[name])
        return needed


def bound_arguments(method: MethodDescription, arguments: object) -> tuple[tuple[Any, ...], Params]:
    """Return an object of arguments as those by place and those by name. Raises BadArguments for unknown names."""
    if not isinstance(arguments, dict):
        raise BadArguments(method.name, "", "they must be an object")
    given = dict(arguments)
    names = [each.name for each in method.parameters]
    for name in given:
        if name not in names:
            raise BadArguments(
                method.name, "", f"it has no parameter {name!r:.80}{did_you_mean(similar_names(name, names))}"
            )
    by_place: list[Any] = []
    for parameter in method.parameters:
        if parameter.kind == "keyword-only" or parameter.name not in given:
            break
        by_place.append(given.pop(parameter.name))
    for parameter in method.parameters:
        if parameter.name in given and parameter.kind == "positional-only":
            raise BadArguments(method.name, parameter.name, "it can only be given together with those before it")
    return tuple(by_place), given


def result_content(value: object) -> dict[str, Any]:
    """Return what a call gave: as text for the model, and an object also as one for programs."""
    plain = as_json_value(value)
    content: dict[str, Any] = {"content": [text_content(as_text(plain))], "isError": False}
    if isinstance(plain, dict):
        content["structuredContent"] = plain
    return content


def stream_content(items: list[Any]) -> dict[str, Any]:
    """Return the items that a call gave, which have all been told one by one before."""
    return {"content": [text_content(as_text(items))], "structuredContent": {"items": items}, "isError": False}


def error_content(error: BaseException) -> dict[str, Any]:
    """Return why a call failed, for the model to do something about it; of a declared error also its parts."""
    if isinstance(error, RemoteError):
        said = ", ".join(each if isinstance(each, str) else repr(each) for each in error.arguments)
        arguments, attributes = as_json_value(list(error.arguments)), as_json_value(error.attributes)
        parts = {"error": error.name, "arguments": arguments, "attributes": attributes}
        return {
            "content": [text_content(f"{error.name}: {said}" if said else error.name)],
            "structuredContent": parts,
            "isError": True,
        }
    return {"content": [text_content(str(error))], "isError": True}


def text_content(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def as_text(value: object) -> str:
    """Return JSON, or a string as it stands."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def as_json_value(value: object) -> Any:
    """Return a value that came from a service as JSON has it: bytes in base64, in words what JSON has no form for."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value, enc_hook=repr))
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _tool_name(name: str, taken: Collection[str]) -> str:
    plain = _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
    candidate, number = plain, 1
    while candidate in taken:
        number += 1
        candidate = f"{plain[: _LONGEST_NAME - 1 - len(str(number))]}_{number}"
    return candidate


def _description(method: MethodDescription) -> str:
    gives = f"Returns a list whose items are of type {method.returns}." if method.kind == "stream" else ""
    returns = f"Returns {method.returns}." if not gives and method.returns not in ("None", "Any") else ""
    return "\n\n".join(filter(None, [method.documentation, gives or returns])) or method.signature


def _resource(address: str, topic: TopicDescription) -> dict[str, Any]:
    about = f"The latest messages of type {topic.type}, since this was first read or subscribed to."
    return {
        "uri": address,
        "name": topic.name,
        "description": "\n\n".join(filter(None, [topic.documentation, about])),
        "mimeType": "application/json",
    }


def _referred(schema: JsonSchema) -> Iterable[str]:
    names: dict[str, None] = {}

    def note(name: str) -> str:
        names[name] = None
        return f"{REFERENCE}{name}"

    with_references(schema, note)
    return names
