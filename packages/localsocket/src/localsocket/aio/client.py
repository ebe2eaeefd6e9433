"""The asyncio face of a service's client: the same names, awaited."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from functools import partial
from types import TracebackType
from typing import Any, TypeVar, Unpack, overload

from localsocket.aio.calls_in_thread import CallsInThread
from localsocket.aio.client_connection import ClientConnection
from localsocket.aio.pending_call import PendingCall, ProxyCall, Stream
from localsocket.aio.service_loop import ServedConnection
from localsocket.aio.serving_connection import ServingConnection
from localsocket.aio.shared_socket import SharedSocket
from localsocket.aio.subscription import Subscription
from localsocket.aio.waiting import Waiters
from localsocket.deadlines import NEVER, Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.services.any_client import AnyClient, read_description
from localsocket.services.calls_core import Arguments, CallsCore, Carrier, NamedArguments
from localsocket.services.client_core import ClientOptions
from localsocket.services.description import ServiceDescription
from localsocket.services.following import Following
from localsocket.services.gap import OnGap
from localsocket.services.item_times import ItemTimes, check_idle_timeout
from localsocket.services.method import DESCRIBE
from localsocket.services.results_into import result_of_call
from localsocket.services.schema import ANYTHING, Result
from localsocket.services.served_call import ServedCall
from localsocket.sockets.caller_driven import CLOSE_TIMEOUT
from localsocket.sockets.connector import Connector
from localsocket.sockets.given_socket import Reached
from localsocket.values.known_types import KnownTypes
from localsocket.wire.stream_terms import StreamTerms

T = TypeVar("T")


class Calls(CallsCore["Client"]):
    """The ways to call a service, all with the same time-out: Client has them, and so has the result of within().

    Cancelling a call does what a time-out does: the call is cancelled in the service too.
    """

    async def call(
        self,
        method: str,
        /,
        *arguments: object,
        timeout: float | None = None,
        result_into: Any | None = None,
        **named: object,
    ) -> Any:
        """Call `method` and return its result; for a method that streams, return a Stream.

        For `result_into` see localsocket.Client.call().
        """
        return await self._call(method, arguments, named, timeout, result_of_call(method, result_into))

    def start(
        self,
        method: str,
        /,
        *arguments: object,
        timeout: float | None = None,
        result_into: Any | None = None,
        **named: object,
    ) -> asyncio.Task[Any]:
        """Call `method` in a task, and return the task, which you can await or cancel."""
        result = result_of_call(method, result_into)
        return asyncio.create_task(self._call(method, arguments, named, timeout, result))

    def stream(
        self,
        method: str,
        /,
        *arguments: object,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        prefetch: int | None = None,
        **named: object,
    ) -> Stream[Any]:
        """Return the items that `method` yields, as they arrive; the call begins when you enter or iterate the stream.

        For `timeout`, `idle_timeout` and `prefetch` see localsocket.Client.stream().
        """
        check_idle_timeout(idle_timeout)
        return self._stream(method, arguments, named, timeout, ANYTHING, idle_timeout, prefetch)

    async def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> None:
        """Call `method` without waiting for a result, or learning whether it succeeds. Returns once it is sent."""
        await self._client._send_notification(method, arguments, named, self._deadline(timeout))

    @overload
    def subscribe(
        self,
        topic: str,
        kind: type[T],
        *,
        resume: bool = False,
        on_gap: OnGap | None = None,
        idle_timeout: float | None = None,
    ) -> Subscription[T]: ...
    @overload
    def subscribe(
        self,
        topic: str,
        kind: Any = Any,
        *,
        resume: bool = False,
        on_gap: OnGap | None = None,
        idle_timeout: float | None = None,
    ) -> Subscription[Any]: ...
    def subscribe(
        self,
        topic: str,
        kind: Any = Any,
        *,
        resume: bool = False,
        on_gap: OnGap | None = None,
        idle_timeout: float | None = None,
    ) -> Subscription[Any]:
        """Return the messages of `topic`, of type `kind`, as they arrive.

        From when you await or enter it, you miss nothing that is published except what the topic's policy drops.
        `resume`, `on_gap` and `idle_timeout`: see localsocket.Client.subscribe(); if `on_gap` returns an awaitable, it
        is awaited.
        """
        client = self._client
        times = ItemTimes(topic, NEVER, begins_in_time=False, idle_timeout=check_idle_timeout(idle_timeout))
        return Subscription(client, Following(topic, kind, client._core, resumes=resume, on_gap=on_gap), times)

    async def describe(self, *, timeout: float | None = None) -> ServiceDescription:
        """Return the service's description of itself: its methods and topics, with types and documentation."""
        description = read_description(await self._call(DESCRIBE, (), {}, timeout, ANYTHING))
        client = self._client
        client._description = (client._connection, description)
        return description

    @property
    def _known(self) -> KnownTypes:
        return self._client._core.known

    def _told(self) -> ServiceDescription | None:
        """What a proxy knows of its methods: what was told last, for nobody can wait here."""
        return self._client._description[1]

    def _call_by_proxy(
        self, method: str, arguments: Arguments, named: NamedArguments, result: Result, *, is_stream: bool
    ) -> Any:
        """What a proxy's method does: gives a Stream where it is known to be one, else what can be either."""
        if is_stream:
            return self._stream(method, arguments, named, None, result)
        return ProxyCall(
            partial(self._call, method, arguments, named, None, result),
            partial(self._stream, method, arguments, named, None, result),
        )

    # ------------------------------------------------------------------------------------------------------------------

    def _stream(
        self,
        method: str,
        arguments: Arguments,
        named: NamedArguments,
        timeout: float | None,
        result: Result,
        idle_timeout: float | None = None,
        prefetch: int | None = None,
    ) -> Stream[Any]:
        client, deadline = self._client, self._deadline(timeout)
        terms = self._terms_with(timeout, prefetch, is_stream=True)
        begins_in_time = terms is not None and terms.begins_in_time
        times = ItemTimes(method, deadline, begins_in_time=begins_in_time, idle_timeout=idle_timeout)
        if client._core.tracing is None:
            return Stream(partial(client._open_call, method, arguments, named, deadline, None, terms), result, times)
        return Stream(partial(client._open_traced, method, arguments, named, deadline, terms), result, times)

    async def _call(
        self, method: str, arguments: Arguments, named: NamedArguments, timeout: float | None, result: Result
    ) -> Any:
        client, deadline = self._client, self._deadline(timeout)
        terms = self._terms if timeout is None else None
        pending: PendingCall | None = None
        try:
            if client._core.tracing is None:
                pending = await client._open_call(method, arguments, named, deadline, None, terms, into=result.into)
                await pending.wait()
                return pending.result(result)
            await client._connected(deadline)  # whose greeting tells the service's name
            with client._traced(method) as carrier:
                pending = await client._open_call(method, arguments, named, deadline, carrier, terms, into=result.into)
                await pending.wait()
                return pending.result(result)
        except BaseException:
            if pending is not None:
                pending.cancel()  # else it goes on although nobody waits for it, after an interrupt
            raise


class Client(Calls, AnyClient[ClientConnection]):
    """A client of the service at `address`, with one connection, for the tasks of one loop.

    It connects when it is entered, on open(), or with the first call. Parameters are those of localsocket.Client. As an
    async context manager it closes itself.
    """

    def __init__(self, address: Reached, **options: Unpack[ClientOptions]) -> None:
        AnyClient.__init__(self, address, options)
        Calls.__init__(self, self._core.call_timeout)
        self._renew_lock()

    def _renew_lock(self) -> None:
        self._connecting: object | None = None  # who connects now
        self._connecting_ended = Waiters()

    async def open(self) -> None:
        """Connect, unless connected. Raises what localsocket.connect() raises, and PeerBrokeProtocol."""
        await self._connected(Deadline(self._core.connect_timeout))

    def within(self, timeout: float | None) -> Calls:
        """Return the same ways to call, with another time-out: `await client.within(0.5).proxy.add(2, 3)`."""
        return Calls(Deadline(timeout).timeout, self)

    async def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Send unsent data, then close; see localsocket.Client.close(). If cancelled, it closes at once."""
        deadline = Deadline(timeout)
        self._is_closed = True
        if (greeting := self._greeting) is not None:
            greeting.cut_off()
        if (connection := self._connection) is not None:
            await connection.close(deadline)

    async def __aenter__(self) -> Client:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._logging_loss(error):
            await self.close()

    async def wait_closed(self, timeout: float | None = None) -> bool:
        """Wait until the connection is over; see localsocket.Client.wait_closed()."""
        deadline = Deadline(timeout)
        return await (self._connection or await self._connected(deadline)).wait_over(deadline)

    # --- for calls ----------------------------------------------------------------------------------------------------

    async def _open_call(
        self,
        method: str,
        arguments: Arguments,
        named: NamedArguments,
        deadline: Deadline,
        carrier: Carrier = None,
        terms: StreamTerms | None = None,
        *,
        is_endless: bool = False,
        into: memoryview | None = None,
    ) -> PendingCall:
        """Send a call, once there is room for one more; `deadline` is only for that where the call `is_endless`."""
        began = self._core.note_begin()
        while True:
            connection = self._connection
            if connection is None or connection.error is not None:
                connection = await self._connected(deadline)
            if connection.is_clogged:
                await connection.wait_sent(deadline, f"calling {method!r}")
            elif connection.caller.has_room:
                break
            else:
                await connection.wait_room(deadline, f"calling {method!r}")
        if is_endless:
            deadline = NEVER
        seconds = None if deadline is NEVER else deadline.remaining()
        call = connection.caller.prepare(method, seconds, arguments, named, carrier, terms)
        call.waiter = []
        call.into = into
        pending = PendingCall(self, connection, call, deadline, began, terms)
        try:
            connection.caller.open(call)
            connection.send(call.frame)
            return pending
        except BaseException:  # of a signal's handler
            pending.cancel()
            raise

    async def _open_subscription(self, method: str, topic: str, deadline: Deadline) -> PendingCall:
        return await self._open_call(method, (topic,), {}, deadline, is_endless=True)

    async def _open_traced(
        self,
        method: str,
        arguments: Arguments,
        named: NamedArguments,
        deadline: Deadline,
        terms: StreamTerms | None,
    ) -> PendingCall:
        await self._connected(deadline)
        with self._traced(method) as carrier:
            return await self._open_call(method, arguments, named, deadline, carrier, terms)

    async def _send_notification(
        self, method: str, arguments: Arguments, named: NamedArguments, deadline: Deadline
    ) -> None:
        """Send a call that is not answered."""
        connection = await self._connected(deadline)
        with self._traced(method) as carrier:
            self._core.note_begin()
            while True:
                await connection.wait_served(deadline, f"notifying {method!r}")
                await connection.wait_sent(deadline, f"notifying {method!r}")
                connection.has_notified = True
                try:
                    connection.send_or_raise(connection.caller.notify(method, arguments, named, carrier))
                except ClosedByPeer:
                    if not self._core.reconnects:
                        raise
                    await connection.wait_ended(deadline, f"notifying {method!r}")
                    connection = await self._connected(deadline)
                else:
                    return

    # --- connecting ---------------------------------------------------------------------------------------------------

    async def _connected(self, deadline: Deadline) -> ClientConnection:
        """Return the connection, made anew if there is none, or it was lost and should be made again."""
        if (connection := self._usable_connection()) is not None:
            return connection
        mine = object()
        try:
            try:
                while self._connecting is not None:
                    if deadline.has_passed():
                        raise self._core.connecting_error(deadline)
                    await self._connecting_ended.wait(asyncio.get_running_loop(), deadline.remaining())
                self._connecting = mine
                return self._usable_connection() or await self._connect(deadline)
            finally:
                self._let_others_connect(mine)
        except BaseException:
            self._let_others_connect(mine)  # if an interrupt has cut that off
            raise

    def _let_others_connect(self, mine: object) -> None:
        if self._connecting is mine:
            self._connecting_ended.wake_all()
            self._connecting = None

    async def _connect(self, deadline: Deadline) -> ClientConnection:
        connecting = self._core.connecting_deadline(deadline)
        with self._connector(SharedSocket, connecting) as connector:
            while (connection := await self._attempt(connector, connecting)) is None:
                self._check_not_closed()
                await asyncio.sleep(connector.next_pause())
        if self._is_closed:
            connection.cut_off()
        return connection

    def _peer(self) -> PeerCredentials | None:
        """Who is at the other end, as the kernel recorded it; for a client that serves."""
        connection = self._connection
        return connection.session.peer if isinstance(connection, ServingConnection) else None

    def _begin_connection(self, socket: SharedSocket) -> ClientConnection:
        if (service := self._core.service) is None:
            return ClientConnection(self._core, socket)
        return ServingConnection(self._core, socket, service, partial(_calls_on, weakref.ref(self)))

    async def _attempt(self, connector: Connector[SharedSocket], deadline: Deadline) -> ClientConnection | None:
        before, socket = self._connection, None
        try:
            if (socket := connector.attempt()) is None:
                return None
            connection = self._begin_connection(socket)
            with self._greeting_through(connection, connector):
                await connection.greet(deadline)
                if before is not None:
                    connection.repeat(before)
                self._connection = connection
                return connection
            return None
        except BaseException:
            self._connection = before
            if socket is not None:
                socket.abort()
                with contextlib.suppress(LocalSocketError):
                    await socket.close()  # what reaches another machine is not let go of in one step
            raise


def calls_for(client: Client, connection: ServedConnection, call: ServedCall) -> Calls | CallsInThread:
    """Return the ways to call for what serves a call: to be awaited in a task, and that wait in a thread."""
    calls = Calls(call.remaining(), client)
    return calls if call.method.is_async else CallsInThread(calls, connection.loop)


def _calls_on(client: weakref.ref[Client], connection: ServedConnection, call: ServedCall) -> Calls | CallsInThread:
    """Return the ways to call the other end of a client that serves it."""
    if (found := client()) is None:
        raise ClosedByUs("the client")
    return calls_for(found, connection, call)
