"""What a service tells about itself."""

from __future__ import annotations

from typing import Literal

import msgspec


class ParameterDescription(msgspec.Struct, frozen=True):
    """One parameter of a method; `default` is what its value reads like, None where it has to be given."""

    name: str
    type: str
    default: str | None = None


class MethodDescription(msgspec.Struct, frozen=True):
    """One method: `kind` tells whether it gives one result or a stream of items of type `returns`."""

    name: str
    kind: Literal["call", "stream"]
    signature: str
    parameters: list[ParameterDescription]
    returns: str
    documentation: str = ""
    idempotent: bool = False
    raises: list[str] = []


class TopicDescription(msgspec.Struct, frozen=True):
    """One topic: the type of its messages, and what happens to a subscriber for whom `queue` of them wait."""

    name: str
    type: str
    queue: int
    policy: str
    documentation: str = ""


class ServiceDescription(msgspec.Struct, frozen=True):
    """A service: what it is called, and what can be called there."""

    name: str
    version: str
    documentation: str
    methods: list[MethodDescription]
    topics: list[TopicDescription]
