"""One method of a service: the function, its schema, and who may call it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from localsocket.endpoint.credentials import EVERYBODY, AllowedUsers, PeerCredentials, check_allowed_users, check_peer
from localsocket.errors import NotAllowed, PeerRefused, UnsuitableMethod
from localsocket.services.histogram import LatencyHistogram
from localsocket.services.schema import Parameters, Result, streamed_type
from localsocket.sockets.handler_function import is_coroutine_function
from localsocket.values.known_types import PLAIN, KnownTypes

Allow: TypeAlias = AllowedUsers | Callable[[PeerCredentials], bool]
"""Who may call a method: as for listen(), or a function that is asked for each call."""

OWN_PREFIX = "localsocket."
DESCRIBE = f"{OWN_PREFIX}describe"
OPENAPI = f"{OWN_PREFIX}openapi"
SUBSCRIBE = f"{OWN_PREFIX}subscribe"
SUBSCRIBE_NUMBERED = f"{OWN_PREFIX}subscribe_numbered"
PING = f"{OWN_PREFIX}ping"
STATS = f"{OWN_PREFIX}stats"
MONITOR = f"{OWN_PREFIX}monitor"
UNKNOWN = f"{OWN_PREFIX}unknown"
"""Stands for those that are not there."""

MESSAGE_ID = "message_id"
"""The parameter of a durable method by which one call is known from another."""

_TOLD_OF_OWN = frozenset({SUBSCRIBE, SUBSCRIBE_NUMBERED, UNKNOWN})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}", re.ASCII)


class Method:
    """A function that is called by name; `is_stream` tells that it gives items, `is_async` that it is a coroutine's.

    `has_descriptors` tells that its annotations say that it takes or gives descriptors. Each call asks for it.
    """

    __slots__ = (
        "allow",
        "documentation",
        "durable",
        "errors",
        "function",
        "has_descriptors",
        "idempotent",
        "is_async",
        "is_stream",
        "latencies",
        "name",
        "parameters",
        "raises",
        "read_only",
        "result",
    )

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        idempotent: bool = False,
        read_only: bool = False,
        durable: bool = False,
        allow: Allow | None = None,
        raises: Iterable[type[Exception]] = (),
        is_stream: bool = False,
        known: KnownTypes = PLAIN,
    ) -> None:
        if isinstance(function, classmethod):
            raise UnsuitableMethod(
                name,
                "it is not a function yet but a classmethod: register it below its class: "
                f"service.method(Class.{name})",
            )
        if not callable(function) or inspect.isclass(function):
            raise UnsuitableMethod(name, f"{function!r} is not a function")
        self.name = name
        self.function = function
        self.idempotent = idempotent or read_only or durable  # whose repetition its message_id tells
        self.durable = durable
        self.read_only = read_only
        self.raises = check_declared(raises)
        self.documentation = inspect.getdoc(function) or ""
        self.parameters = Parameters(name, function, known)
        is_async_generator = inspect.isasyncgenfunction(function)
        is_generator = inspect.isgeneratorfunction(function) or is_async_generator
        is_said_to_stream, kind = streamed_type(self.parameters.returns)
        if is_said_to_stream and is_coroutine_function(function):
            raise UnsuitableMethod(name, "it is a coroutine function that returns an iterator: yield the items instead")
        if is_generator and not is_said_to_stream and kind is not Any:
            raise UnsuitableMethod(name, f"it yields, so its return type must be Iterator[...], not {type_text(kind)}")
        self.is_stream = is_stream or is_generator or is_said_to_stream
        gives_iterator = _gives_async_iterator(self.parameters.returns)
        self.is_async = is_async_generator or is_coroutine_function(function) or gives_iterator
        self.result = Result(name, kind, known)
        self.has_descriptors = self.parameters.take_descriptors or self.result.has_descriptors
        if self.is_stream and self.result.has_descriptors:
            raise UnsuitableMethod(name, "an item of a stream cannot be a descriptor: return it from a call")
        self.allow = allow if allow is None or callable(allow) else check_allowed_users(allow, "allow")
        if durable:
            self._check_durable(is_idempotent=idempotent)
        self.latencies = LatencyHistogram()  # of the calls that have ended
        self.errors = 0  # of those, that gave no result

    @property
    def is_own(self) -> bool:
        """Whether it is one that every service has."""
        return self.name.startswith(OWN_PREFIX)

    @property
    def is_there(self) -> bool:
        """Whether it is one, and does not stand for those that are not there."""
        return self.name != UNKNOWN

    @property
    def is_told(self) -> bool:
        """Whether its calls are told to those who watch the service: they do not see themselves."""
        return not self.is_own or self.name in _TOLD_OF_OWN

    @property
    def is_subscription(self) -> bool:
        """Whether it gives what there is no end of: the messages of a topic, or the calls of others."""
        return self.name in (SUBSCRIBE, SUBSCRIBE_NUMBERED, MONITOR)

    def check_caller(self, peer: PeerCredentials) -> None:
        """Raise NotAllowed unless `peer` may call it; an `allow` that raises allows nobody."""
        if self.allow is None or peer is EVERYBODY:
            return
        if callable(self.allow):
            if self.allow(peer) is not True:
                raise NotAllowed(self.name)
            return
        try:
            check_peer(peer, self.allow)
        except PeerRefused:
            raise NotAllowed(self.name) from None

    def _check_durable(self, *, is_idempotent: bool) -> None:
        """Its caller is told when a call is stored; it runs later, and maybe more than once."""
        if self.is_stream or self.result.kind not in (None, type(None)):
            raise UnsuitableMethod(self.name, "it is durable, so nobody waits for its result: declare -> None")
        if self.read_only:
            raise UnsuitableMethod(
                self.name, "it is durable and read_only: a call that changes nothing need not be stored"
            )
        told = self.parameters.signature.parameters.get(MESSAGE_ID)
        if told is None and not is_idempotent:
            raise UnsuitableMethod(
                self.name,
                "it is durable, so one call may run it more than once: pass idempotent=True, or take a "
                f"keyword-only parameter `{MESSAGE_ID}: str` by which it recognises a repeated call",
            )
        if told is not None and (told.kind is not told.KEYWORD_ONLY or self.parameters.types[MESSAGE_ID] is not str):
            raise UnsuitableMethod(self.name, f"its {MESSAGE_ID} must be a keyword-only parameter of type str")


def check_name(name: str, what: str) -> str:
    """Return `name` if a method or a topic may be called so, else raise ValueError."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a {what} must be str, not {type(name).__name__}")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a {what}: use letters, digits, '_', '.' and '-', at most 128")
    if name.startswith(OWN_PREFIX):
        raise ValueError(f"{name!r} cannot be the name of a {what}: {OWN_PREFIX}* is reserved for the package")
    return name


def check_declared(errors: Iterable[type[Exception]]) -> tuple[type[Exception], ...]:
    """Return the exception classes, or raise TypeError for what is not one."""
    declared = tuple(errors)
    for kind in declared:
        if not (inspect.isclass(kind) and issubclass(kind, Exception)):
            raise TypeError(f"a declared error is a class derived from Exception, not {kind!r}")
    return declared


def type_text(kind: Any) -> str:
    """Return the type as one would write it."""
    if kind is None or kind is type(None):
        return "None"
    if kind is Any:
        return "Any"
    if inspect.isclass(kind) and not getattr(kind, "__args__", None):
        return kind.__name__
    return re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", str(kind))


def _gives_async_iterator(kind: Any) -> bool:
    is_stream, _ = streamed_type(kind)
    return is_stream and "Async" in type_text(kind).partition("[")[0]
