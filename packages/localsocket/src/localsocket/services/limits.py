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
    """What one connection may have under way. Each side tells the other, which keeps to it or is disconnected.

    `message`: bytes of the longest message that this side takes.
    `calls`: calls that a service works on at once for one connection; a client waits before it makes another.
    `stream`: bytes of one stream that its receiver holds before it has read them (and one item more).
    `unsent`: bytes that a service holds for a client before it reads no more of its calls, and serves none of those
    that it has read; and that a client holds for a service before further calls wait.
    `greeting`: seconds that a new client has until it has greeted; who is mute is disconnected then.
    `unfinished`: bytes that all connections of a service together may hold of messages that have not arrived whole, and
    in any case four of the longest. Beyond that, of the user who holds most, the connection is disconnected that has
    been silent for the longest time.
    `descriptors`: of files that this side takes with one message, 253 at most; where a method is annotated so.
    `shared_memory`: bytes of memory that is shared with the peer, half of them for each direction; what has no room
    there goes by socket, and so does all of it with less than 128 KiB.
    `shared_memory_in_all`: bytes of it that all connections of a service, or of a client, together may have.
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
        """Return what the socket below may hold: whatever is sent, since no more is than is held back by `unsent`."""
        return Limits(write_buffer=_NO_LIMIT)


DEFAULT_CALL_LIMITS = CallLimits()

NO_DESCRIPTORS = CallLimits(descriptors=0)
"""For clients that could only show a descriptor, and not use it: methods that give one are refused."""
