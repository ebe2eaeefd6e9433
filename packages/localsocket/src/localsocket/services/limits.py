"""How much one connection of a service, or of a client, may have under way."""

from __future__ import annotations

from dataclasses import dataclass

from localsocket.deadlines import check_count, check_seconds
from localsocket.interfaces import KIB, MIB, Limits
from localsocket.keywords import known_fields
from localsocket.payload.passing import SENT_AT_ONCE

_NO_LIMIT = 2**62
_LONGEST_UNFINISHED = 4


@known_fields
@dataclass(frozen=True, slots=True)
class CallLimits:
    """What one connection may have under way. Each side tells the other its limits; a peer that breaks them is cut off.

    `message`: the longest message that this side accepts, in bytes.
    `calls`: how many calls a service runs at once for one connection; a client waits before it makes another.
    `stream`: how many unread bytes of one stream its receiver may hold (plus one item).
    `unsent`: how many unsent bytes a service holds for a client before it stops reading that client's calls and running
    those it has read; and how many a client holds for a service before further calls wait.
    `greeting`: how many seconds a new client has for its greeting, after which it is disconnected.
    `unfinished`: how many bytes of messages that have not arrived whole all connections of a service may hold together,
    or four of the longest messages if that is more. Beyond that, the user who holds most loses the connection that has
    been silent longest.
    `descriptors`: how many file descriptors this side accepts with one message, at most 253, where a method's
    annotations ask for them.
    `shared_memory`: how many bytes of memory are shared with the peer, half of them for each direction. What does not
    fit goes by the socket, and with less than 128 KiB everything does.
    `shared_memory_in_all`: how many such bytes all connections of a service, or of a client, may share together.
    """

    message: int = 1 * MIB
    calls: int = 256
    stream: int = 256 * KIB
    unsent: int = 1 * MIB
    greeting: float = 10.0
    unfinished: int = 32 * MIB
    descriptors: int = 8
    shared_memory: int = 4 * MIB
    shared_memory_in_all: int = 64 * MIB

    def __post_init__(self) -> None:
        check_count(self.message, "CallLimits.message", minimum=1)
        check_count(self.calls, "CallLimits.calls", minimum=1)
        check_count(self.stream, "CallLimits.stream", minimum=1)
        check_count(self.unsent, "CallLimits.unsent", minimum=1)
        check_seconds(self.greeting, "CallLimits.greeting")
        check_count(self.unfinished, "CallLimits.unfinished", minimum=1)
        if check_count(self.descriptors, "CallLimits.descriptors") > SENT_AT_ONCE:
            raise ValueError(f"CallLimits.descriptors is {SENT_AT_ONCE} at most, not {self.descriptors}")
        check_count(self.shared_memory, "CallLimits.shared_memory", minimum=0)
        check_count(self.shared_memory_in_all, "CallLimits.shared_memory_in_all", minimum=0)

    @property
    def _unfinished_in_all(self) -> int:
        """How many bytes of unfinished messages all connections may hold, among them some of the longest."""
        return max(self.unfinished, _LONGEST_UNFINISHED * self.message)

    def of_socket(self) -> Limits:
        """Return the limits of the socket below: it holds whatever is sent, since `unsent` already limits that."""
        return Limits(write_buffer=_NO_LIMIT)


DEFAULT_CALL_LIMITS = CallLimits()

NO_DESCRIPTORS = CallLimits(descriptors=0)
"""For clients that could only show a descriptor, and not use it: methods that give one are refused."""
