"""A service's client for Qt programs: it never waits, and what comes is told by signals."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any, Unpack

from localsocket.deadlines import NEVER, Deadline
from localsocket.qt.binding import QObject, Signal
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


class Calls(CallsCore[ClientState]):
    """The ways to call a service, each call with the same time-out: what Client is, and what its within() gives.

    Nothing here waits, and nothing raises but what is wrong in the program, as a `timeout` that is no number: all that
    comes of a call is told by the object that it gives. A time-out that is over cancels the call where it is served.
    """

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
        reply = Reply()
        reply._under_way = NotificationUnderWay(self._client, reply, method, arguments, named, self._deadline(timeout))
        return reply

    def subscribe(
        self, topic: str, kind: Any = Any, *, resume: bool = False, idle_timeout: float | None = None
    ) -> Subscription:
        """Take the messages of `topic`, of type `kind`; the Subscription tells them.

        For `resume` and `idle_timeout` see localsocket.Client.subscribe().
        """
        times = ItemTimes(topic, NEVER, begins_in_time=False, idle_timeout=check_idle_timeout(idle_timeout))
        subscription = Subscription()
        subscription._under_way = MessagesUnderWay(self._client, subscription, topic, kind, times, resumes=resume)
        return subscription

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
        reply = Reply()
        reply._under_way = ReplyUnderWay(self._client, reply, result, method, arguments, named, self._deadline(timeout))
        return reply

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
        stream = Stream()
        stream._under_way = ItemsUnderWay(
            self._client, stream, result, times, method, arguments, named, deadline, terms
        )
        return stream


class Client(Calls, QObject):
    """A client of the service at `address`, for the thread whose event loop runs it, over one connection.

    Connects with the first call, or when open() is called; `connected()` tells that it is, also when it is again, and
    `disconnected(error)` that the connection is lost. Until it is connected calls wait, as they do while more would be
    under way than the service takes. Options are those of localsocket.Client; `serves` is not among them.

    It ends with close(), or when Qt destroys it, with its parent: calls that are under way are given up then.
    """

    connected = Signal()
    disconnected = Signal(object)

    def __init__(self, address: Reached, parent: QObject | None = None, **options: Unpack[ClientOptions]) -> None:
        QObject.__init__(self, parent)
        if options.get("serves") is not None:
            raise TypeError("a client in Qt serves nothing: serve in a thread, by localsocket.Client(serves=...)")
        # Its own: what belongs to Qt belongs to a child, so that nothing holds this object but who uses it.
        told = weakref.ref(self)
        self._state = ClientState(
            QObject(self), address, options, partial(_tell_connected, told), partial(_tell_lost, told)
        )
        state = self._state
        self.destroyed.connect(lambda *_: state.owner_destroyed())
        Calls.__init__(self, self._state._core.call_timeout, self._state)

    def open(self) -> None:
        """Connect, unless it is connected: `connected()`, or `disconnected(error)` where that is not possible."""
        self._state.open()

    def within(self, timeout: float | None) -> Calls:
        """Return the ways to call with another time-out: `client.within(0.5).proxy.add(2, 3)`."""
        return Calls(Deadline(timeout).timeout, self._state)

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


def _tell_connected(told: weakref.ref[Client]) -> None:
    if (client := told()) is not None:
        client.connected.emit()


def _tell_lost(told: weakref.ref[Client], error: Exception) -> None:
    if (client := told()) is not None:
        client.disconnected.emit(error)
