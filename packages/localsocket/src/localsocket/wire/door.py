"""What a protocol has to offer that calls come by: bytes in, calls out; answers in, bytes out.

A door waits for nothing, knows no service and makes no decision about a call: whether it may be made, how many at once,
how long it lasts, and what is counted and logged, is the session's business, and the same for all doors.
"""

from __future__ import annotations

from typing import Protocol

from localsocket.values.gathering import Written
from localsocket.wire.answerer import AnsweredCall, Request
from localsocket.wire.call_bodies import Failure


class Door(Protocol):
    """One end of a connection that answers calls. Not thread-safe: whoever owns it holds a lock.

    `is_json` tells how arguments and results are written: as JSON, the arguments being an object; else as MessagePack.
    `is_limit_known`: the peer was told how many calls may be under way, so that one more is refused; else it waits.

    `output` is what is to be sent without any call having ended: a greeting, or an answer that the door gives itself.
    take_output() is asked for it after each feed(), also where that raised, before the lock is given back.

    `has_news` tells that take_turned() is to be asked after answers were made: a door whose answers have to keep the
    order of the calls holds back those that are ready early. They are sent along with the answer before them, and
    streams wait with `credit` 0 until it is their turn. `has_ended` tells, whenever there is news, that nothing more is
    taken: the connection is to end once everything is sent. Whatever is fed after that is ignored. `fault` tells what
    the peer did wrong where feed() has not raised that, since something before it was still to be answered.
    """

    is_json: bool
    is_limit_known: bool
    has_news: bool
    has_ended: bool
    fault: str
    longest: int
    """The longest result, or item, that may be given, in bytes."""
    output: bytes

    @property
    def is_greeted(self) -> bool:
        """Whether the peer has said something whole, and has begun nothing that it has to end in time.

        One of whom that is not so for long is disconnected. There is news when the time for that begins anew.
        """

    @property
    def open_calls(self) -> int:
        """How many calls are to be answered."""

    @property
    def bytes_held(self) -> int:
        """How many bytes of answers wait for those before them: there is news when some of them are sent.

        While they are too many no further call begins.
        """

    @property
    def has_more(self) -> bool:
        """Whether feed() may give more of what has arrived, also when it is fed nothing."""

    @property
    def unread(self) -> int:
        """How many bytes it may give more of."""

    @property
    def unfinished(self) -> int:
        """How many bytes are held of a message that has not arrived whole."""

    def feed(self, data: bytes) -> list[Request]:
        """Return what the peer wants, in order: as much as is read at once.

        Raises PeerBrokeProtocol: what came along with that counts as not having come, and the connection ends; at once,
        unless `has_ended`, where `output` tells the peer why.
        """

    def abandon(self) -> list[AnsweredCall]:
        """Forget all calls, and return them: nobody waits for their answers any more."""

    def take_output(self) -> bytes: ...

    def take_turned(self) -> list[AnsweredCall]:
        """Return the calls whose streams may begin to send, now that those before them are answered."""

    # What to send; nothing for a call that is over, or not yet. Both reply() and item() raise TooLongToSend; reply()
    # TooManyDescriptors too.

    def reply(self, answer: AnsweredCall, body: Written) -> bytes: ...

    def fail(self, answer: AnsweredCall, failure: Failure) -> bytes: ...

    def open_stream(self, answer: AnsweredCall) -> bytes: ...

    def item(self, answer: AnsweredCall, body: Written) -> bytes: ...

    def end_stream(self, answer: AnsweredCall) -> bytes: ...
