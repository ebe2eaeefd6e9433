"""JSON Schemas of what a service's annotations say, which refer to its named types by the names they have there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import NODEFAULT
from msgspec import inspect as forms

from localsocket.services.description import REFERENCE, JsonSchema
from localsocket.services.type_names import TypeNames
from localsocket.values.known_types import PLAIN

_TEMPLATE = f"{REFERENCE}{{name}}"

_FACTORIES = (list, dict, set, frozenset, tuple, bytearray)

_OF_VALUES = ("const", "default", "enum", "examples")
"""Keywords whose values are no schemas, whatever they look like."""
_OF_NAMES = ("$defs", "patternProperties", "properties", "schemas")
"""Keywords that hold schemas by names, which may look like keywords."""


class JsonSchemas:
    """The JSON Schema of each of `kinds`, which are types, and of each class that `names` has a name for.

    What msgspec has no schema for gets one that takes anything and says so: a false one would be worse.
    """

    def __init__(self, kinds: Sequence[Any], names: TypeNames) -> None:
        self._names = names
        classes = {name: form.cls for name, form in names.named.items()}
        asked = [*kinds, *classes.values()]
        known = asked if _have_schemas(asked) else [kind for kind in asked if _have_schemas([kind])]
        schemas, components = _schemas(known)
        self._of_kinds = {id(kind): schema for kind, schema in zip(known, schemas, strict=True)}
        # msgspec has names of its own: with the module where two classes are called the same.
        self._ours = {
            str(self._of_kinds[id(kind)].get("$ref", "")).removeprefix(REFERENCE): name
            for name, kind in classes.items()
            if id(kind) in self._of_kinds
        }
        self._of_names: dict[str, JsonSchema] = {}
        for theirs, schema in components.items():
            name = self._ours.get(theirs, theirs)
            ours = {**self._with_our_names(schema), "title": name}
            self._of_names[name] = _with_defaults(ours, getattr(names.named.get(name), "fields", ()))

    def of_kind(self, kind: Any) -> JsonSchema:
        """Return the schema of one of the types."""
        schema = self._of_kinds.get(id(kind))
        if schema is None or not can_travel(schema):
            return without_schema(self._names.type_text(kind))
        return self._with_our_names(schema)

    def of_name(self, name: str) -> JsonSchema:
        """Return the schema of a named type."""
        schema = self._of_names.get(name)
        return schema if schema is not None and can_travel(schema) else without_schema(name)

    def _with_our_names(self, schema: JsonSchema) -> JsonSchema:
        ours: JsonSchema = with_references(schema, lambda theirs: f"{REFERENCE}{self._ours.get(theirs, theirs)}")
        return ours


def without_schema(text: str) -> JsonSchema:
    """Return the schema of what has none: it takes anything."""
    return {"description": f"{text}, for which there is no JSON Schema"}


def with_default(schema: JsonSchema, value: object) -> JsonSchema:
    """Return the schema with the default of a parameter, where JSON has a form for that."""
    try:
        encoded = msgspec.json.decode(PLAIN.encode_json(value))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return schema
    is_infinite = encoded is None and value is not None
    return schema if is_infinite or not can_travel(encoded) else {**schema, "default": encoded}


def known_default(field: forms.Field) -> Any:
    """Return the default of a field, NODEFAULT where there is none, or one that is made in a way of its own."""
    if field.default is not NODEFAULT or field.default_factory not in _FACTORIES:
        return field.default
    return field.default_factory()


def _with_defaults(schema: JsonSchema, fields: Sequence[forms.Field]) -> JsonSchema:
    """Return the schema of a named type with the defaults of its fields: msgspec's versions tell of different ones."""
    properties = dict(schema.get("properties", {}))
    in_order = list(schema.get("prefixItems", ()))
    for position, field in enumerate(fields, len(in_order) - len(fields)):
        told = in_order[position] if in_order else properties[field.encode_name]
        told = {key: value for key, value in told.items() if key != "default"}
        if (default := known_default(field)) is not NODEFAULT:
            told = with_default(told, default)
        if in_order:
            in_order[position] = told
        else:
            properties[field.encode_name] = told
    parts: JsonSchema = {"prefixItems": in_order} if in_order else {"properties": properties} if properties else {}
    return {**schema, **parts}


def can_travel(value: object) -> bool:
    """Whether MessagePack has a form for a value of a user's: it has none for whole numbers of more than 64 bits."""
    try:
        msgspec.msgpack.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False
    return True


def with_references(schema: Any, refer: Callable[[str], str]) -> Any:
    """Return the schema, or what holds some, with what `refer` makes of each name that it refers to."""
    if isinstance(schema, list):
        return [with_references(each, refer) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {str(key): _part_with_references(key, value, refer) for key, value in schema.items()}


def _part_with_references(key: object, value: Any, refer: Callable[[str], str]) -> Any:
    if key in _OF_VALUES:
        return value
    if key in _OF_NAMES and isinstance(value, dict):
        return {str(name): with_references(each, refer) for name, each in value.items()}
    if key == "anyOf" and isinstance(value, list):  # msgspec's versions do not agree where null stands
        value = sorted(value, key=lambda each: each == {"type": "null"})
    if key == "mapping" and isinstance(value, dict):
        return {str(tag): _referring(each, refer) for tag, each in value.items()}
    return _referring(value, refer) if key == "$ref" else with_references(value, refer)


def _referring(reference: Any, refer: Callable[[str], str]) -> Any:
    is_ours = isinstance(reference, str) and reference.startswith(REFERENCE)
    return refer(reference.removeprefix(REFERENCE)) if is_ours else reference


def _have_schemas(kinds: Sequence[Any]) -> bool:
    try:
        _schemas(kinds)
    except Exception:  # whatever the class of a user makes of being asked
        return False
    return True


def _schemas(kinds: Sequence[Any]) -> tuple[tuple[JsonSchema, ...], JsonSchema]:
    return msgspec.json.schema_components(kinds, schema_hook=_in_words, ref_template=_TEMPLATE)


def _in_words(kind: type) -> JsonSchema:
    return {"description": "anything"} if kind is object else without_schema(kind.__name__)
