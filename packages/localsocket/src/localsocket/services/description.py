"""What a service tells about itself."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

JsonSchema: TypeAlias = dict[str, Any]
"""A JSON Schema (2020-12); it refers to a named type or an error of the description as `#/$defs/NAME`."""

REFERENCE = "#/$defs/"

ParameterKind: TypeAlias = Literal["positional-only", "positional-or-keyword", "keyword-only"]


class ParameterDescription(msgspec.Struct, frozen=True):
    """One parameter of a method; `default` is what its value reads like, None where it has to be given.

    A default that Python cannot write down reads `...`.
    """

    name: str
    type: str
    default: str | None = None
    kind: ParameterKind = "positional-or-keyword"
    schema: JsonSchema = {}


class FieldDescription(msgspec.Struct, frozen=True):
    """One field of a named type, or an attribute of an error, by the name that travels; `default` as of a parameter."""

    name: str
    type: str
    default: str | None = None
    schema: JsonSchema = {}


class MethodDescription(msgspec.Struct, frozen=True):
    """One method: `kind` tells whether it gives one result or a stream of items of type `returns`.

    `schema` is of the result, or of each item. `raises` are the errors that this method declares, by name, besides
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
    """One topic: the type of its messages, and what happens to a subscriber for whom `queue` of them wait."""

    name: str
    type: str
    queue: int
    policy: str
    documentation: str = ""
    schema: JsonSchema = {}


class TypeDescription(msgspec.Struct, frozen=True):
    """A type that has a name: what it consists of, in Python's words and as JSON Schema.

    `kind`: an "object" is a dataclass or a Struct, whose fields travel by name, and an "array" a Struct whose fields
    travel in their order. An "enum" has `members`, and is derived from `base`. Where `tag_field` is given it holds
    `tag`, which tells the types of a union apart. A type that is `closed` takes no other fields; one that is `hashable`
    can be a key, or in a set.
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
    """An error that methods declare: Python's class that it is derived from, and the attributes that cross with it."""

    name: str
    base: str = "Exception"
    documentation: str = ""
    attributes: list[FieldDescription] = []
    schema: JsonSchema = {}


class ServiceDescription(msgspec.Struct, frozen=True):
    """A service: what it is called, what can be called there, and what the types and errors are that it names.

    `raises` are the errors, by name, that every method may raise.
    """

    name: str
    version: str
    documentation: str
    methods: list[MethodDescription]
    topics: list[TopicDescription]
    raises: list[str] = []
    errors: list[ErrorDescription] = []
    types: list[TypeDescription] = []
