"""The description that a service gives of itself."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

JsonSchema: TypeAlias = dict[str, Any]
"""A JSON Schema (2020-12) that refers to named types and errors of the description as `#/$defs/NAME`."""

REFERENCE = "#/$defs/"

ParameterKind: TypeAlias = Literal["positional-only", "positional-or-keyword", "keyword-only"]


class ParameterDescription(msgspec.Struct, frozen=True):
    """One parameter of a method; `default` is its default as Python source, or None if it is required.

    A default that cannot be written as Python source appears as `...`.
    """

    name: str
    type: str
    default: str | None = None
    kind: ParameterKind = "positional-or-keyword"
    schema: JsonSchema = {}


class FieldDescription(msgspec.Struct, frozen=True):
    """One field of a named type, or an attribute of an error, by the name that is sent; `default` as in a parameter."""

    name: str
    type: str
    default: str | None = None
    schema: JsonSchema = {}


class MethodDescription(msgspec.Struct, frozen=True):
    """One method: `kind` says whether it returns one result or a stream of items of type `returns`.

    `schema` describes the result, or each item. `raises` has the names of the errors that this method declares, besides
    those of the service.
    """

    name: str
    kind: Literal["call", "stream"]
    signature: str
    parameters: list[ParameterDescription]
    returns: str
    documentation: str = ""
    idempotent: bool = False
    raises: list[str] = []
    read_only: bool = False
    schema: JsonSchema = {}
    durable: bool = False


class TopicDescription(msgspec.Struct, frozen=True):
    """One topic: the type of its messages, and what happens to a subscriber with `queue` messages waiting."""

    name: str
    type: str
    queue: int
    policy: str
    documentation: str = ""
    schema: JsonSchema = {}


class TypeDescription(msgspec.Struct, frozen=True):
    """A named type: what it consists of, as Python types and as JSON Schema.

    `kind`: an "object" is a dataclass or a Struct whose fields are sent by name, an "array" a Struct whose fields are
    sent in order. An "enum" has `members`, and derives from `base`.
    `tag_field`: if set, this field holds `tag`, which distinguishes the types of a union.
    `closed`: the type accepts no other fields.
    `hashable`: the type can be a key, or in a set.
    """

    name: str
    kind: Literal["object", "array", "typed_dict", "named_tuple", "enum"]
    schema: JsonSchema = {}
    documentation: str = ""
    fields: list[FieldDescription] = []
    members: dict[str, int | str] = {}
    base: str = ""
    tag_field: str | None = None
    tag: int | str | None = None
    closed: bool = False
    hashable: bool = False


class ErrorDescription(msgspec.Struct, frozen=True):
    """An error that methods declare: the Python class that it derives from, and the attributes sent with it."""

    name: str
    base: str = "Exception"
    documentation: str = ""
    attributes: list[FieldDescription] = []
    schema: JsonSchema = {}


class ServiceDescription(msgspec.Struct, frozen=True):
    """A service: its name, its methods and topics, and the types and errors that they refer to.

    `raises` has the names of the errors that every method may raise.
    """

    name: str
    version: str
    documentation: str
    methods: list[MethodDescription]
    topics: list[TopicDescription]
    raises: list[str] = []
    errors: list[ErrorDescription] = []
    types: list[TypeDescription] = []
