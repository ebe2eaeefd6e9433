"""The blocking face of a service's client: any thread calls, over one connection, and the one that waits receives."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from localsocket.blocking.client_connection import ClientConnection
from localsocket.blocking.local_socket import LocalSocket
from localsocket.blocking.pending_call import PendingCall, Stream
from localsocket.blocking.shared_socket import SharedSocket, Turn
from localsocket.deadlines import NEVER, Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.interrupts import while_held
from localsocket.services.any_client import AnyClient, read_description
from localsocket.services.calls_core import Arguments, CallsCore, Carrier, NamedArguments
from localsocket.services.client_core import ClientOptions
from localsocket.services.description import ServiceDescription
from localsocket.services.item_times import ItemTimes, check_idle_timeout
from localsocket.services.method import DESCRIBE
from localsocket.services.results_into import result_of_call
from localsocket.services.schema import ANYTHING, Result
from localsocket.sockets.caller_driven import CLOSE_TIMEOUT
from localsocket.sockets.connector import Connector
from localsocket.sockets.given_socket import Reached
from localsocket.values.known_types import KnownTypes
from localsocket.wire.stream_terms import StreamTerms

if TYPE_CHECKING:
    from localsocket.blocking.served import Served
    from localsocket.blocking.service_loop import ServiceLoop
    from localsocket.blocking.subscription import Subscription
    from localsocket.services.gap import OnGap
    from localsocket.services.served_call import ServedCall

T = TypeVar("T")

_PATIENCE = 5.0  # seconds; somebody looks at a proxy, perhaps without knowing that this asks the service


class Calls(CallsCore["Client"]):
    """The ways to call a service, all with the same time-out: Client has them, and so has the result of within().

    `timeout` is in seconds for the whole call; None means the default of the client, or of within(). It is sent with
    the call, so the service knows it too. When it has passed, the call is cancelled there and raises DeadlinePassed
    here. For a call that returns a stream, the default applies only to its beginning.
    """

    def call(
        self,
        method: str,
        /,
        *arguments: object,
        timeout: float | None = None,
        result_into: Any | None = None,
        **named: object,
    ) -> Any:
        """Call `method` and return its result, waiting for it; for a method that streams, return a Stream.

        `result_into` is writable memory, such as a bytearray, a memoryview or a numpy array, for a method that returns
        bytes or an array. The result is written to its beginning, and a view of that is returned. A large result that
        comes by shared memory is copied straight there. Until the call has ended, and after it has failed, the contents
        are undefined; once it is cancelled, nothing more is written. Raises BadResult if the result is longer, or of
        another type.

        Raises what the method raised, if its service declares that error and this client knows the class (`errors`),
        otherwise CallFailed or RemoteError; NoSuchMethod, BadArguments, NotAllowed; DeadlinePassed; ClosedByPeer if the
        connection is lost during the call: then it is not known whether the method was called.
        """
        return self._call(method, arguments, named, timeout, result_of_call(method, result_into))

    def start(
        self,
        method: str,
        /,
        *arguments: object,
        timeout: float | None = None,
        result_into: Any | None = None,
        **named: object,
    ) -> PendingCall:
        """Call `method` and return at once an object whose result() waits for the result. See call().

        Waits only while the service allows no further calls. Answers are received only while some thread waits for a
        result.
        """
        return self._begin(method, arguments, named, timeout, result_of_call(method, result_into))

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
        """Call `method` and return the items that it yields, as they arrive.

        `timeout`: seconds for the whole stream. Without it the stream may last for ever, and the default of the client
        or of within() limits only its beginning. `idle_timeout`: seconds to wait for any one item, from when it is
        asked for. When either has passed, the stream is cancelled in the service, and raises DeadlinePassed here, which
        names the method.

        `prefetch`: how many items this reader may hold, including the one it is working on. An item counts until the
        reader asks for the next one; only then may the service make another. So with prefetch=1 a job is taken from a
        queue only when somebody is ready to do it. In any case at most `CallLimits.stream` bytes (and one item) are
        held. Raises Unsupported if the service cannot do this, being of an earlier version or in another language.
        """
        return self._stream(method, arguments, named, timeout, ANYTHING, check_idle_timeout(idle_timeout), prefetch)

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> None:
        """Call `method` without waiting for a result, or learning whether it succeeds. Returns once it is sent."""
        self._client._send_notification(method, arguments, named, self._deadline(timeout))

    @overload
    def subscribe(
        self,
        topic: str,
        kind: type[T],
        *,
        resume: bool = False,
        on_gap: OnGap | None = None,
        timeout: float | None = None,
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
        timeout: float | None = None,
        idle_timeout: float | None = None,
    ) -> Subscription[Any]: ...
    def subscribe(
        self,
        topic: str,
        kind: Any = Any,
        *,
        resume: bool = False,
        on_gap: OnGap | None = None,
        timeout: float | None = None,
        idle_timeout: float | None = None,
    ) -> Subscription[Any]:
        """Subscribe to `topic` and return its messages, of type `kind`, from now on, as they arrive.

        Once this has returned, you miss nothing that is published except what the topic's policy drops. `timeout` is
        for subscribing, `idle_timeout` for each message, as in stream(). Raises NoSuchTopic; the subscription raises
        SubscriberTooSlow if the policy is to disconnect.

        With `resume`, for a client that reconnects, the subscription is resumed after a lost connection by whoever
        takes the next message. That call waits for the server to be back until its time-out, or the client's `timeout`;
        after DeadlinePassed you may call again.

        `on_gap` is called with a Gap as soon as messages are known to be missing, before the next one is returned, by
        whoever takes that one. If it raises, the error is raised there, and no message is lost. Without `on_gap`, gaps
        are logged.
        """
        from localsocket.blocking.subscription import Subscription  # which who calls alone does without
        from localsocket.services.following import Following

        client = self._client
        times = ItemTimes(topic, NEVER, begins_in_time=False, idle_timeout=check_idle_timeout(idle_timeout))
        following = Following(topic, kind, client._core, resumes=resume, on_gap=on_gap)
        return Subscription._begin(client, following, times, self._deadline(timeout))

    def describe(self, *, timeout: float | None = None) -> ServiceDescription:
        """Return the service's description of itself: its methods and topics, with types and documentation."""
        description = read_description(self._call(DESCRIBE, (), {}, timeout, ANYTHING))
        client = self._client
        client._description = (client._connection, description)
        return description

    @property
    def _known(self) -> KnownTypes:
        return self._client._core.known

    def _told(self) -> ServiceDescription | None:
        """What a proxy knows of its methods: asked for once on each connection, by who looks at the proxy."""
        connection, description = self._client._description
        if description is None or connection is None or connection is not self._client._connection:
            with contextlib.suppress(LocalSocketError, OSError):
                return self.describe(timeout=_PATIENCE)
        return description

    def _call_by_proxy(
        self, method: str, arguments: Arguments, named: NamedArguments, result: Result, *, is_stream: bool
    ) -> Any:
        """What a proxy's method does: call, and give a Stream at once where it is known to be one."""
        if is_stream:
            return self._stream(method, arguments, named, None, result)
        return self._call(method, arguments, named, None, result)

    # ------------------------------------------------------------------------------------------------------------------

    def _call(
        self, method: str, arguments: Arguments, named: NamedArguments, timeout: float | None, result: Result
    ) -> Any:
        client, deadline = self._client, self._deadline(timeout)
        terms = self._terms if timeout is None else None
        pending: PendingCall | None = None
        try:
            if client._core.tracing is None:
                pending = client._open_call(method, arguments, named, deadline, result, None, terms)
                return pending.result()
            client._connected(deadline)  # whose greeting tells the service's name
            with client._traced(method) as carrier:
                pending = client._open_call(method, arguments, named, deadline, result, carrier, terms)
                return pending.result()
        except BaseException:
            if pending is not None:
                pending.cancel()  # else it goes on although nobody waits for it, after an interrupt
            raise

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
        pending: PendingCall | None = None
        try:
            pending = self._begin(method, arguments, named, timeout, result, prefetch, is_stream=True)
            return pending._idle_after(idle_timeout).stream()
        except BaseException:
            if pending is not None:
                pending.cancel()
            raise

    def _begin(
        self,
        method: str,
        arguments: Arguments,
        named: NamedArguments,
        timeout: float | None,
        result: Result,
        prefetch: int | None = None,
        *,
        is_stream: bool = False,
    ) -> PendingCall:
        client, deadline = self._client, self._deadline(timeout)
        terms = self._terms_with(timeout, prefetch, is_stream=is_stream)
        if client._core.tracing is None:
            return client._open_call(method, arguments, named, deadline, result, None, terms)
        client._connected(deadline)  # whose greeting tells the service's name
        with client._traced(method) as carrier:
            return client._open_call(method, arguments, named, deadline, result, carrier, terms)


class Client(Calls, AnyClient[ClientConnection]):
    """Calls the service at `address`. Any number of threads may use one client; it has one connection.

    It connects on entering a `with` block, on open(), or with the first call. `timeout` (seconds), `wait_for_server`
    and `allow_server` apply to connecting, as in localsocket.connect(). `errors` are exception classes that the service
    declares: they are raised here as themselves. `call_timeout` is the default for each call, and for the start of each
    stream.

    With `reconnect`, the next call after a lost connection connects again. It waits for the server until its own
    timeout, or for `timeout` seconds. Calls that were running fail with ClosedByPeer, except those of methods that the
    service declares idempotent: these are repeated. Without `reconnect`, every further call fails.

    `start` is the program that serves the address: a list of strings, or a Daemon. If nobody is listening, it is
    started in the background, once, however many clients ask at the same time, and connecting waits for it up to
    `timeout` seconds. It keeps running when this process ends. If it ends before it listens, StartFailed says how. With
    `reconnect` it is started again if it has ended.

    With `shared_memory`, large arguments and results are passed in memory shared with a service of the same user, on
    Linux: see docs/services.md. While it waits for such a service, it first looks again for up to 50 µs and
    then sleeps; with `wait="sleep"` it sleeps at once.

    `limits`: see CallLimits. `tracing`: see localsocket.otel. `protocol`: "varlink" calls any varlink service, one
    call at a time, with arguments by name; docs/varlink.md lists the other differences. As a context manager it closes
    itself.
    """

    def __init__(self, address: Reached, **options: Unpack[ClientOptions]) -> None:
        AnyClient.__init__(self, address, options)
        Calls.__init__(self, self._core.call_timeout)
        self._renew_lock()

    def _renew_lock(self) -> None:
        self._connecting = threading.RLock()  # which knows whose it is

    def open(self) -> None:
        """Connect, unless connected. Raises what localsocket.connect() raises, and PeerBrokeProtocol."""
        self._connected(Deadline(self._core.connect_timeout))

    def within(self, timeout: float | None) -> Calls:
        """Return the same ways to call, with another time-out: `client.within(0.5).proxy.add(2, 3)`."""
        return Calls(Deadline(timeout).timeout, self)

    def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Send unsent data, such as notifications, then close. Calls that wait for a result get ClosedByUs at once.

        The connection is closed in any case; DeadlinePassed or ClosedByPeer then says how many bytes were lost. If an
        exception leaves a `with` block, that is logged instead. Closing again has no effect.
        """
        deadline = Deadline(timeout)
        self._is_closed = True
        if (greeting := self._greeting) is not None:
            greeting.cut_off()
        if (connection := self._connection) is not None:
            connection.close(deadline)

    def __enter__(self) -> Client:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._logging_loss(error):
            self.close()

    def wait_closed(self, timeout: float | None = None) -> bool:
        """Wait until the connection is over, chiefly for a client that serves; return False if the time runs out first.

        Connects if necessary. A lost connection raises nothing.
        """
        deadline = Deadline(timeout)
        return (self._connection or self._connected(deadline)).wait_ended(deadline)

    # --- for calls ----------------------------------------------------------------------------------------------------

    def _open_call(
        self,
        method: str,
        arguments: Arguments,
        named: NamedArguments,
        deadline: Deadline,
        result: Result,
        carrier: Carrier = None,
        terms: StreamTerms | None = None,
        *,
        is_endless: bool = False,
    ) -> PendingCall:
        """Send a call, once there is room for one more; `deadline` is only for that where the call `is_endless`."""
        began = self._core.note_begin()
        while True:
            connection = self._connection
            if connection is None or connection.error is not None:
                connection = self._connected(deadline)
            pending: PendingCall | None = None
            try:
                with connection.socket.lock:
                    if connection.error is None and connection.caller.has_room:
                        whole = NEVER if is_endless else deadline
                        seconds = None if whole is NEVER else whole.remaining()
                        call = connection.caller.prepare(method, seconds, arguments, named, carrier, terms)
                        turn = Turn()
                        call.waiter = [turn]
                        call.into = result.into
                        pending = PendingCall(self, connection, call, turn, whole, result, began, terms)
                        connection.caller.open(call)
                if pending is not None:
                    connection.send_or_withdraw(call.frame, deadline, f"calling {method!r}")
                    return pending
            except BaseException as error:
                # The peer has not got the whole frame, so the method has not been called.
                is_made_again = self._core.reconnects and isinstance(error, ClosedByPeer)
                if pending is not None:
                    pending._withdraw(is_made_again=is_made_again)
                if not is_made_again:
                    raise
            else:
                connection.wait_room(deadline, f"calling {method!r}")

    def _open_subscription(self, method: str, topic: str, deadline: Deadline) -> PendingCall:
        return self._open_call(method, (topic,), {}, deadline, ANYTHING, is_endless=True)

    def _send_notification(self, method: str, arguments: Arguments, named: NamedArguments, deadline: Deadline) -> None:
        """Send a call that is not answered."""
        connection = self._connected(deadline)
        with self._traced(method) as carrier:
            self._core.note_begin()
            while True:
                connection.wait_served(deadline, f"notifying {method!r}")
                connection.has_notified = True
                with connection.socket.lock:
                    frame = connection.caller.notify(method, arguments, named, carrier)
                try:
                    connection.send_or_withdraw(frame, deadline, f"notifying {method!r}")
                except ClosedByPeer:
                    if not self._core.reconnects:
                        raise
                    connection = self._connected(deadline)
                else:
                    return

    # --- connecting ---------------------------------------------------------------------------------------------------

    def _connected(self, deadline: Deadline) -> ClientConnection:
        """Return the connection, made anew if there is none, or it was lost and should be made again."""
        if (connection := self._usable_connection()) is not None:
            return connection
        remaining = deadline.remaining()
        seconds = -1 if remaining is None else min(remaining, threading.TIMEOUT_MAX)
        connect, fail = partial(self._connect_once, deadline), partial(self._raise_late, deadline)
        return while_held(self._connecting, seconds, connect, fail)

    def _connect_once(self, deadline: Deadline) -> ClientConnection:
        return self._usable_connection() or self._connect(deadline)

    def _raise_late(self, deadline: Deadline) -> ClientConnection:
        raise self._core.connecting_error(deadline)

    def _connect(self, deadline: Deadline) -> ClientConnection:
        connecting = self._core.connecting_deadline(deadline)
        with self._connector(self._kind, connecting) as connector:
            while (connection := self._attempt(connector, connecting)) is None:
                self._check_not_closed()
                time.sleep(connector.next_pause())
        if self._is_closed:
            connection.cut_off()
        return connection

    def _peer(self) -> PeerCredentials | None:
        """Who is at the other end, as the kernel recorded it; for a client that serves."""
        if self._core.service is None:
            return None
        from localsocket.blocking.serving_connection import ServingConnection

        connection = self._connection
        return connection.session.peer if isinstance(connection, ServingConnection) else None

    def _begin_connection(self, socket: Any) -> ClientConnection:
        if (service := self._core.service) is None:
            return ClientConnection(self._core, socket)
        # What serves is half of what a client would load, and few clients do.
        from localsocket.blocking.serving_connection import ServingConnection

        return ServingConnection(self._core, socket, service, partial(_calls_on, weakref.ref(self)))

    @property
    def _kind(self) -> type[SharedSocket | LocalSocket]:
        """What is connected: a socket whose callers receive, or one that is handed over to a loop which serves."""
        return SharedSocket if self._core.service is None else LocalSocket

    def _attempt(self, connector: Connector[Any], deadline: Deadline) -> ClientConnection | None:
        before, socket = self._connection, None
        made: ClientConnection | None = None
        try:
            if (socket := connector.attempt()) is None:
                return None
            made = connection = self._begin_connection(socket)
            with self._greeting_through(connection, connector):
                connection.greet(deadline)
                if before is not None:
                    connection.repeat(before, deadline)
                self._connection = connection
                return connection
            return None
        except BaseException:
            self._connection = before
            if made is not None:
                made.abort()
            elif socket is not None:
                socket.abort()
            raise


def _calls_on(client: weakref.ref[Client], _loop: ServiceLoop, _served: Served, call: ServedCall) -> Calls:
    """Return the ways to call the other end of a client that serves it."""
    if (found := client()) is None:
        raise ClosedByUs("the client")
    return Calls(call.remaining(), found)
