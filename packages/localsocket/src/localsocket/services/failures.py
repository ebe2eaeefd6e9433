"""Errors across the wire: which failure tells of an error, and which error a failure becomes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from localsocket.errors import (
    BadArguments,
    CallCancelled,
    CallFailed,
    CallsTooDeep,
    ClosedByPeer,
    DeadlinePassed,
    NoDescriptors,
    NoSuchMethod,
    NoSuchTopic,
    NotAllowed,
    RemoteError,
    ResultTooLong,
    ServerNotFound,
    SubscriberTooSlow,
    TooManyCalls,
    TooManyDescriptors,
)
from localsocket.values.error_values import error_from, parts_of_error
from localsocket.values.known_types import PLAIN
from localsocket.wire.call_bodies import Failure

_to_plain = PLAIN.encode

# What the package itself says of a call: the word, the class, and the attributes that make it up. They are given to
# the class by these names on the other side.
_OURS: tuple[tuple[str, type[Exception], tuple[str, ...]], ...] = (
    ("no-such-method", NoSuchMethod, ("method", "service", "similar")),
    ("no-such-topic", NoSuchTopic, ("topic", "service", "topics")),
    ("bad-arguments", BadArguments, ("method", "path", "reason")),
    ("not-allowed", NotAllowed, ("method",)),
    ("too-many-calls", TooManyCalls, ("limit",)),
    ("too-deep", CallsTooDeep, ("limit",)),
    ("too-many-descriptors", TooManyDescriptors, ("limit",)),
    ("no-descriptors", NoDescriptors, ("method", "reason")),
    ("result-too-long", ResultTooLong, ("method", "length", "limit")),
    ("too-late", DeadlinePassed, ("doing", "timeout")),
    ("cancelled", CallCancelled, ("method",)),
    ("too-slow", SubscriberTooSlow, ("topic", "queue")),
    # What a client learns where its service is not on this machine, and the connection is not all there is to it.
    ("not-there", ServerNotFound, ("address",)),
    ("lost", ClosedByPeer, ("doing", "attempts")),
)
_BY_CODE = {code: (kind, parts) for code, kind, parts in _OURS}


def failure_of_ours(error: Exception) -> Failure | None:
    """Return the failure that stands for an error of the package about a call, or None for any other."""
    for code, kind, parts in _OURS:
        if type(error) is kind:
            # The sentence of the class tells what to do in Python, and may be too long for a client that takes little.
            message = (
                str(error.args[-1]) if kind is not ResultTooLong else "the result is longer than this client accepts"
            )
            return Failure(code, message, {part: getattr(error, part) for part in parts})
    return None


def failure_of_declared(error: Exception) -> Failure | None:
    """Return the failure that carries a declared error by name and data; None when its data cannot be sent."""
    failure = Failure("raised", str(error), {**parts_of_error(error)})
    try:
        _to_plain(failure)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    return failure


def failure_of_unknown(details: str = "") -> Failure:
    """Return a failure that tells nothing but where to look it up."""
    return Failure("failed", "the method failed", {"reference": os.urandom(4).hex(), "details": details})


def error_of(failure: Failure, method: str, known: Mapping[str, type[Exception]]) -> Exception:
    """Return the error to raise for a failure of `method`; `known` are the classes of declared errors, by name."""
    parts = failure.parts
    try:
        if failure.code in _BY_CODE:
            kind, names = _BY_CODE[failure.code]
            return kind(**{name: parts[name] for name in names})
        if failure.code == "raised":
            return _declared(parts, method, known)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass  # from a program that makes its failures otherwise
    return CallFailed(
        method,
        str(failure.message),
        reference=str(parts.get("reference", "")),
        details=str(parts.get("details", "")),
    )


def _declared(parts: Mapping[str, Any], method: str, known: Mapping[str, type[Exception]]) -> Exception:
    name, arguments = str(parts["name"]), tuple(parts["arguments"])
    attributes = {str(key): value for key, value in parts["attributes"].items()}
    if (kind := known.get(name)) is None:
        return RemoteError(method, name, arguments, attributes)
    return error_from(kind, arguments, attributes)
