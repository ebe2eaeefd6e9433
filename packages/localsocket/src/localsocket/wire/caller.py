"""The calling half of a conversation: which calls are open, and what has come back for each."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable

from localsocket._core import OpenCall as OpenCall
from localsocket._core import short_ways
from localsocket.errors import (
    NoDescriptors,
    PeerBrokeProtocol,
    TooLongToSend,
    TooManyDescriptors,
    UnsuitableMessage,
    Unsupported,
)
from localsocket.interfaces import WaitingPlace
from localsocket.showing import shown
from localsocket.values.gathering import LARGE as LARGE_VALUE
from localsocket.values.gathering import Gathered, Written
from localsocket.values.known_types import PLAIN, KnownTypes
from localsocket.wire.call_bodies import decode_failure, encode_call, encode_count, encode_flat_call
from localsocket.wire.frames import HEADER_SIZE, Body, Frame, FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import BUS_LIMIT, Greeting, decode_greeting
from localsocket.wire.laden_frames import ArrivedDescriptors, LadenFrameDecoder
from localsocket.wire.shared_bodies import LARGE, LAST_BY_SOCKET, Memories, SharedBodies, agreed_bodies
from localsocket.wire.sizes import check_size, check_sizes
from localsocket.wire.stream_terms import STREAM_TERMS, StreamTerms

_MAX_NUMBER = 2**32 - 1

# IntEnum members cost a look-up each time they are named.
_CALL, _REPLY, _FAILURE, _STREAM, _ITEM, _END = map(
    int, (Kind.CALL, Kind.REPLY, Kind.FAILURE, Kind.STREAM, Kind.ITEM, Kind.END)
)
_ANSWERS = {_REPLY, _FAILURE, _STREAM, _ITEM, _END}


class ItemWindow:
    """A window of a stream in items, beside that in bytes: at most `items` are with the reader, one in its hands."""

    __slots__ = ("granted", "items")

    def __init__(self, items: int) -> None:
        self.items = items
        self.granted = items


@short_ways("feed", "prepare")
class Caller:
    """Gives the frames to send, and takes what arrives. Not thread-safe: whoever owns it holds a lock."""

    _encode_flat = staticmethod(encode_flat_call)
    is_json = False
    """Whether results and items come as JSON, else as MessagePack."""
    takes_positions = True
    """Whether arguments may be given by position, else by name alone."""
    is_spoiled = False
    """Whether nothing more can be asked here, since a call was given up which the peer goes on answering."""

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be received until items of streams are taken, where these have no credit."""
        return False

    def __init__(self, mine: Greeting, known: KnownTypes = PLAIN) -> None:
        self.mine = mine
        self._known = known
        self.peer: Greeting | None = None
        self._longest = sys.maxsize  # message that the peer takes, in bytes, once that is known
        self._decoder = FrameDecoder(mine.max_message)
        self._open: dict[int, OpenCall] = {}
        self.memories: Memories | None = None  # what may be shared with this peer
        self.bodies: SharedBodies | None = None  # once both sides have said that they may stand in memory
        self.repeats = False  # whether calls of idempotent methods may be made again on another connection
        self._last = 0
        self._has_wrapped = False
        self.news: list[OpenCall] = []  # what feed() returned last
        self.on_greeted: Callable[[Greeting], object] | None = None
        self.on_place: Callable[[WaitingPlace | None], object] | None = None  # told where the peer waits, if it says so
        self.carries_descriptors = False  # whether both sides have said so, and the connection can

    def opening(self) -> bytes:
        """Return what is said first."""
        return self.mine.encode()

    @property
    def calls(self) -> list[OpenCall]:
        """The calls that are under way."""
        return list(self._open.values())

    @property
    def open_calls(self) -> int:
        return len(self._open)

    @property
    def has_room(self) -> bool:
        """Whether one more call may be under way."""
        return self.peer is not None and len(self._open) < self.peer.max_calls

    @property
    def room(self) -> int:
        """How many more calls may be under way."""
        return 0 if self.peer is None else max(0, self.peer.max_calls - len(self._open))

    @property
    def knows_terms(self) -> bool:
        """Whether the peer keeps to the terms of a stream."""
        return self.peer is not None and STREAM_TERMS in self.peer.capabilities

    def no_prefetch(self, method: str) -> Unsupported:
        """Return the error for a window in items that the peer does not know."""
        service = self.peer.service if self.peer is not None else ""
        return Unsupported(
            f"the service {shown(service)} does not know prefetch=: it runs an earlier version of localsocket or is "
            f"written in another language; read {method!r} without it, or update the service"
        )

    # --- what to send -------------------------------------------------------------------------------------------------

    def begin(
        self,
        method: str,
        timeout: float | None,
        arguments: tuple[object, ...],
        named: dict[str, object] | None = None,
        carrier: dict[str, str] | None = None,
        terms: StreamTerms | None = None,
    ) -> OpenCall:
        """Open a call, whose `frame` is to be sent; `terms` are those of the stream that it may give.

        Raises UnsuitableMessage or TooLongToSend, or Unsupported for a window in items that the peer does not know,
        and opens nothing.
        """
        call = self.prepare(method, timeout, arguments, named, carrier, terms)
        self.open(call)
        return call

    def prepare(
        self,
        method: str,
        timeout: float | None,
        arguments: tuple[object, ...],
        named: dict[str, object] | None = None,
        carrier: dict[str, str] | None = None,
        terms: StreamTerms | None = None,
    ) -> OpenCall:
        """Return a call that begin() would open, for open()."""
        if terms is not None:
            if self.knows_terms:
                carrier = terms.add_to(carrier)
            elif terms.prefetch is not None:
                raise self.no_prefetch(method)
        body = self._encode(method, timeout, arguments, named, carrier)
        number = self._last + 1
        while number > _MAX_NUMBER or number in self._open:  # after four thousand million calls
            number = number + 1 if number < _MAX_NUMBER else 1
            self._has_wrapped = True
        self._last = number
        if len(body) >= LARGE and self.bodies is not None and not self._may_repeat(method):
            frame = self.bodies.encode(_CALL, number, body)
        else:
            frame = encode_frame(_CALL, number, body)
        call = OpenCall(method, number, frame, self.mine.stream_window)
        if terms is not None and terms.prefetch is not None:
            call.prefetch = ItemWindow(terms.prefetch)
        return call

    def open(self, call: OpenCall) -> None:
        self._open[call.number] = call

    def notify(
        self,
        method: str,
        arguments: tuple[object, ...],
        named: dict[str, object] | None = None,
        carrier: dict[str, str] | None = None,
    ) -> bytes:
        """Return the frame of a call that is not answered."""
        body = self._encode(method, None, arguments, named, carrier)
        if len(body) >= LARGE and self.bodies is not None:
            return self.bodies.encode(Kind.NOTIFICATION, 0, body)
        return encode_frame(Kind.NOTIFICATION, 0, body)

    def withdraw(self, frame: bytes) -> None:
        """The frame of a call or notification is never sent, not even in part."""
        if self.bodies is not None:
            self.bodies.withdraw(frame)

    def cancel(self, call: OpenCall) -> bytes:
        """Forget the call; return the frame that tells so, or nothing for one that is over."""
        frame = self.cancelling(call)
        self.forget(call)
        return frame

    def cancelling(self, call: OpenCall) -> bytes:
        """Return the frame that tells that a call, to be forgotten now, is given up; nothing for one that is over."""
        return encode_frame(Kind.CANCEL, call.number, b"") if self._open.get(call.number) is call else b""

    def forget(self, call: OpenCall) -> None:
        if self._open.get(call.number) is call:
            call.is_over = True
            del self._open[call.number]

    def take_item(self, call: OpenCall) -> tuple[Body, bytes] | None:
        """Return the next item of the stream, and what is to be sent for having taken it; None when none is there.

        With a window in items nothing is: that is said by ask(), once the reader has done with the item.
        """
        if not call.items:
            return None
        body = call.items.popleft()
        call._unacknowledged += len(body) + HEADER_SIZE
        if call.prefetch is not None or call._unacknowledged * 2 < self.mine.stream_window:
            return body, b""
        return body, self._grant(call)

    def ask(self, call: OpenCall) -> bytes:
        """The next item is wanted, so that the one before is done with: return what is to be sent for that."""
        window = call.prefetch
        if window is None or not call._unacknowledged:
            return b""
        window.granted += 1
        return self._grant(call)

    def reopen(self, calls: list[OpenCall]) -> bytes:
        """Take over calls of a conversation that broke off; return what is to be sent for them."""
        for call in calls:
            self._open[call.number] = call
            self._last = max(self._last, call.number)
        return b"".join(call.frame for call in calls)

    # --- what arrives -------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> list[OpenCall]:
        """Return the calls for which something has come, in the order in which it came.

        Raises PeerBrokeProtocol, after which nothing may be fed any more; calls that ended along with it are then
        among those that abandon() returns.
        """
        return self.take(self._decoder.feed(data))

    def has_greeted(self, peer: Greeting) -> None:
        """The peer has said this first."""
        self.peer = peer
        self._longest = peer.max_message
        if self.on_greeted is not None:
            self.on_greeted(peer)
        if self.on_place is not None:
            self.on_place(peer.waits if isinstance(peer.waits, WaitingPlace) else None)

    def carry(self, arrivals: ArrivedDescriptors) -> None:
        """From now on take descriptors from `arrivals`, which begins to count here."""
        self._decoder = LadenFrameDecoder.going_on(self._decoder, arrivals, self.mine.most_descriptors)
        self.carries_descriptors = True

    def take(self, frames: Iterable[Frame]) -> list[OpenCall]:
        """Return the calls for which something has come, as feed() does, where somebody else made frames of bytes."""
        news = self.news = []
        try:
            for kind, number, body in frames:
                if kind > LAST_BY_SOCKET:
                    if self.bodies is None:
                        raise PeerBrokeProtocol(f"the peer sent a frame of kind {kind}, which was not agreed on")
                    asked = self._open.get(number)
                    if (taken := self.bodies.take(kind, body, None if asked is None else asked.into)) is None:
                        continue
                    kind, body = taken  # what stands for another frame is that one
                call = self._open.get(number)
                if call is None:
                    self._take_other(kind, number, body)
                    continue
                news.append(call)
                if kind == _REPLY and not call.is_stream:
                    call.body = body
                    self._finish(call)
                elif kind == _ITEM:
                    self._take_in_item(call, body)
                elif kind == _END and call.is_stream:
                    self._finish(call)
                elif kind == _STREAM and not call.is_stream:
                    call.is_stream = True
                    call.items = deque()
                elif kind == _FAILURE:
                    call.failure = decode_failure(body)
                    self._finish(call)
                else:
                    raise PeerBrokeProtocol(f"the peer sent a frame of kind {kind} where none is allowed")
        except BaseException:  # of a signal's handler, maybe
            self._open.update((call.number, call) for call in news)
            raise
        return news

    def check_end(self) -> None:
        """Raise PeerBrokeProtocol when the stream may not end here: in the middle of a frame."""
        self._decoder.check_end()

    def is_open(self, call: OpenCall) -> bool:
        """Whether something may still come for this call here."""
        return self._open.get(call.number) is call

    def find(self, number: int) -> OpenCall | None:
        """Return the call that is under way with this number."""
        return self._open.get(number)

    def abandon(self) -> list[OpenCall]:
        """Forget all calls, and return them: nothing will come for them any more."""
        calls = list(self._open.values())
        self._open.clear()
        if isinstance(self._decoder, LadenFrameDecoder):
            self._decoder.close()
        return calls

    # ------------------------------------------------------------------------------------------------------------------

    def _may_repeat(self, method: str) -> bool:
        """Whether the frame of such a call may be sent again, on a connection that knows nothing of this memory."""
        return self.repeats and self.peer is not None and method in self.peer.idempotent

    def _take_other(self, kind: int, number: int, body: Body) -> None:
        """Take in what has come for no open call: the greeting, or something for a call that is over."""
        if self.peer is not None:
            self._check_late(kind, number)
            return
        peer = decode_greeting(body, self.mine)
        self.bodies = agreed_bodies(self.mine, peer, self.memories)
        self.has_greeted(peer)

    def _check_late(self, kind: int, number: int) -> None:
        """Check what has come for no open call: it was cancelled, and this on its way when the peer learned of it."""
        if kind not in _ANSWERS:
            raise PeerBrokeProtocol(f"the peer sent a frame of kind {kind} where none is allowed")
        if not number or (number > self._last and not self._has_wrapped):
            raise PeerBrokeProtocol(f"the peer answered call {number}, which was never made")

    def _take_in_item(self, call: OpenCall, body: Body) -> None:
        if call.items is None:
            raise PeerBrokeProtocol("the peer sent an item of a stream that it had not begun")
        if call._granted <= 0:
            raise PeerBrokeProtocol("the peer sent more of a stream than it was granted")
        if (window := call.prefetch) is not None:
            if not window.granted:
                raise PeerBrokeProtocol(f"the peer sent more than {window.items} items ahead of their reader")
            window.granted -= 1
        call._granted -= len(body) + HEADER_SIZE
        call.items.append(body)

    def _grant(self, call: OpenCall) -> bytes:
        granted, call._unacknowledged = call._unacknowledged, 0
        if call.is_over:
            return b""
        call._granted += granted
        return encode_frame(Kind.CREDIT, call.number, encode_count(granted))

    def _finish(self, call: OpenCall) -> None:
        call.is_over = True
        del self._open[call.number]

    def _encode(
        self,
        method: str,
        timeout: float | None,
        arguments: tuple[object, ...],
        named: dict[str, object] | None,
        carrier: dict[str, str] | None,
    ) -> Written:
        longest = self._longest
        try:
            is_flat, least = check_sizes(arguments, longest)
            if named:
                is_flat, least = False, least + check_size(named, longest)
            is_large = least >= LARGE_VALUE
            if is_flat and not is_large:
                flat = (method, timeout, arguments, {}, carrier) if carrier else (method, timeout, arguments)
                body: Written = self._encode_flat(flat)
            else:
                body = encode_call(method, timeout, arguments, named, carrier, self._known, is_large=is_large)
        except TooLongToSend as error:
            raise self._too_long(error.length) from None
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise UnsuitableMessage("msgpack", str(error)) from error
        if len(body) > longest:
            raise self._too_long(len(body))
        if not is_flat and type(body) is Gathered and body.met:
            self._check_descriptors(method, len(body.met))
            body.copy_descriptors()
        return body

    def _check_descriptors(self, method: str, count: int) -> None:
        if self.peer is None or not self.carries_descriptors:
            service = self.peer.service if self.peer is not None else ""
            raise NoDescriptors(method, f"the service {shown(service)} takes none here")
        if count > self.peer.most_descriptors:
            raise TooManyDescriptors(self.peer.most_descriptors)

    def _too_long(self, length: int) -> TooLongToSend:
        """Return the error for a call of that length, which says whose limit it is."""
        is_of_bus = self.peer is not None and BUS_LIMIT in self.peer.capabilities
        return TooLongToSend(length, self._longest, raise_what="max_payload of the NATS server" if is_of_bus else "")
