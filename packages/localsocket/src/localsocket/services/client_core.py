"""What every client is told when it is made, whatever face it has, and what it makes of that."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, cast, get_args

import msgspec

from localsocket.deadlines import Deadline
from localsocket.endpoint.address import parse_address
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers, check_allowed_users
from localsocket.errors import (
    BadResult,
    ClosedByPeer,
    ConnectingTimedOut,
    DeadlinePassed,
    LocalSocketError,
    Unsupported,
)
from localsocket.interfaces import Laden
from localsocket.keywords import similar_names
from localsocket.services.carriers import carrier_of, check_far_away
from localsocket.services.failures import error_of
from localsocket.services.limits import DEFAULT_CALL_LIMITS, CallLimits
from localsocket.services.looking_out import LooksOut, Wait, check_wait, may_look_for
from localsocket.services.method import check_declared
from localsocket.services.schema import Result
from localsocket.services.sharing_memory import memories_with, memories_within
from localsocket.services.tally import ClientTally
from localsocket.services.tracing import Tracing
from localsocket.showing import did_you_mean
from localsocket.sockets.connection import Connection
from localsocket.sockets.connector import CONNECT_TIMEOUT, Connected, Connector
from localsocket.sockets.given_socket import GivenSocket, Reached
from localsocket.values.codec import Codec
from localsocket.values.known_types import KnownTypes
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.frames import Body
from localsocket.wire.greeting import PAYLOAD, Greeting
from localsocket.wire.shared_bodies import APART, SHARED_MEMORY

if TYPE_CHECKING:
    from localsocket.endpoint.daemon import Daemon, Startable
    from localsocket.services.service import Service
    from localsocket.services.stats import ClientStats

ClientProtocol: TypeAlias = Literal["localsocket", "varlink"]
"""What a client speaks: our own protocol, or varlink, also with services that are not of this package."""

MOST_ATTEMPTS = 4
"""How often a call is made that may be repeated, the first time included. One that ends its server each time would
otherwise end whatever is started in its place, for ever."""

_PROTOCOLS: tuple[ClientProtocol, ...] = get_args(ClientProtocol)


class ClientOptions(TypedDict, total=False):
    """The keyword arguments of Client()."""

    timeout: float | None
    wait_for_server: bool
    allow_server: AllowedUsers
    errors: Iterable[type[Exception]]
    reconnect: bool
    call_timeout: float | None
    limits: CallLimits
    tracing: Tracing | None
    protocol: ClientProtocol
    start: Startable | None
    types: Iterable[Codec[Any]]
    serves: Service | None
    shared_memory: bool
    wait: Wait


class ClientCore:
    """What is the same for the clients of all faces. Nothing here waits."""

    def __init__(
        self,
        address: Reached,
        *,
        timeout: float | None = CONNECT_TIMEOUT,
        wait_for_server: bool = False,
        allow_server: AllowedUsers = SAME_USER,
        errors: Iterable[type[Exception]] = (),
        reconnect: bool = False,
        call_timeout: float | None = None,
        limits: CallLimits = DEFAULT_CALL_LIMITS,
        tracing: Tracing | None = None,
        protocol: ClientProtocol = "localsocket",
        start: Startable | None = None,
        types: Iterable[Codec[Any]] = (),
        serves: Service | None = None,
        shared_memory: bool = True,
        wait: Wait = "look",
    ) -> None:
        self._caller = _caller_by(check_client_protocol(protocol))
        self.takes_positions = self._caller.takes_positions
        self.read: Callable[[Result, Body], Any] = Result.read_json if self._caller.is_json else Result.read
        self.given = GivenSocket.of(address)
        self._far_away = carrier_of(address)
        if self._far_away is not None:
            self.address = self._far_away.shown
            told = {
                "start": start is not None,
                "allow_server": allow_server != SAME_USER,
                "protocol": protocol != "localsocket",
                "serves": serves is not None,
            }
            check_far_away(self.address, [option for option, is_told in told.items() if is_told])
        else:
            self.address = self.given.address if self.given else parse_address(cast(str, address)).address
        self.service = _check_served(serves, protocol)
        self.speaks_first = True
        if self.given is not None and (reconnect or start is not None):
            raise ValueError(f"reconnect= and start= are for an address, and {address!r} is one connection")
        self.connect_timeout = Deadline(timeout).timeout
        self.call_timeout = Deadline(call_timeout).timeout
        self.reconnects = reconnect
        self.limits = limits
        self.tracing = tracing
        self.tally = ClientTally()
        self._wait_for_server = wait_for_server
        self._start = None if start is None else _daemon(start)
        self._allow_server = check_allowed_users(allow_server, "allow_server")
        self._connector: Connector[Any] | None = None  # the last one
        self._errors = {kind.__name__: kind for kind in check_declared(errors)}
        self.known = KnownTypes(types, self._errors.values())
        is_near = self._far_away is None and protocol == "localsocket"
        self.carries_descriptors = sys.platform == "linux" and is_near and limits.descriptors > 0
        self.memories = memories_within(limits, is_wanted=shared_memory and is_near)
        self._looks = check_wait(wait) == "look" and is_near

    def connecting_deadline(self, deadline: Deadline) -> Deadline:
        """Return the earlier of `deadline`, which a call has, and what is left to connect."""
        remaining = deadline.remaining()
        if self.connect_timeout is None or (remaining is not None and remaining <= self.connect_timeout):
            return deadline
        return Deadline(self.connect_timeout)

    def connector(self, kind: type[Connected], deadline: Deadline, *, is_again: bool) -> Connector[Connected]:
        """Return what connects a socket of `kind`; again after a loss it waits for the server to be back."""
        limits, waits = self.limits.of_socket(), self._wait_for_server or is_again
        connector: Connector[Connected]
        if self._far_away is not None:
            connector = self._far_away.connector(kind, deadline, waits=waits, reconnects=self.reconnects, limits=limits)
        else:
            connector = Connector(
                kind,
                self.address if self.given is None else self.given.take(self._allow_server),
                timeout=deadline,
                wait_for_server=waits,
                allow_server=self._allow_server,
                limits=limits,
                start=self._start,
            )
        self._connector = connector
        return connector

    def connecting_error(self, deadline: Deadline) -> DeadlinePassed:
        """Return the error for a call that waited for others to connect, until its own deadline."""
        if self._connector is None or self._connector.reason is None:
            return deadline.error(f"connecting to {self.address!r}")
        return ConnectingTimedOut(self.address, deadline.timeout, self._connector.reason)

    def new_caller(self) -> Caller:
        """Return one end of a conversation, for one connection."""
        mine = Greeting(role="client", max_message=self.limits.message, stream_window=self.limits.stream)
        return self._caller(self._with_memory(self._with_descriptors(mine)), self.known)

    def share_memory(self, caller: Caller, socket: Connection) -> None:
        """Have large bodies of a connection go by memory, if its two ends may share any."""
        if self.memories is not None:
            caller.memories = memories_with(self.memories, socket.peer)
            caller.repeats = self.reconnects

    def tell_place(self, caller: Caller, socket: LooksOut) -> None:
        """Tell the peer where this side waits, and look for what the peer says of itself, if both may."""
        if self._looks and may_look_for(socket.peer) and (place := socket.waiting_place()) is not None:
            caller.mine = msgspec.structs.replace(caller.mine, waits=place)
            caller.on_place = socket.look_out_for

    def greeting(self, service: Service) -> Greeting:
        """Return what is said first on a connection where both ends serve."""
        if not self.speaks_first:
            return self._with_memory(service._greeting)
        return self._with_memory(self._with_descriptors(service._greeting_as_client(self.limits)))

    def _with_memory(self, mine: Greeting) -> Greeting:
        """Return what is said where this side shares memory, or does not, whatever the service that it serves does."""
        capabilities = [each for each in mine.capabilities if each not in (SHARED_MEMORY, APART)]
        if self.memories is not None:
            capabilities += [SHARED_MEMORY, APART]
        return msgspec.structs.replace(mine, capabilities=capabilities)

    def _with_descriptors(self, mine: Greeting) -> Greeting:
        """Return what is said where results may have descriptors, whatever the annotations of this side say."""
        capabilities = [each for each in mine.capabilities if each != PAYLOAD]
        if not self.carries_descriptors:
            return msgspec.structs.replace(mine, capabilities=capabilities, max_descriptors=msgspec.UNSET)
        return msgspec.structs.replace(
            mine, capabilities=[*capabilities, PAYLOAD], max_descriptors=self.limits.descriptors
        )

    def result_of(self, call: OpenCall, result: Result) -> Any:
        """Return what the answered call gave, or raise what it raised; None for a stream."""
        if call.body is not None:
            return self.read_of(call, result, call.body)
        if call.failure is not None:
            raise error_of(call.failure, call.method, self._errors)
        if call.error is not None:
            raise call.error
        return None

    def read_of(self, call: OpenCall, result: Result, body: Body) -> Any:
        """Return what a call gave, or an item of it. Raises BadResult, which names the method even if that is all
        that is known of it.
        """
        try:
            return self.read(result, body)
        except BadResult as error:
            raise error if error.method else BadResult(call.method, error.path, error.reason) from None

    def may_repeat(self, caller: Caller, call: OpenCall) -> bool:
        """Whether a call whose connection broke is made again on the next one."""
        return (
            self.reconnects
            and call.attempts < MOST_ATTEMPTS
            and caller.peer is not None
            and call.method in caller.peer.idempotent
            and not call.is_answered
            and type(call.frame) is not Laden  # whose descriptors have gone with it
        )

    def note_begin(self) -> int:
        self.tally.calls += 1
        return time.monotonic_ns()

    def note_end(self, began: int, *, is_error: bool) -> None:
        if is_error:
            self.tally.errors += 1
        self.tally.latencies.add(time.monotonic_ns() - began)

    def stats(self, active_calls: int) -> ClientStats:
        from localsocket.services.stats import ClientStats  # which few programs ask for

        tally, latencies = self.tally, self.tally.latencies
        return ClientStats(
            connections=tally.connections,
            calls=tally.calls,
            active_calls=active_calls,
            errors=tally.errors,
            bytes_received=tally.bytes_received,
            bytes_sent=tally.bytes_sent,
            bytes_received_by_memory=0 if self.memories is None else self.memories.bytes_received,
            bytes_sent_by_memory=0 if self.memories is None else self.memories.bytes_sent,
            latency_p50=latencies.percentile(50),
            latency_p90=latencies.percentile(90),
            latency_p99=latencies.percentile(99),
        )


def _daemon(start: Startable) -> Daemon | None:
    from localsocket.endpoint.daemon import check_daemon  # which few have anything to do with

    return check_daemon(start)


def _check_served(service: Service | None, protocol: ClientProtocol) -> Service | None:
    if service is None:
        return None
    from localsocket.services.service import Service  # which most clients need not load

    if not isinstance(service, Service):
        raise TypeError(f"serves= takes a Service, not {type(service).__name__}")
    if protocol != "localsocket":
        raise Unsupported(f"serves= needs protocol='localsocket': with {protocol!r}, only one end calls")
    return service


def check_client_protocol(protocol: ClientProtocol) -> ClientProtocol:
    if protocol not in _PROTOCOLS:
        hint = did_you_mean(similar_names(str(protocol), _PROTOCOLS))
        raise ValueError(f"protocol must be one of {', '.join(_PROTOCOLS)}, not {protocol!r}{hint}")
    return protocol


def _caller_by(protocol: ClientProtocol) -> type[Caller]:
    if protocol == "localsocket":
        return Caller
    from localsocket.wire.varlink_caller import VarlinkCaller  # for those who speak it alone

    return VarlinkCaller


def lost_in_call(call: OpenCall, reason: LocalSocketError) -> Exception:
    """Return the error for a call that will never be answered, because of `reason`."""
    if isinstance(reason, ClosedByPeer):
        error: Exception = ClosedByPeer(f"calling {call.method!r}", attempts=call.attempts)
        error.__cause__ = reason
        return error
    return reason
