"""A service: a table of typed functions that programs call by name, and topics that they subscribe to."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar, overload

import msgspec

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import NoSuchTopic
from localsocket.keywords import known_keywords
from localsocket.log_thinning import ThinnedLog
from localsocket.services.describing import describe_service
from localsocket.services.description import ServiceDescription
from localsocket.services.descriptors_of_calls import close_given
from localsocket.services.left_behind import LeftBehind
from localsocket.services.limits import DEFAULT_CALL_LIMITS, CallLimits
from localsocket.services.looking_out import Wait, check_wait
from localsocket.services.method import (
    DESCRIBE,
    MONITOR,
    OPENAPI,
    PING,
    STATS,
    SUBSCRIBE,
    SUBSCRIBE_NUMBERED,
    UNKNOWN,
    Allow,
    Method,
    check_declared,
    check_name,
)
from localsocket.services.openapi import openapi_document
from localsocket.services.protocols import ProtocolName, check_protocols
from localsocket.services.public_methods import public_methods
from localsocket.services.reporting import Counted, numbers_by_method, totals
from localsocket.services.sharing_memory import memories_within
from localsocket.services.stats import ServiceReport, ServiceStats
from localsocket.services.surrounding import Surrounding, SurroundsT, check_can_surround, surrounded
from localsocket.services.tally import Tally
from localsocket.services.topic import QUEUE, Policy, Topic
from localsocket.services.tracing import Tracing
from localsocket.services.unfinished import Unfinished
from localsocket.services.watching import CallWatch, LogCalls, check_log_calls
from localsocket.values.codec import Codec
from localsocket.values.known_types import KnownTypes
from localsocket.wire.greeting import BOTH_WAYS, PAYLOAD, Greeting
from localsocket.wire.shared_bodies import APART, SHARED_MEMORY
from localsocket.wire.stream_terms import STREAM_TERMS

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_CLOSING = Surrounding(close_given)


class Service:
    """A table of functions that other programs call by name; ServerThread or aio.serve() serves it.

    `name` and `version` describe it to others. `errors` are exception classes that any method may raise to its caller:
    they are sent by name, with their data. Undeclared exceptions are logged here, and the caller gets CallFailed with a
    reference to the log entry. With `tells_details` the caller also gets the traceback, which may reveal too much.
    `limits`: see CallLimits. `tracing`: see localsocket.otel. `protocols` names the protocols by which it may be
    called, all on one socket; None means all that are installed. `types` says how to send classes that docs/types.md
    does not list: see Codec. With `log_calls`, the logger "localsocket.calls" gets one record for each call that ends;
    its attribute `call` has the parts by name, including the arguments only with "arguments". With `shared_memory`,
    large arguments and results are passed in memory shared with clients of the same user, on Linux: see
    docs/services.md. While it waits for such clients, it first looks again for up to 50 µs and then sleeps, and so do
    they; with `wait="sleep"` all of them sleep at once.

    Methods and topics are added before it is served. One service may be served at several addresses at once.
    """

    @known_keywords
    def __init__(
        self,
        name: str,
        *,
        version: str = "",
        documentation: str = "",
        errors: Iterable[type[Exception]] = (),
        limits: CallLimits = DEFAULT_CALL_LIMITS,
        tells_details: bool = False,
        tracing: Tracing | None = None,
        protocols: Iterable[ProtocolName] | None = None,
        types: Iterable[Codec[Any]] = (),
        log_calls: LogCalls = False,
        shared_memory: bool = True,
        wait: Wait = "look",
    ) -> None:
        self.name = check_name(name, "service")
        self.version = version
        self.documentation = documentation
        self.errors = check_declared(errors)
        self.limits = limits
        self.tells_details = tells_details
        self.tracing = tracing
        self.protocols = check_protocols(protocols)
        self._known = KnownTypes(types, self.errors)
        self._memories = memories_within(limits, is_wanted=shared_memory)
        self._looks = check_wait(wait) == "look"
        self._tally = Tally()
        self._left_behind = LeftBehind()
        self._unfinished = Unfinished(limits._unfinished_in_all)
        self._topics: dict[str, Topic[Any]] = {}
        self._table: dict[str, Method] = {}
        self._surroundings: list[Surrounding] = []
        self._unknown_method = Method(UNKNOWN, _nothing)
        self._methods_of_protocols: list[Method] = []
        self._made = time.monotonic()
        self._worker = self._workers = 0  # which of how many processes this is, from 1
        self._call_watch = CallWatch(check_log_calls(log_calls), self._watching_changed)
        self._watch: CallWatch | None = None  # what each call is told to, as long as somebody wants to know
        self._watching_changed()
        self._log = ThinnedLog(logging.getLogger("localsocket.services"))
        # Weak: of one that an interrupt has cut off while it was made nobody tells the end.
        self._sessions: weakref.WeakSet[Counted] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._said: Greeting | None = None
        self._told: ServiceDescription | None = None
        self._for_protocols: dict[ProtocolName, Any] = {}  # what the others make of its table, once
        self._table[DESCRIBE] = Method(DESCRIBE, self.describe, idempotent=True)
        self._table[OPENAPI] = Method(OPENAPI, self._openapi, read_only=True)
        self._table[PING] = Method(PING, self._ping, read_only=True)
        self._table[STATS] = Method(STATS, self._report, read_only=True, allow=_is_owner)
        self._table[MONITOR] = Method(MONITOR, self._monitor, is_stream=True, allow=_is_owner)
        self._table[SUBSCRIBE] = Method(SUBSCRIBE, self._subscribe, is_stream=True)
        self._table[SUBSCRIBE_NUMBERED] = Method(SUBSCRIBE_NUMBERED, self._subscribe_numbered, is_stream=True)

    # --- what it consists of ------------------------------------------------------------------------------------------

    @overload
    def method(
        self,
        function: Callable[P, R],
        /,
        *,
        name: str | None = None,
        idempotent: bool = False,
        read_only: bool = False,
        durable: bool = False,
        allow: Allow | None = None,
        raises: Iterable[type[Exception]] = (),
    ) -> Callable[P, R]: ...
    @overload
    def method(
        self,
        /,
        *,
        name: str | None = None,
        idempotent: bool = False,
        read_only: bool = False,
        durable: bool = False,
        allow: Allow | None = None,
        raises: Iterable[type[Exception]] = (),
    ) -> Callable[[F], F]: ...
    @known_keywords
    def method(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        idempotent: bool = False,
        read_only: bool = False,
        durable: bool = False,
        allow: Allow | None = None,
        raises: Iterable[type[Exception]] = (),
    ) -> Callable[..., Any]:
        """Add a function to the table and return it unchanged; a decorator, with options or without.

        The type annotations define the schema: arguments are checked before the function is called, results before they
        are sent. It may be a plain function, a coroutine function, a bound method, or a generator or async generator,
        whose items are sent as a stream as fast as the caller reads them.

        `name`: the name to call it by, by default its own.
        `idempotent`: it is safe to repeat, so a client may call it again after a lost connection.
        `read_only`: it changes nothing, so it is idempotent too.
        `durable`: over NATS, its calls are stored and run until they succeed, at least once. It must return None, and
        be idempotent or take `*, message_id: str`. Local calls of it are ordinary calls.
        `allow`: which of the users who may connect may call it: SAME_USER, ANY_USER, uids, or a function that takes the
        PeerCredentials and returns True.
        `raises`: exception classes that are sent to the caller, besides those of the service.

        Raises UnsuitableMethod for a function that cannot be a method, ValueError for a name that is taken, and
        UnsuitableHandler for a plain function if an async one would surround it.
        """

        def add(function: F) -> F:
            called = check_name(name or str(getattr(function, "__name__", "")), "method")
            self._check_not_served()
            if called in self._table:
                raise ValueError(f"the service {self.name!r} already has a method {called!r}")
            method = Method(
                called,
                function,
                idempotent=idempotent,
                read_only=read_only,
                durable=durable,
                allow=allow,
                raises=raises,
                known=self._known,
            )
            for surrounding in self._surroundings:
                check_can_surround(surrounding, method)
            self._table[called] = method
            return function

        return add if function is None else add(function)

    def add(self, instance: object, *, prefix: str = "") -> None:
        """Add the public methods of an object to the table, each under its name after `prefix`, such as "files.".

        Public methods are those whose names do not begin with an underscore, including inherited, static and class
        methods, but not properties. Each is added as method() would add it, with its annotations as the schema.

        Raises what method() raises, and UnsuitableMethod for an object without public methods; then nothing is added.
        """
        before = dict(self._table)
        try:
            for name, function in public_methods(instance):
                self.method(function, name=f"{prefix}{name}")
        except BaseException:
            self._table = before
            raise

    def around(self, function: SurroundsT, /) -> SurroundsT:
        """Run `function` around every call of a method, and return it unchanged; a decorator.

        It is a generator function that takes the ServedCall and yields once; the method runs at the `yield`, and a
        stream runs there to its end. What the method raises is raised at the `yield`. If `function` itself raises an
        error of localsocket.errors before that, such as NotAllowed or TooManyCalls, the caller gets this error; other
        exceptions are treated like those of the method. The function that was added first is the outermost.

        It runs in the same thread or task as the method. An async generator function surrounds coroutine functions and
        async generators, but not plain functions: whichever of the two is added last raises UnsuitableHandler. Calls of
        describe() and subscriptions are not surrounded. A service without such functions runs its methods as if
        around() did not exist.
        """
        self._check_not_served()
        surrounding = Surrounding(function)
        for method in self._table.values():
            check_can_surround(surrounding, method)
        self._surroundings.append(surrounding)
        return function

    @overload
    def topic(
        self,
        name: str,
        kind: type[T],
        *,
        queue: int = QUEUE,
        policy: Policy = "drop_oldest",
        documentation: str = "",
    ) -> Topic[T]: ...
    @overload
    def topic(
        self,
        name: str,
        kind: Any = Any,
        *,
        queue: int = QUEUE,
        policy: Policy = "drop_oldest",
        documentation: str = "",
    ) -> Topic[Any]: ...
    @known_keywords
    def topic(
        self,
        name: str,
        kind: Any = Any,
        *,
        queue: int = QUEUE,
        policy: Policy = "drop_oldest",
        documentation: str = "",
    ) -> Topic[Any]:
        """Add a topic that clients subscribe to, with messages of type `kind`, and return it, to publish on.

        At most `queue` messages wait for each subscriber. `policy` says what happens beyond that: "drop_oldest",
        "disconnect" (its subscription ends with SubscriberTooSlow), or "block" (publish() waits for it).
        """
        self._check_not_served()
        if check_name(name, "topic") in self._topics:
            raise ValueError(f"the service {self.name!r} already has a topic {name!r}")
        topic: Topic[Any] = Topic(name, kind, queue, policy, documentation, self._known)
        self._topics[name] = topic
        return topic

    def describe(self) -> ServiceDescription:
        """Return the description of this service that clients get when they ask for it."""
        if self._told is not None:
            return self._told
        methods = [method for method in self._table.values() if not method.is_own]
        topics = list(self._topics.values())
        told = describe_service(
            self.name, self.version, self.documentation, methods, topics, self.errors, self._known.told
        )
        if self._said is not None:  # and nothing is added any more
            self._told = told
        return told

    def stats(self) -> ServiceStats:
        """Return the numbers of this service so far, over all connections. Any thread may call."""
        return totals(self._tally, self._memories, self._open_sessions(), self._topics.values(), self._all_methods())

    def report(self) -> ServiceReport:
        """Return stats() and the numbers of each method, as localsocket.stats tells the owner. Any thread may call."""
        return ServiceReport(
            service=self.name,
            version=self.version,
            pid=os.getpid(),
            worker=self._worker,
            workers=self._workers,
            uptime=self._uptime,
            stats=self.stats(),
            methods=numbers_by_method(self._all_methods()),
        )

    def __repr__(self) -> str:
        methods = sum(not method.is_own for method in self._table.values())
        return f"<Service {self.name!r}, {methods} methods, {len(self._topics)} topics>"

    # --- for those who serve it ---------------------------------------------------------------------------------------

    @property
    def _greeting(self) -> Greeting:
        """What it says to every client; from the first time on, its table stays as it is."""
        if self._said is None:
            self._surround_methods()
            carriers = [method for method in self._table.values() if method.has_descriptors]
            memory = [SHARED_MEMORY, APART] if self._memories is not None else []
            takes_descriptors = any(method.parameters.take_descriptors for method in carriers)
            self._said = Greeting(
                role="service",
                max_message=self.limits.message,
                max_calls=self.limits.calls,
                stream_window=self.limits.stream,
                capabilities=[STREAM_TERMS, BOTH_WAYS, *([PAYLOAD] if carriers else []), *memory],
                max_descriptors=(self.limits.descriptors if takes_descriptors else 0) if carriers else msgspec.UNSET,
                service=self.name,
                version=self.version,
                idempotent=[name for name, method in self._table.items() if method.idempotent],
            )
        return self._said

    def _greeting_as_client(self, limits: CallLimits) -> Greeting:
        """What a client with these limits says that serves this."""
        return msgspec.structs.replace(
            self._greeting, role="client", max_message=limits.message, stream_window=limits.stream
        )

    def _keep_table(self) -> None:
        """Refuse methods and topics from now on: it is being served."""
        self._said = self._greeting

    @property
    def _needs_asyncio(self) -> bool:
        """Whether a method is a coroutine function or an async generator."""
        return any(method.is_async for method in self._table.values())

    def _add_session(self, session: Counted) -> None:
        with self._lock:
            self._sessions.add(session)

    def _remove_session(self, session: Counted) -> None:
        with self._lock:
            self._sessions.discard(session)

    def _open_sessions(self) -> list[Counted]:
        with self._lock:
            return list(self._sessions)

    def _add_methods_of_protocol(self, table: Mapping[str, Method]) -> None:
        """Count those that another protocol has beside those of the table."""
        here = set(self._table.values())
        self._methods_of_protocols += [method for method in table.values() if method not in here]

    def _all_methods(self) -> list[Method]:
        return [*self._table.values(), *self._methods_of_protocols, self._unknown_method]

    @property
    def _uptime(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._made

    # ------------------------------------------------------------------------------------------------------------------

    def _openapi(self) -> dict[str, Any]:
        return openapi_document(self.describe())

    def _ping(self) -> dict[str, Any]:
        return {"service": self.name, "version": self.version, "uptime": self._uptime}

    def _report(self) -> dict[str, Any]:
        return self.report().to_dict()

    def _monitor(self, arguments: bool = False) -> Any:
        return self._call_watch.watcher(with_arguments=arguments)

    def _watching_changed(self) -> None:
        self._watch = self._call_watch if self._call_watch.is_wanted else None

    def _subscribe(self, topic: str) -> Any:
        return self._topic(topic)._subscribe(is_numbered=False)

    def _subscribe_numbered(self, topic: str) -> Any:
        return self._topic(topic)._subscribe(is_numbered=True)

    def _topic(self, name: str) -> Topic[Any]:
        if (found := self._topics.get(name)) is None:
            raise NoSuchTopic(name[:128], self.name, list(self._topics))
        return found

    def _surround_methods(self) -> None:
        functions = {
            method: surrounded(
                method, [_CLOSING, *self._surroundings] if method.parameters.take_descriptors else self._surroundings
            )
            for method in self._table.values()
            if not method.is_own
        }
        for method, function in functions.items():
            method.function = function

    def _check_not_served(self) -> None:
        if self._said is not None:
            raise RuntimeError(f"the service {self.name!r} has already been served: add to it before you serve it")


def protocols_at_address(protocols: Iterable[ProtocolName] | None, handler: object) -> tuple[ProtocolName, ...] | None:
    """Return those that are spoken at one address: None for what a service has said, or what is no service."""
    if protocols is None:
        return None
    if not isinstance(handler, Service):
        raise TypeError(f"protocols= is for a Service, and {handler!r} is not one: it reads and writes bytes itself")
    return check_protocols(protocols)


def _is_owner(peer: PeerCredentials) -> bool:
    return peer.uid in (os.geteuid(), 0)


def _nothing() -> None:
    """Stands for a method that is not there."""
