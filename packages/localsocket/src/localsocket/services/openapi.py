"""What a service tells of itself as an OpenAPI 3.1 document, for those who call it by HTTP."""

from __future__ import annotations

from typing import Any

from localsocket.services.description import JsonSchema, MethodDescription, ServiceDescription, TopicDescription
from localsocket.services.json_schema_document import definitions, errors_of, parameters_schema
from localsocket.services.json_schemas import with_references

_JSON, _LINES, _EVENTS = "application/json", "application/x-ndjson", "text/event-stream"
_PROBLEM_TYPE = "application/problem+json"
_PROBLEM = "localsocket.Problem"  # no type of a service has a dot in its name
_COMPONENTS = "#/components/schemas/"

# Of every method; what a declared error is answered with comes from the service.
_PROBLEMS = {
    "422": "The arguments do not fit.",
    "403": "This user may not call it.",
    "503": "There are too many calls under way.",
    "504": "The time is over.",
    "default": "It failed.",
}
_PROBLEM_SCHEMA: JsonSchema = {
    "title": "Problem",
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "description": "A word for programs."},
        "parts": {"type": "object", "description": "What the error consists of."},
    },
    "required": ["title", "status", "detail", "code", "parts"],
}
_TIMEOUT = {
    "name": "Request-Timeout",
    "in": "header",
    "required": False,
    "description": "Seconds for the whole call.",
    "schema": {"type": "number", "minimum": 0},
}


def openapi_document(service: ServiceDescription) -> dict[str, Any]:
    """Return the document: a POST for each method, with its parameters as a JSON object, and a GET for each topic."""
    methods = {f"/{method.name}": {"post": _method(service, method)} for method in service.methods}
    topics = {f"/topics/{topic.name}": {"get": _topic(topic)} for topic in service.topics}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": service.name, "version": service.version or "0", "description": service.documentation},
        "paths": {**methods, **topics},
        "components": {"schemas": {**definitions(service), _PROBLEM: _PROBLEM_SCHEMA}},
    }
    referring: dict[str, Any] = with_references(document, lambda name: f"{_COMPONENTS}{name}")
    return referring


def _method(service: ServiceDescription, method: MethodDescription) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": method.name,
        "summary": method.documentation.partition("\n")[0],
        "description": method.documentation,
        "parameters": [_TIMEOUT],
    }
    if method.parameters:
        is_required = any(each.default is None for each in method.parameters)
        operation["requestBody"] = {"required": is_required, "content": _content(parameters_schema(method), _JSON)}
    operation["responses"] = {"200": _success(method), **_problems(errors_of(service, method))}
    operation["x-idempotent"] = method.idempotent
    operation["x-read-only"] = method.read_only
    return operation


def _success(method: MethodDescription) -> dict[str, Any]:
    if method.kind == "stream":
        return {"description": "Each item of the stream.", "content": _content(method.schema, _LINES, _EVENTS)}
    return {"description": "The result.", "content": _content(method.schema, _JSON)}


def _topic(topic: TopicDescription) -> dict[str, Any]:
    messages = {"description": "Each message, as it comes.", "content": _content(topic.schema, _LINES, _EVENTS)}
    return {
        "operationId": f"topics/{topic.name}",
        "summary": topic.documentation.partition("\n")[0],
        "description": topic.documentation,
        "responses": {"200": messages, "default": _problem("It failed.")},
    }


def _content(schema: JsonSchema, *media_types: str) -> dict[str, Any]:
    return {each: {"schema": schema} for each in media_types}


def _problems(errors: list[str]) -> dict[str, Any]:
    found = {status: _problem(words) for status, words in _PROBLEMS.items()}
    if errors:
        raised = {"anyOf": [_raised(name) for name in errors]}
        found["409"] = {"description": f"It raised {' or '.join(errors)}.", "content": _content(raised, _PROBLEM_TYPE)}
    return found


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": _content({"$ref": f"{_COMPONENTS}{_PROBLEM}"}, _PROBLEM_TYPE)}


def _raised(name: str) -> JsonSchema:
    """Return the schema of the problem that tells of a declared error."""
    parts = {"name": {"const": name}, "arguments": {"type": "array"}, "attributes": {"$ref": f"#/$defs/{name}"}}
    return {
        "allOf": [{"$ref": f"{_COMPONENTS}{_PROBLEM}"}],
        "properties": {"code": {"const": "raised"}, "parts": {"type": "object", "properties": parts}},
    }
