"""Every error of the package, classified by who is at fault.

Each class derives from the standard exception that people already catch for that fault, has its details as attributes,
and its message says what to do next.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Sequence
from typing import Protocol

from localsocket.showing import did_you_mean, one_line, shown

STALE_SOCKET = "a socket file whose server is gone"


class _PeerIdentity(Protocol):
    """Who the other end is, as the kernel recorded it."""

    @property
    def pid(self) -> int: ...
    @property
    def uid(self) -> int: ...
    @property
    def gid(self) -> int: ...


class LocalSocketError(Exception):
    """Base class of all errors of this package."""

    def __str__(self) -> str:
        # OSError would put "[Errno N]" before the sentence; the number stays in the attribute `errno`. A peer may have
        # had a hand in it: what it wrote must neither begin a line of a log, nor steer a terminal, nor have no end.
        return one_line(str(self.args[-1])) if self.args else type(self).__name__


# --- who ended it -------------------------------------------------------------------------------------------------


class ClosedByUs(LocalSocketError, ConnectionAbortedError):
    """This side closed the socket, server or loop; `what` names it.

    In a child forked while it was open, it belongs to the process `parent`, which goes on using it.
    """

    def __init__(self, what: str, *, parent: int | None = None) -> None:
        sentence = f"{what} was closed by this program"
        if parent is not None:
            sentence = (
                f"{what} belongs to process {parent}, from which this one was forked: create another one here, or, "
                "to become a daemon, fork first"
            )
        super().__init__(errno.ECONNABORTED, sentence)
        self.what = what
        self.parent = parent


class ClosedByPeer(LocalSocketError, ConnectionResetError):
    """The other end is gone; data that arrived before stays readable. `unsent` bytes could not be delivered.

    `attempts`: how many times a repeatable call was made; the connection was lost each time.
    """

    def __init__(self, doing: str, *, unsent: int = 0, attempts: int = 1) -> None:
        lost = f"; {unsent} bytes were not sent" if unsent else ""
        if attempts > 1:
            lost += (
                f"; the call was made {attempts} times, and each time the connection was lost before the answer came"
            )
        super().__init__(errno.ECONNRESET, f"the peer closed the connection while {doing}{lost}")
        self.doing = doing
        self.unsent = unsent
        self.attempts = attempts


class BrokenEndpoint(LocalSocketError, OSError):
    """The operating system refused something that should have worked; `__cause__` is its error."""

    def __init__(self, doing: str, cause: OSError) -> None:
        number = cause.errno or 0
        super().__init__(number, f"{doing} failed: {cause.strerror or cause}")
        self.doing = doing
        self.__cause__ = cause


class EndOfStream(LocalSocketError, EOFError):
    """The peer finished sending before the requested data was complete; the `available` bytes stay readable."""

    def __init__(self, wanted: str, available: int) -> None:
        rest = f"; {available} bytes can still be read" if available else ""
        super().__init__(f"the peer finished sending before {wanted} arrived{rest}")
        self.wanted = wanted
        self.available = available


class PeerBrokeProtocol(LocalSocketError, ConnectionError):
    """The peer sent something that the protocol does not allow."""


class LineTooLong(PeerBrokeProtocol):
    """No line ending within `limit` bytes; the bytes stay readable."""

    def __init__(self, limit: int) -> None:
        super().__init__(errno.EMSGSIZE, f"the peer sent more than {limit} bytes without a line ending")
        self.limit = limit


class MessageTooLong(PeerBrokeProtocol):
    """The peer announced a message of `length` bytes; this side accepts at most `limit`."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(
            errno.EMSGSIZE,
            f"the peer sent a message of {length} bytes, but the limit here is {limit}; to accept it, raise "
            "max_message (for calls, CallLimits.message) on this side",
        )
        self.length = length
        self.limit = limit


# --- not now ------------------------------------------------------------------------------------------------------


class DeadlinePassed(LocalSocketError, TimeoutError):
    """The time limit of `doing` has passed. `queued` bytes of a write are kept; the next write or flush sends them."""

    def __init__(self, doing: str, timeout: float | None, *, queued: int = 0) -> None:
        kept = f"; {queued} bytes stay queued" if queued else ""
        super().__init__(errno.ETIMEDOUT, f"{doing} took longer than {_in_seconds(timeout)}{kept}")
        self.doing = doing
        self.timeout = timeout
        self.queued = queued


class ConnectingTimedOut(DeadlinePassed):
    """No server was reached at `address` in time; `reason`, also the cause, is why the last attempt failed."""

    def __init__(self, address: str, timeout: float | None, reason: LocalSocketError) -> None:
        super().__init__(f"connecting to {address!r}", timeout)
        self.args = (self.errno, f"{_not_reached(address, reason)} (tried for {_in_seconds(timeout)})")
        self.address = address
        self.reason = reason
        self.__cause__ = reason


class Busy(LocalSocketError, BlockingIOError):
    """This cannot be done now without waiting; nothing was done."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EAGAIN, reason)
        self.reason = reason


class WriteBufferFull(Busy):
    """The peer reads too slowly: `queued` bytes are already waiting, and at most `limit` may."""

    def __init__(self, queued: int, limit: int) -> None:
        super().__init__(
            f"{queued} bytes are waiting for the peer to read them, and the limit is {limit}; "
            "write less, wait until they are sent, or raise Limits.write_buffer"
        )
        self.queued = queued
        self.limit = limit


class NeedMoreBytes(Busy):
    """Not all of the requested bytes have arrived; a transaction puts back those already read."""

    def __init__(self, wanted: str, available: int) -> None:
        super().__init__(f"still waiting for {wanted}: {available} bytes have arrived")
        self.wanted = wanted
        self.available = available


class TooManyCalls(Busy):
    """The service already runs `limit` calls on this connection, and no more at once."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} calls are under way on this connection, and the service allows no more; wait for one to end"
        )
        self.limit = limit


class TooManyDescriptors(LocalSocketError, OSError):
    """The other side accepts at most `limit` descriptors with one call or result, or in total on one connection."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            errno.EMFILE, f"the other side accepts at most {limit} descriptors; send fewer, or wait for a call to end"
        )
        self.limit = limit


class CallsTooDeep(LocalSocketError, RecursionError):
    """Both sides call each other, each from within the other's call, more than `limit` levels deep."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"calls between the two sides are nested {limit} deep, and no more are allowed; end the recursion"
        )
        self.limit = limit


# --- the caller's mistakes ----------------------------------------------------------------------------------------


class InvalidAddress(LocalSocketError, ValueError):
    """The address is not valid; `reason` says why."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{shown(address)} is not an address: {reason}")
        self.address = address
        self.reason = reason


class AddressTooLong(InvalidAddress):
    """The address needs `length` bytes, and this system allows at most `limit`."""

    def __init__(self, address: str, length: int, limit: int, part: str) -> None:
        super().__init__(address, f"{part} has {length} bytes and the limit is {limit}; choose a shorter one")
        self.length = length
        self.limit = limit


class LimitExceeded(LocalSocketError, ValueError):
    """More bytes were requested at once than the read buffer can ever hold."""

    def __init__(self, wanted: int, limit: int) -> None:
        super().__init__(
            f"cannot read {wanted} bytes at once: the read buffer holds at most {limit}; "
            "read in pieces or raise Limits.read_buffer"
        )
        self.wanted = wanted
        self.limit = limit


class UnknownOption(LocalSocketError, TypeError):
    """`called` has no keyword argument `option`; `similar` lists those that may have been meant."""

    def __init__(self, called: str, option: str, similar: Sequence[str] = ()) -> None:
        super().__init__(f"{called}() got an unexpected keyword argument {option!r}{did_you_mean(similar)}")
        self.called = called
        self.option = option
        self.similar = tuple(similar)


class WrongMode(LocalSocketError, io.UnsupportedOperation):
    """The socket was opened for the other direction only."""

    def __init__(self, doing: str, mode: str) -> None:
        super().__init__(errno.EBADF, f"{doing} is not possible: the socket was opened with mode={mode!r}")
        self.mode = mode


class UnsuitableHandler(LocalSocketError, TypeError):
    """The handler lacks something that its server or loop will call."""


class UnsuitableMethod(UnsuitableHandler):
    """The function cannot be a method of a service; `reason` says why."""

    def __init__(self, method: str, reason: str) -> None:
        super().__init__(f"{method} cannot be a method of a service: {reason}")
        self.method = method
        self.reason = reason


class UnsuitableType(UnsuitableMethod):
    """The type at `path` cannot be sent; `place` is what it was registered for, `line` the user's line.

    `path` is the class and the field, such as `Job.folder`, or else the parameter, the result or the message. `way_out`
    says what to do.
    """

    def __init__(self, path: str, reason: str, place: str, line: str, way_out: str) -> None:
        UnsuitableHandler.__init__(self, f"`{path}`: {reason}, in {place} ({line}); {way_out}")
        self.path = path
        self.reason = reason
        self.place = place
        self.line = line
        self.way_out = way_out
        self.method = place


class UnsuitableMessage(LocalSocketError, TypeError):
    """The chosen serializer cannot encode the value; nothing was sent."""

    def __init__(self, serializer: str, reason: str) -> None:
        super().__init__(f"this cannot be sent as {serializer}: {reason}")
        self.serializer = serializer
        self.reason = reason


class TooLongToSend(LocalSocketError, ValueError):
    """The message has `length` bytes, and the other side accepts at most `limit`; nothing was sent.

    `raise_what` says which limit to raise, if it is not one that the other side sets.
    """

    def __init__(self, length: int, limit: int, *, raise_what: str = "") -> None:
        what = raise_what or "max_message (for calls, CallLimits.message) on the other side"
        super().__init__(
            f"the message has {length} bytes, but the peer accepts at most {limit}; send it in parts "
            "or as a stream, or raise "
            f"{what}"
        )
        self.length = length
        self.limit = limit
        self.raise_what = raise_what


class UnsuitableDescriptor(LocalSocketError, OSError):
    """The descriptor `fd` is not of the required kind; it was not closed and still belongs to the caller."""

    def __init__(self, fd: int, reason: str) -> None:
        super().__init__(errno.EINVAL, f"descriptor {fd} cannot be used: {reason}")
        self.fd = fd
        self.reason = reason


class Unsupported(LocalSocketError, NotImplementedError):
    """This system does not have the feature; the message names the alternative."""


class NoDescriptors(Unsupported):
    """The call of `method` would have to send descriptors, which is not possible here; `reason` says why."""

    def __init__(self, method: str, reason: str) -> None:
        super().__init__(
            f"{method!r} cannot take or return a descriptor here: {reason}; descriptors need localsocket at both ends, "
            "on one machine, and a method that is annotated with Fd"
        )
        self.method = method
        self.reason = reason


# --- calls --------------------------------------------------------------------------------------------------------


class CallFailed(LocalSocketError, RuntimeError):
    """The method raised an exception that its service has not declared.

    The service's log has it under `reference`. `details` is the traceback, if the service sends it.
    """

    def __init__(self, method: str, message: str, *, reference: str = "", details: str = "") -> None:
        where = f"; see {reference} in the service's log" if reference else ""
        super().__init__(f"calling {method!r} failed: {message}{where}")
        self.method = method
        self.message = message
        self.reference = reference
        self.details = details


class ResultTooLong(CallFailed):
    """The method ran and its work is done, but its result has `length` bytes; this client accepts at most `limit`."""

    def __init__(self, method: str, length: int, limit: int) -> None:
        super().__init__(method, f"its result has {length} bytes, but this client accepts at most {limit}")
        self.args = (
            f"the result of {method!r} has {length} bytes, but this client accepts at most {limit}; raise "
            "limits=CallLimits(message=...) of the client, or have the method yield the result in parts",
        )
        self.length = length
        self.limit = limit


class RemoteError(LocalSocketError, RuntimeError):
    """The method raised the declared error `name`, whose class this client does not have.

    `arguments` and `attributes` are those of the exception. Pass its class in `errors` to have it raised as itself.
    """

    def __init__(self, method: str, name: str, arguments: Sequence[object], attributes: dict[str, object]) -> None:
        said = ", ".join(map(repr, arguments))
        super().__init__(f"calling {method!r} raised {name}({said}); pass errors=[{name}] to catch it as {name}")
        self.method = method
        self.name = name
        self.arguments = tuple(arguments)
        self.attributes = attributes


class NoSuchMethod(LocalSocketError, AttributeError):
    """The service has no such method; `similar` lists those that may have been meant."""

    def __init__(self, method: str, service: str, similar: Sequence[str] = ()) -> None:
        super().__init__(f"the service {service!r} has no method {method!r}{did_you_mean(similar)}")
        self.method = method
        self.service = service
        self.similar = tuple(similar)


class NoSuchTopic(LocalSocketError, LookupError):
    """The service has no such topic; `topics` lists those it has."""

    def __init__(self, topic: str, service: str, topics: Sequence[str] = ()) -> None:
        hint = f"; it has {', '.join(map(repr, topics))}" if topics else ""
        super().__init__(f"the service {service!r} has no topic {topic!r}{hint}")
        self.topic = topic
        self.service = service
        self.topics = tuple(topics)


class BadArguments(LocalSocketError, TypeError):
    """The arguments do not fit the method; `path` leads to the wrong one, if it is a single one."""

    def __init__(self, method: str, path: str, reason: str) -> None:
        super().__init__(f"{method!r} was called with wrong arguments: {f'{path}: ' if path else ''}{reason}")
        self.method = method
        self.path = path
        self.reason = reason


class BadResult(LocalSocketError, TypeError):
    """The result is not of the declared type; `path` leads to the part that is wrong."""

    def __init__(self, method: str, path: str, reason: str) -> None:
        super().__init__(f"{method!r} gave an unexpected result: {path}: {reason}")
        self.method = method
        self.path = path
        self.reason = reason


class NotAllowed(LocalSocketError, PermissionError):
    """The service does not allow this user to call the method."""

    def __init__(self, method: str) -> None:
        super().__init__(errno.EACCES, f"this user may not call {method!r}")
        self.method = method


class CallCancelled(LocalSocketError):
    """The call was cancelled before it had a result."""

    def __init__(self, method: str) -> None:
        super().__init__(f"the call of {method!r} was cancelled")
        self.method = method


class SubscriberTooSlow(LocalSocketError, ConnectionError):
    """Too many messages of `topic` were waiting for this subscriber, and the topic's policy ends such subscriptions."""

    def __init__(self, topic: str, queue: int) -> None:
        super().__init__(
            errno.ENOBUFS, f"the subscription to {topic!r} was ended: {queue} messages were waiting to be read"
        )
        self.topic = topic
        self.queue = queue


# --- names and doors ----------------------------------------------------------------------------------------------


class InsecureDirectory(LocalSocketError, PermissionError):
    """The directory `path` is not safe for private sockets; `reason` says why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(errno.EPERM, f"directory {path!r} is refused: {reason}")
        self.path = path
        self.reason = reason


class UnsuitableAllow(LocalSocketError, ValueError):
    """The address does not suit the users whom `allow` lets in; usually the file or directory `path` keeps them out.

    `reason` says whom, and which of the two to change; nothing was opened.
    """

    def __init__(self, address: str, path: str, reason: str) -> None:
        super().__init__(f"cannot listen at {address!r}: {reason}")
        self.address = address
        self.path = path
        self.reason = reason


class NameTaken(LocalSocketError, OSError):
    """A live server owns the address; `owner_pid` is its process, if known."""

    def __init__(self, address: str, owner_pid: int | None = None) -> None:
        owner = f"process {owner_pid}" if owner_pid else "another server"
        super().__init__(errno.EADDRINUSE, f"{address!r} is owned by {owner}; stop it or choose another address")
        self.address = address
        self.owner_pid = owner_pid


class PathOccupied(LocalSocketError, FileExistsError):
    """There is something at `path` that is not a stale socket of this user; it was not touched."""

    def __init__(self, path: str, kind: str) -> None:
        super().__init__(errno.EEXIST, f"{path!r} is {kind}; remove it yourself or choose another address")
        self.path = path
        self.kind = kind


class ServerNotFound(LocalSocketError, FileNotFoundError):
    """There is nothing at the address."""

    def __init__(self, address: str) -> None:
        super().__init__(
            errno.ENOENT, f"no server at {address!r}; start it, or pass wait_for_server=True to wait for it"
        )
        self.address = address


class ServerRefused(LocalSocketError, ConnectionRefusedError):
    """There is something at the address, but no server is listening; `kind` says what it is."""

    def __init__(self, address: str, kind: str = STALE_SOCKET) -> None:
        super().__init__(
            errno.ECONNREFUSED,
            f"nobody listens at {address!r}, which is {kind}; restart the server, "
            "or pass wait_for_server=True to wait for it",
        )
        self.address = address
        self.kind = kind


class StartFailed(LocalSocketError, ChildProcessError):
    """The program that should serve `address` could not be started, or ended before it listened.

    `command` is the program with its arguments; `status` is its exit status, or the negative number of the signal that
    ended it. If it could not be started, `status` is None and `reason` is the system's. `output` has the last lines
    that it wrote.
    """

    def __init__(
        self,
        address: str,
        command: Sequence[object],
        status: int | None,
        *,
        reason: str = "",
        output: Sequence[str] = (),
    ) -> None:
        said = f"; its last lines: {' | '.join(output)}" if output else ""
        how = reason if status is None else _ended(status)
        program = " ".join(map(str, command))
        super().__init__(errno.ECHILD, f"the server of {address!r} did not start: {program!r}: {how}{said}")
        self.address = address
        self.command = tuple(command)
        self.status = status
        self.reason = how
        self.output = list(output)


class WorkersFailed(LocalSocketError, ChildProcessError):
    """None of a service's workers is serving: `reason` says why the last one failed.

    `status` is that worker's exit status, or the negative number of the signal that ended it.
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(errno.ECHILD, reason)
        self.reason = reason
        self.status = status


class ServerBusy(Busy):
    """The server's accept queue is full."""

    def __init__(self, address: str) -> None:
        super().__init__(f"the accept queue of {address!r} is full; try again on a fresh socket")
        self.address = address


class AccessDenied(LocalSocketError, PermissionError):
    """The permissions of `path`, the file or a directory on the way, keep this user out."""

    def __init__(self, address: str, path: str = "", reason: str = "") -> None:
        why = f": {path!r} {reason}" if reason else ""
        super().__init__(errno.EACCES, f"this user (uid {os.geteuid()}) may not connect to {address!r}{why}")
        self.address = address
        self.path = path
        self.reason = reason


class PeerRefused(LocalSocketError, PermissionError):
    """The policy does not admit the user at the other end."""

    def __init__(self, peer: _PeerIdentity | None, allowed: Sequence[int] | str) -> None:
        who = "an unknown process" if peer is None else f"process {peer.pid} of uid {peer.uid}"
        super().__init__(errno.EACCES, f"the other end is {who}, but only {_users(allowed)} is allowed")
        self.peer = peer
        self.allowed = allowed


class PeerUnknown(PeerRefused):
    """The system could not say who is at the other end, which never counts as permission; `reason` says why."""

    def __init__(self, peer: _PeerIdentity | None, allowed: Sequence[int] | str, reason: str = "") -> None:
        super().__init__(peer, allowed)
        self.reason = reason
        if reason:
            self.args = (self.errno, f"the other end is an unknown process: {reason}; unknown processes are refused")


class PeerGone(LocalSocketError, ProcessLookupError):
    """The process at the other end, which had the number `pid`, has ended."""

    def __init__(self, pid: int) -> None:
        super().__init__(errno.ESRCH, f"the process at the other end, {pid} when it connected, has ended")
        self.pid = pid


class TooManyConnections(LocalSocketError, PermissionError):
    """The peer's user already has as many connections to this server as one user may have."""

    def __init__(self, peer: _PeerIdentity, limit: int) -> None:
        super().__init__(
            errno.EUSERS, f"uid {peer.uid} already has {limit} connections, the most that one user may have"
        )
        self.peer = peer
        self.limit = limit


def _ended(status: int) -> str:
    if status < 0:
        return f"it was killed by signal {-status} before it listened"
    return f"it ended with exit status {status} before it listened"


def _users(allowed: Sequence[int] | str) -> str:
    if isinstance(allowed, str):
        return allowed
    return "uid " + " or ".join(str(uid) for uid in allowed) if allowed else "nobody"


def _in_seconds(timeout: float | None) -> str:
    """Return `1.5 s`, with three digits: what is left of a time-out is an odd number."""
    if isinstance(timeout, float) and timeout < 100:
        return f"{float(f'{timeout:.3g}')} s"
    return f"{timeout:.0f} s" if isinstance(timeout, float) else f"{timeout} s"


def _not_reached(address: str, reason: LocalSocketError) -> str:
    match reason:
        case ServerNotFound():
            return f"no server listens at {address!r}"
        case ServerRefused():
            is_stale = reason.kind == STALE_SOCKET
            return f"no server listens at {address!r}" + ("" if is_stale else f", which is {reason.kind}")
        case ServerBusy():
            return f"the accept queue of {address!r} is full"
        case ClosedByPeer():
            return f"the server at {address!r} closes every connection before it greets"
    return f"connecting to {address!r} failed: {reason}"
