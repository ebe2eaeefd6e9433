"""What a service tells of itself as one JSON Schema document."""

from __future__ import annotations

from typing import Any

from localsocket.services.description import REFERENCE, JsonSchema, MethodDescription, ServiceDescription

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema_document(service: ServiceDescription) -> dict[str, Any]:
    """Return the document: `$defs` has the named types and the errors, to which everything else refers.

    Of each method it has the parameters, as one object, the result, or the items of its stream, and the errors that it
    declares; of each topic its messages.
    """
    return {
        "$schema": DIALECT,
        "title": service.name,
        "description": service.documentation,
        "version": service.version,
        "methods": {method.name: _method(service, method) for method in service.methods},
        "topics": {
            topic.name: {"description": topic.documentation, "messages": topic.schema} for topic in service.topics
        },
        "$defs": definitions(service),
    }


def definitions(service: ServiceDescription) -> dict[str, JsonSchema]:
    """Return the schemas of the named types and of the errors, by name."""
    errors = {error.name: error.schema for error in service.errors}
    return {**{each.name: each.schema for each in service.types}, **errors}


def parameters_schema(method: MethodDescription) -> JsonSchema:
    """Return the schema of the parameters of a method as one object."""
    return {
        "type": "object",
        "properties": {each.name: each.schema for each in method.parameters},
        "required": [each.name for each in method.parameters if each.default is None],
        "additionalProperties": False,
    }


def errors_of(service: ServiceDescription, method: MethodDescription) -> list[str]:
    """Return the errors that a method may raise, by name: its own and those of the service."""
    return list(dict.fromkeys([*method.raises, *service.raises]))


def _method(service: ServiceDescription, method: MethodDescription) -> dict[str, Any]:
    return {
        "description": method.documentation,
        "readOnly": method.read_only,
        "idempotent": method.idempotent,
        "parameters": parameters_schema(method),
        "items" if method.kind == "stream" else "result": method.schema,
        "errors": [{"$ref": f"{REFERENCE}{name}"} for name in errors_of(service, method)],
    }
