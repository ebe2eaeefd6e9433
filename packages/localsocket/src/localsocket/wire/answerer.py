"""The answering half of a conversation: which calls are to be answered, and how far each has come."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, TypeAlias

import msgspec

from localsocket._core import AnsweredCall as AnsweredCall
from localsocket._core import short_ways
from localsocket.errors import PeerBrokeProtocol, TooLongToSend, TooManyDescriptors
from localsocket.interfaces import Laden, Outline, WaitingPlace
from localsocket.values.gathering import Gathered, Written
from localsocket.wire.call_bodies import CallApart, Failure, decode_call, decode_count, encode_failure
from localsocket.wire.frames import HEADER_SIZE, PIECE, Body, FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting, carry_descriptors, decode_greeting
from localsocket.wire.laden_frames import ArrivedDescriptors, LadenFrameDecoder
from localsocket.wire.shared_bodies import LARGE, LAST_BY_SOCKET, Memories, SharedBodies, agreed_bodies
from localsocket.wire.stream_terms import NO_TERMS, take_terms

_GREETING, _CALL, _NOTIFICATION, _CANCEL, _CREDIT, _REPLY, _ITEM = map(
    int, (Kind.GREETING, Kind.CALL, Kind.NOTIFICATION, Kind.CANCEL, Kind.CREDIT, Kind.REPLY, Kind.ITEM)
)


Request: TypeAlias = tuple[int, AnsweredCall]
"""What the peer wants (Kind.CALL, NOTIFICATION, CANCEL, CREDIT), and of which call."""


def _take_along(answer: AnsweredCall, body: Body) -> None:
    """Keep what has come beside the body: descriptors, or its large values."""
    if type(body) is Laden:
        answer.descriptors = body.descriptors
    elif type(body) is Outline:
        answer.body = CallApart.of(answer.body, body.pieces)


class CallingHalf(Protocol):
    """What makes calls on a connection that goes both ways, and is told what comes for it."""

    def has_greeted(self, peer: Greeting, bodies: SharedBodies | None) -> None:
        """The peer has said this first. Large bodies go by `bodies`, if there are any."""

    def take_answer(self, kind: int, number: int, body: Body) -> None:
        """Take in a frame that asks for nothing. Raises PeerBrokeProtocol where none is allowed."""


@short_ways("feed", "reply")
class Answerer:
    """Takes what arrives, and gives the frames to send: the door of our own protocol. See door.py.

    The greeting is the first output: whoever opens this has seen that the peer begins as ours do. `calling` is the
    half that makes calls, where both ends may.
    """

    _read_call = staticmethod(decode_call)  # where the compiled core finds these two
    _no_terms = NO_TERMS
    is_json = False
    is_limit_known = True
    has_news = False
    has_ended = False
    fault = ""
    bytes_held = 0

    def __init__(self, mine: Greeting) -> None:
        self.mine = mine
        self.output = mine.encode()
        self.peer: Greeting | None = None
        self.calling: CallingHalf | None = None
        self.memories: Memories | None = None  # what may be shared with this peer
        self.on_memory_use: Callable[[], object] | None = None
        self.bodies: SharedBodies | None = None  # once both sides have said that they may stand in memory
        self._window = 0  # bytes of each stream that the peer takes before it grants more
        self.longest = 0  # message that the peer takes, in bytes; it has greeted before anything is sent for a call
        self._decoder = FrameDecoder(mine.max_message, piece=PIECE)
        self._is_laden = False
        self.has_more = False  # whether feed() may give more of what has arrived, also when it is fed nothing
        self.unfinished = 0  # bytes that are held of a frame that has not arrived whole
        self.on_greeted: Callable[[], object] | None = None
        # Told where the peer waits, it says where this side does.
        self.on_place: Callable[[WaitingPlace], WaitingPlace | None] | None = None
        self._open: dict[int, AnsweredCall] = {}

    def tell_place(self, place: WaitingPlace | None) -> None:
        """Tell the peer where this side waits; before the greeting has been taken out of the output."""
        if place is not None:
            self.mine = msgspec.structs.replace(self.mine, waits=place)
            self.output = self.mine.encode()

    @property
    def is_greeted(self) -> bool:
        return self.peer is not None

    @property
    def open_calls(self) -> int:
        return len(self._open)

    @property
    def answers(self) -> Collection[AnsweredCall]:
        """The calls that are to be answered."""
        return self._open.values()

    @property
    def unread(self) -> int:
        """How many bytes feed() may give more of."""
        return len(self._decoder) if self.has_more else 0

    # --- descriptors --------------------------------------------------------------------------------------------------

    @property
    def carries_descriptors(self) -> bool:
        """Whether both sides have said that they do, and this connection can."""
        return self._is_laden and self.peer is not None and carry_descriptors(self.mine, self.peer)

    def carry(self, arrivals: ArrivedDescriptors, ahead: int = 0) -> None:
        """Take descriptors from `arrivals`, which began to count behind `ahead` bytes of what will be fed."""
        most = self.mine.most_descriptors
        self._decoder = LadenFrameDecoder(self.mine.max_message, arrivals, most, piece=PIECE, ahead=ahead)
        self._is_laden = True

    def carry_none(self) -> None:
        """The peer carries none: be as quick as if there were no such thing."""
        if isinstance(self._decoder, LadenFrameDecoder):
            self._decoder = self._decoder.plain()
        self._is_laden = False

    # --- what arrives -------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> list[Request]:
        """Return what the peer wants, in order: as much as is read at once.

        Raises PeerBrokeProtocol: what came along with that counts as not having come, and nothing may be fed any more.
        """
        requests: list[Request] = []
        try:
            for kind, number, body in self._decoder.feed(data):
                if kind > LAST_BY_SOCKET:
                    if (taken := self._take_from_memory(kind, body)) is None:
                        continue
                    kind, body = taken  # what stands for another frame is that one
                if kind == _CALL:
                    if not number or number in self._open:
                        raise PeerBrokeProtocol(
                            f"the peer made call {number}, a number that is not allowed or already in use"
                        )
                    read = decode_call(body)
                    terms = take_terms(read.carrier) if read.carrier else NO_TERMS
                    answer = AnsweredCall(number, read, self._window, len(body), terms)
                    if type(body) is not bytes:
                        _take_along(answer, body)
                    self._open[number] = answer
                    requests.append((kind, answer))
                elif kind == _NOTIFICATION:
                    requests.append((kind, self._notification(body)))
                elif kind == _CANCEL:
                    if (cancelled := self._open.pop(number, None)) is not None:
                        cancelled.is_over = True
                        requests.append((kind, cancelled))
                elif kind == _CREDIT:
                    if (credited := self._take_credit(number, body)) is not None:
                        requests.append((kind, credited))
                elif kind == _GREETING:  # the first frame, and no other: the decoder sees to that
                    self._has_greeted(decode_greeting(body, self.mine))
                else:
                    self._take_answer(kind, number, body)
        except PeerBrokeProtocol:
            self._undo(requests)
            raise
        finally:
            self.has_more, self.unfinished = self._decoder.has_more, self._decoder.unfinished
        return requests

    def check_end(self) -> None:
        """Raise PeerBrokeProtocol when the stream may not end here: in the middle of a frame."""
        self._decoder.check_end()

    def abandon(self) -> list[AnsweredCall]:
        """Forget all calls, and return them: nobody waits for their answers any more."""
        answers = list(self._open.values())
        for answer in answers:
            answer.is_over = True
            if answer.descriptors is not None:  # and the call has not begun, else it has taken them
                answer.descriptors.close()
        self._open.clear()
        return answers

    def end(self) -> None:
        """No more bytes come."""
        if isinstance(self._decoder, LadenFrameDecoder):
            self._decoder.close()

    def take_output(self) -> bytes:
        output, self.output = self.output, b""
        return output

    def take_turned(self) -> list[AnsweredCall]:
        return []

    # --- what to send; nothing for a call that is over ----------------------------------------------------------------

    def reply(self, answer: AnsweredCall, body: Written) -> bytes:
        """Raises TooLongToSend or TooManyDescriptors, and leaves the call open, when the peer does not take so much."""
        if len(body) > self.longest:
            raise TooLongToSend(len(body), self.longest)
        if type(body) is Gathered and body.batch is not None:
            most = 0 if self.peer is None else self.peer.most_descriptors
            if body.batch.count > most:
                raise TooManyDescriptors(most)
        return self._last_frame(answer, _REPLY, body)

    def fail(self, answer: AnsweredCall, failure: Failure) -> bytes:
        """A failure that is longer than the peer takes is told in one sentence."""
        body = encode_failure(failure)
        if len(body) > self.longest:
            body = encode_failure(Failure("failed", f"the description of {failure.code!r} is too long to be sent"))
        return self._last_frame(answer, Kind.FAILURE, body)

    def open_stream(self, answer: AnsweredCall) -> bytes:
        if answer.is_over:
            return b""
        answer.is_stream = True
        return encode_frame(Kind.STREAM, answer.number, b"")

    def item(self, answer: AnsweredCall, body: Written) -> bytes:
        """Raises TooLongToSend. One item may be longer than the credit; the next waits for `may_send_item`."""
        if len(body) > self.longest:
            raise TooLongToSend(len(body), self.longest)
        if answer.is_over:
            return b""
        answer.credit -= len(body) + HEADER_SIZE
        if answer.items is not None:
            answer.items -= 1
        return self._frame(_ITEM, answer.number, body)

    def end_stream(self, answer: AnsweredCall) -> bytes:
        return self._last_frame(answer, Kind.END, b"")

    # ------------------------------------------------------------------------------------------------------------------

    def _has_greeted(self, peer: Greeting) -> None:
        self.peer = peer
        self.longest = peer.max_message
        self._window = peer.stream_window
        self.bodies = agreed_bodies(self.mine, peer, self.memories, self.on_memory_use)
        if self.calling is not None:
            self.calling.has_greeted(peer, self.bodies)
        if self.on_greeted is not None:
            self.on_greeted()
        if self.on_place is not None and isinstance(peer.waits, WaitingPlace):
            self._exchange_places(self.on_place, peer.waits)

    def _exchange_places(self, on_place: Callable[[WaitingPlace], WaitingPlace | None], place: WaitingPlace) -> None:
        """Tell a peer that has told where it waits the same of this side, if it has not been greeted yet."""
        if self.mine.waits is not msgspec.UNSET:
            on_place(place)
        elif self.output == self.mine.encode():
            self.tell_place(on_place(place))

    def _notification(self, body: Body) -> AnsweredCall:
        made = AnsweredCall(0, self._read_call(body), 0, len(body), self._no_terms)
        if type(body) is not bytes:
            _take_along(made, body)
        return made

    def _take_credit(self, number: int, body: Body) -> AnsweredCall | None:
        granted = decode_count(body)
        if (credited := self._open.get(number)) is not None:
            credited.credit += granted
            if credited.items is not None:
                credited.items += 1
        return credited

    def _take_answer(self, kind: int, number: int, body: Body) -> None:
        if self.calling is None:
            raise PeerBrokeProtocol(f"the peer sent a frame of kind {kind} where none is allowed")
        self.calling.take_answer(kind, number, body)

    def _take_from_memory(self, kind: int, body: Body) -> tuple[int, Body] | None:
        if self.bodies is None:
            raise PeerBrokeProtocol(f"the peer sent a frame of kind {kind}, which was not agreed on")
        taken = self.bodies.take(kind, body)
        if self.bodies.output:
            self.output += self.bodies.take_output()
        return taken

    def _undo(self, requests: list[Request]) -> None:
        """Have open again what nobody has been told to cancel, and not what nobody has been told to serve."""
        for kind, answer in reversed(requests):
            if kind == _CALL:
                del self._open[answer.number]
            elif kind == _CANCEL:
                self._open[answer.number] = answer

    def _last_frame(self, answer: AnsweredCall, kind: int, body: Written) -> bytes:
        if answer.is_over:
            return b""
        answer.is_over = True
        answer.context = None  # which may know the answer: the garbage collector would come to both much later
        del self._open[answer.number]
        if self.bodies is None or len(body) < LARGE:  # as _frame() does: each answer comes here
            return encode_frame(kind, answer.number, body)
        return self.bodies.encode(kind, answer.number, body)

    def _frame(self, kind: int, number: int, body: Written) -> bytes:
        if len(body) >= LARGE and self.bodies is not None:
            return self.bodies.encode(kind, number, body)
        return encode_frame(kind, number, body)
