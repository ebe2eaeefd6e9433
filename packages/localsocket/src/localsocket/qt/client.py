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
    """The ways to call a service, all with one time-out; Client has them, and within() returns them.

    Nothing here blocks, and only a mistake in the program raises, such as a `timeout` that is not a number. Everything
    else is reported by the signals of the object that a call returns. When its time-out has passed, a call is cancelled
    in the service too.
    """

    def __init__(self, timeout: float | None, held: HeldClient) -> None:
        super().__init__(timeout)
        self._held = held

    @property
    def _client(self) -> ClientState:
        return self._held.state

    def call(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Reply:
        """Call `method`; the Reply signals its result. For a method that streams, use stream()."""
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
        """Call a method that streams; the Stream signals its items.

        For `timeout`, `idle_timeout` and `prefetch` see localsocket.Client.stream().
        """
        return self._stream(method, arguments, named, timeout, ANYTHING, idle_timeout, prefetch)

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Reply:
        """Call `method` without learning whether it succeeds; `finished(None)` means that it is on its way."""
        return Reply(NotificationUnderWay(self._client, method, arguments, named, self._deadline(timeout)))

    def subscribe(
        self, topic: str, kind: Any = Any, *, resume: bool = False, idle_timeout: float | None = None
    ) -> Subscription:
        """Subscribe to `topic`; the Subscription signals its messages, of type `kind`.

        For `resume` and `idle_timeout` see localsocket.Client.subscribe().
        """
        times = ItemTimes(topic, NEVER, begins_in_time=False, idle_timeout=check_idle_timeout(idle_timeout))
        return Subscription(MessagesUnderWay(self._client, topic, kind, times, resumes=resume))

    def describe(self, *, timeout: float | None = None) -> Reply:
        """Ask the service for its description; the Reply signals a ServiceDescription."""
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
    """A client of the service at `address`, with one connection, for the thread whose event loop drives it.

    It connects with the first call, or on open(). `connected()` is emitted after every connection,
    `disconnected(error)` when the connection is lost. Until it is connected, calls wait; they also wait while the
    service allows no further calls. Options are those of localsocket.Client, except `serves`.

    It ends on close(); with a `parent`, as soon as Qt destroys that; without one, soon after the last reference to it
    is gone. Calls under way are then given up; only close() reports that by a signal.

    It is not a QObject, and its last reference may be dropped in any thread. Everything else belongs to the thread in
    which it was made, and raises RuntimeError in others. Raises RuntimeError if Qt is not dispatching events yet, and
    ImportError without a binding for Qt.
    """

    def __init__(self, address: Reached, parent: QtObject | None = None, **options: Unpack[ClientOptions]) -> None:
        if options.get("serves") is not None:
            raise TypeError("a client in Qt cannot serve: serve in a thread, with localsocket.Client(serves=...)")
        self._state = ClientState(address, parent, options)
        super().__init__(self._state._core.call_timeout, HeldClient(self._state, ends_by_itself=parent is not None))

    @property
    def connected(self) -> Signal:
        return self._state.owner.signal("connected")

    @property
    def disconnected(self) -> Signal:
        return self._state.owner.signal("disconnected")

    def open(self) -> None:
        """Connect, unless connected: emits `connected()`, or `disconnected(error)` if that fails."""
        self._state.open()

    def within(self, timeout: float | None) -> Calls:
        """Return the ways to call with another time-out: `client.within(0.5).proxy.add(2, 3)`. They keep the client."""
        return Calls(Deadline(timeout).timeout, self._held)

    def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Give up calls under way, which fail with ClosedByUs, send unsent data, and close; returns at once.

        What the service has not accepted within `timeout` seconds is dropped; that is logged where notifications may be
        among it, of which nobody else is told. Closing again has no effect.
        """
        self._state.close(timeout)

    @property
    def address(self) -> str:
        return self._state.address

    @property
    def service(self) -> str:
        """The service's name as it gives it; "" before the client has connected."""
        return self._state.service

    def stats(self) -> ClientStats:
        """Return the numbers of this client so far."""
        return self._state.stats()
