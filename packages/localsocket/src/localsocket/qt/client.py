"""A service's client for Qt programs: it never waits, and what comes is told by signals."""

from __future__ import annotations

from typing import Any, Unpack

from localsocket.deadlines import NEVER, Deadline
from localsocket.qt.binding import QtObject, Signal
from localsocket.qt.calls_under_way import ItemsUnderWay, MessagesUnderWay, NotificationUnderWay, ReplyUnderWay
from localsocket.qt.client_state import ClientState
from localsocket.qt.pending_call import Reply, Stream
from localsocket.qt.subscription import Subscription
from localsocket.services.calls_core import Arguments, CallsCore, NamedArguments
from localsocket.services.client_core import ClientOptions
from localsocket.services.description import ServiceDescription
from localsocket.services.item_times import ItemTimes, check_idle_timeout
from localsocket.services.method import DESCRIBE
from localsocket.services.schema import ANYTHING, Result
from localsocket.services.stats import ClientStats
from localsocket.sockets.caller_driven import CLOSE_TIMEOUT
from localsocket.sockets.given_socket import Reached
from localsocket.values.known_types import KnownTypes

_DESCRIPTION = Result(DESCRIBE, ServiceDescription)


class HeldClient:
    """What whoever can call by a client holds of it; without a parent, it ends when nobody does any more."""

    def __init__(self, state: ClientState, *, ends_by_itself: bool) -> None:
        self.state = state
        if not ends_by_itself:
            state.owner.end_with(self)


class Calls(CallsCore[ClientState]):
    """The ways to call a service, each call with the same time-out: what Client is, and what its within() gives.

    Nothing here waits, and nothing raises but what is wrong in the program, as a `timeout` that is no number: all that
    comes of a call is told by the object that it gives. A time-out that is over cancels the call where it is served.
    """

    def __init__(self, timeout: float | None, held: HeldClient) -> None:
        super().__init__(timeout)
        self._held = held

    @property
    def _client(self) -> ClientState:
        return self._held.state

    def call(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Reply:
        """Call `method`; the Reply tells its result. One that streams is called by stream()."""
        return self._reply(method, arguments, named, timeout, ANYTHING)

    def stream(
        self,
        method: str,
        /,
        *arguments: object,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        prefetch: int | None = None,
        **named: object,
    ) -> Stream:
        """Call a method that streams; the Stream tells its items.

        For `timeout`, `idle_timeout` and `prefetch` see localsocket.Client.stream().
        """
        return self._stream(method, arguments, named, timeout, ANYTHING, idle_timeout, prefetch)

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Reply:
        """Have `method` called, without knowing what comes of it; `finished(None)` when that is on its way."""
        return Reply(NotificationUnderWay(self._client, method, arguments, named, self._deadline(timeout)))

    def subscribe(
        self, topic: str, kind: Any = Any, *, resume: bool = False, idle_timeout: float | None = None
    ) -> Subscription:
        """Take the messages of `topic`, of type `kind`; the Subscription tells them.

        For `resume` and `idle_timeout` see localsocket.Client.subscribe().
        """
        times = ItemTimes(topic, NEVER, begins_in_time=False, idle_timeout=check_idle_timeout(idle_timeout))
        return Subscription(MessagesUnderWay(self._client, topic, kind, times, resumes=resume))

    def describe(self, *, timeout: float | None = None) -> Reply:
        """Ask the service what it tells about itself; the Reply tells a ServiceDescription."""
        return self._reply(DESCRIBE, (), {}, timeout, _DESCRIPTION)

    @property
    def _known(self) -> KnownTypes:
        return self._client._core.known

    def _told(self) -> ServiceDescription | None:
        """What a proxy knows of its methods: nothing, for nobody can wait here."""
        return None

    def _call_by_proxy(
        self, method: str, arguments: Arguments, named: NamedArguments, result: Result, *, is_stream: bool
    ) -> Reply | Stream:
        if is_stream:
            return self._stream(method, arguments, named, None, result)
        return self._reply(method, arguments, named, None, result)

    # ------------------------------------------------------------------------------------------------------------------

    def _reply(
        self, method: str, arguments: Arguments, named: NamedArguments, timeout: float | None, result: Result
    ) -> Reply:
        return Reply(ReplyUnderWay(self._client, result, method, arguments, named, self._deadline(timeout)))

    def _stream(
        self,
        method: str,
        arguments: Arguments,
        named: NamedArguments,
        timeout: float | None,
        result: Result,
        idle_timeout: float | None = None,
        prefetch: int | None = None,
    ) -> Stream:
        deadline, terms = self._deadline(timeout), self._terms_with(timeout, prefetch, is_stream=True)
        times = ItemTimes(
            method,
            deadline,
            begins_in_time=terms is not None and terms.begins_in_time,
            idle_timeout=check_idle_timeout(idle_timeout),
        )
        return Stream(ItemsUnderWay(self._client, result, times, method, arguments, named, deadline, terms))


class Client(Calls):
    """A client of the service at `address`, for the thread whose event loop runs it, over one connection.

    Connects with the first call, or when open() is called; `connected()` tells that it is, also when it is again, and
    `disconnected(error)` that the connection is lost. Until it is connected calls wait, as they do while more would be
    under way than the service takes. Options are those of localsocket.Client; `serves` is not among them.

    It ends with close(); with `parent`, as soon as Qt destroys that; without one, soon after nothing in the program
    keeps it. Calls that are under way are given up then, without a signal where it was not close().

    It is no object of Qt itself, and may be forgotten in any thread. Everything else is for the thread in which it
    was made, and raises RuntimeError in others. Raises RuntimeError where Qt dispatches no events yet, and ImportError
    where there is no binding for Qt.
    """

    def __init__(self, address: Reached, parent: QtObject | None = None, **options: Unpack[ClientOptions]) -> None:
        if options.get("serves") is not None:
            raise TypeError("a client in Qt serves nothing: serve in a thread, by localsocket.Client(serves=...)")
        self._state = ClientState(address, parent, options)
        super().__init__(self._state._core.call_timeout, HeldClient(self._state, ends_by_itself=parent is not None))

    @property
    def connected(self) -> Signal:
        return self._state.owner.signal("connected")

    @property
    def disconnected(self) -> Signal:
        return self._state.owner.signal("disconnected")

    def open(self) -> None:
        """Connect, unless it is connected: `connected()`, or `disconnected(error)` where that is not possible."""
        self._state.open()

    def within(self, timeout: float | None) -> Calls:
        """Return the ways to call with another time-out: `client.within(0.5).proxy.add(2, 3)`. They keep the client."""
        return Calls(Deadline(timeout).timeout, self._held)

    def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Give up what is under way, which is told as ClosedByUs, send what is unsent, and close; returns at once.

        What the service has not taken within `timeout` seconds is dropped, and logged. Closing again is fine.
        """
        self._state.close(timeout)

    @property
    def address(self) -> str:
        return self._state.address

    @property
    def service(self) -> str:
        """What the service calls itself; "" before the connection is made."""
        return self._state.service

    def stats(self) -> ClientStats:
        """Return what it has done so far."""
        return self._state.stats()
