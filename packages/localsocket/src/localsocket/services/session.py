"""One connection of a service: calls come out of its bytes, and results go back as bytes. Nothing here waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import (
    BadArguments,
    ClosedByPeer,
    DeadlinePassed,
    LocalSocketError,
    NoDescriptors,
    NoSuchMethod,
    PeerBrokeProtocol,
    TooManyCalls,
    TooManyDescriptors,
    Unsupported,
)
from localsocket.interfaces import KIB, WaitingPlace
from localsocket.interrupts import tell_all
from localsocket.keywords import similar_names
from localsocket.services.calling_side import CallingSide
from localsocket.services.calls_of_peer import CallsOfPeer
from localsocket.services.descriptors_of_calls import may_hold, read_arguments
from localsocket.services.entrances import enter
from localsocket.services.inbox import SMALL, Inbox
from localsocket.services.looking_out import may_look_for
from localsocket.services.method import Method
from localsocket.services.outbox import Link
from localsocket.services.protocols import ProtocolName
from localsocket.services.schema import Parameters, Result
from localsocket.services.served_call import ServedCall
from localsocket.services.service import Service
from localsocket.services.session_output import SessionOutput
from localsocket.services.sharing_memory import LOOK_AGAIN, memories_with
from localsocket.wire.answerer import AnsweredCall, Answerer, Request
from localsocket.wire.door import Door
from localsocket.wire.doorstep import DOORSTEP
from localsocket.wire.frames import Kind
from localsocket.wire.greeting import PAYLOAD, Greeting

AT_ONCE = 64
"""Calls of a connection that are served, or begin, before others have their turn."""

_MUCH = 16 * KIB  # bytes that have arrived and are not read

_NOTIFICATION = int(Kind.NOTIFICATION)
_CALLS = (int(Kind.CALL), _NOTIFICATION)
_CANCEL = int(Kind.CANCEL)


class Session(SessionOutput):
    """What a service does for one connection, by whatever protocol. Results may come from any thread.

    The service speaks second: the first byte that arrives chooses the door, which is one of `protocols`, and makes
    calls of bytes and bytes of answers from then on.

    What arrives waits in an inbox, and nothing more is read while it does: take_next() gives what is to be served, and
    finished() makes room for more. `on_ready` is called, from any thread, when what had to wait there may be taken. Of
    much that arrives at once a piece is read, and take_more() goes on with that when it has been served.
    """

    protocol: ProtocolName | Literal[""] = ""
    """The one that is spoken, once that is known."""
    _table: Mapping[str, Method]

    def __init__(
        self,
        service: Service,
        peer: PeerCredentials,
        link: Link,
        on_ready: Callable[[Session], object],
        protocols: tuple[ProtocolName, ...] | None = None,
    ) -> None:
        super().__init__(service, peer, link)
        self.is_over = False
        self._protocols = protocols or service.protocols
        self._is_deserted = False
        self._holds_descriptors = False  # since the connection can carry them
        self._unfinished = service._unfinished
        self._has_unfinished = False
        self.calls_back: Callable[[ServedCall], CallsOfPeer] = _calls_nobody
        self._inbox = Inbox(service.limits, self._admit, self._has_too_many_calls, partial(on_ready, self))
        self.waiting = self._inbox.waiting  # calls and notifications that have arrived and not begun
        self._arrive: Callable[[AnsweredCall], object] = self.waiting.append
        self.take_next = self._inbox.take_next
        self.begun = self._inbox.begun.add
        self.dropped: frozenset[ServedCall] = frozenset()  # notifications that have begun and are not to go on
        self.finished = self._inbox.finished
        service._tally.connections += 1
        service._add_session(self)

    @property
    def calls_begun(self) -> int:
        """How many calls and notifications have begun, and have not ended."""
        return len(self._inbox.begun)

    def has_begun(self, call: ServedCall) -> bool:
        """Whether something is left of a call that has begun."""
        return call in self._inbox.begun

    @property
    def is_busy(self) -> bool:
        """Whether there is something to do that ends by itself, as subscriptions do not, and that is still wanted."""
        return self.has_arrived or bool(self.methods_under_way())

    def methods_under_way(self) -> list[str]:
        """Return the method of each call that has begun, is wanted, and ends by itself, as subscriptions do not."""
        return [
            call.method.name
            for call in list(self._inbox.begun)
            if call.is_notification or not (call.answer.is_over or call.method.is_subscription)
        ]

    @property
    def has_notifications(self) -> bool:
        """Whether notifications are to be served, or being served, once it is over."""
        return self.has_arrived or self._inbox.serves_notifications

    @property
    def has_arrived(self) -> bool:
        """Whether something waits to be served, or to be read."""
        return len(self.waiting) > 0 or self._door.has_more

    @property
    def next_method(self) -> Method | None:
        """What is called by the first of those that wait; None where there is no such method."""
        return self._table.get(self.waiting[0].body.method)

    @property
    def has_much(self) -> bool:
        """Whether so much has arrived that no more is to be read before some of it is served."""
        return len(self.waiting) >= self.service.limits.calls or self._door.unread > _MUCH

    # --- what the face calls ------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> bool:
        """Take in what has arrived: take_next() gives the calls that are to be served.

        Return whether the peer has begun something that it has to end in time, as it has to greet.
        """
        self.service._tally.bytes_received += len(data)
        try:
            if self._door is DOORSTEP:
                self._enter(data)
            door = self._door
            requests = self._feed(door, data)
        except PeerBrokeProtocol as error:
            self._end_own_calls(error)
            self._turn_out(str(error))
            return False
        if (unfinished := door.unfinished) or self._has_unfinished:
            self._note_unfinished(unfinished)
        if self.is_over:
            self._take_left(requests)
            self._let_memory_go()
            return False
        if self._is_deserted:
            self._abandon()
            requests = [(kind, answer) for kind, answer in requests if kind == _NOTIFICATION]
        now, put = time.monotonic_ns(), self._arrive
        for kind, answer in requests:
            if kind in _CALLS:
                answer.arrived = now
                put(answer)
            elif (call := answer.context) is not None:  # else it has not begun, and nobody needs to be told
                self._tell(call.on_cancel if kind == _CANCEL else call.on_credit)
                if kind == _CANCEL:
                    answer.context = None
        if self.calling is not None:
            self.calling.read_on()
        if not door.has_news:
            return False
        is_begun = door.has_news and not door.is_greeted
        self._follow_door()
        return is_begun

    def take_more(self) -> ServedCall | None:
        """Read on in what has arrived, where nothing else waits; return the next call."""
        if self.waiting or not self._door.has_more:
            return None
        self.receive(b"")
        return self.take_next()

    def end_turn(self) -> bool:
        """Read on if nothing waits that has arrived; return whether more of it may be served when others had a turn."""
        if self.waiting:
            # Of a peer that has gone no more comes than the system holds, and behind that is the end.
            self.outbox.set_reading(self._is_deserted)
            return not self._inbox.has_to_wait
        if self._door.has_more:
            self.outbox.set_reading(False)
            return True
        if not self.outbox.is_reading_wanted:
            self.outbox.set_reading(True)
        return False

    def put_off_turn(self) -> None:
        """It has to wait for its turn: read on meanwhile, so that an end is seen, unless much has arrived."""
        self.outbox.set_reading(not self.has_much)

    def expire(self) -> float | None:
        """Answer those that wait and are too late; return the seconds until the next one is."""
        now = time.monotonic_ns()
        for answer in self._inbox.take_late(now):
            self._refuse_late(answer)
        if (deadline := self._inbox.next_deadline()) is None:
            return None
        return max(0.0, (deadline - now) / 1e9)

    def lost(self) -> list[str]:
        """The connection is over: nobody waits for any result. Notifications that have come are served all the same.

        Return the methods of the calls that are cut by this, and were neither answered nor lost before.
        """
        with self._lock:
            if self.is_over:
                return []
            self.is_over = True
            self.outbox.ignore_limit()
            cut = self.methods_under_way()
            answers = self._door.abandon()
        if isinstance(self._door, Answerer):
            self._door.end()
        self.service._remove_session(self)
        self._end_own_calls()
        self._note_unfinished(0)
        self._inbox.forget_calls()
        self._leave_behind(self.notifications_left())
        _cancel_all(answers)
        self.sent()
        self._let_memory_go()
        return cut

    def desert(self) -> None:
        """The peer has gone, and some of what it sent is still to be read: of that, only notifications are served."""
        self._is_deserted = True
        self.outbox.ignore_limit()
        answers = self._abandon()
        self._inbox.forget_calls()
        _cancel_all(answers)
        self._end_own_calls()
        self.sent()

    # --- where this side makes calls as well --------------------------------------------------------------------------

    @property
    def said_by_peer(self) -> Greeting | None:
        """What the peer said first, by our own protocol; None before that, and for all others."""
        return self._door.peer if isinstance(self._door, Answerer) else None

    def begin_calling(self, calling: CallingSide) -> None:
        """Make calls on this connection as well, which `calling` is told what comes of; under the lock."""
        self.calling = calling
        if not self._holds_descriptors:
            self._arrive = calling.arrive
        if isinstance(self._door, Answerer):
            self._door.calling = calling
            if self._door.peer is not None:
                calling.has_greeted(self._door.peer, self._door.bodies)
                if self._door.carries_descriptors:
                    calling.carry_descriptors()

    def speak_first(self, mine: Greeting) -> None:
        """Greet a service, as its client that serves something itself."""
        self.service._keep_table()
        self.protocol = "localsocket"
        door = Answerer(mine)
        self._offer_descriptors(door, 0)
        if self._looks:
            door.tell_place(self._link.waiting_place())
        self._open_door(door, self.service._table)
        door.calling = self.calling
        self._follow_door()

    def admit_aside(self, answer: AnsweredCall) -> ServedCall | None:
        """Return a call that is to begin now, whatever waits; None where it is answered already."""
        if (call := self._admit(answer)) is not None:
            self.begun(call)
        return call

    def serve_aside(self, call: ServedCall) -> None:
        """Serve a call of a plain function in this thread."""
        try:
            result = call.run()
        except Exception as error:
            self.fail(call, error)
        else:
            self.reply(call, result)
        finally:
            self.finished(call)

    @property
    def has_more(self) -> bool:
        """Whether something has arrived that is still to be read."""
        return self._door.has_more

    def method_of(self, answer: AnsweredCall) -> Method | None:
        return self._table.get(answer.body.method)

    def _end_own_calls(self, reason: LocalSocketError | None = None) -> None:
        if self.calling is not None:
            with self._lock:
                self.calling.lost(reason or ClosedByPeer("its answers were awaited"))

    # ------------------------------------------------------------------------------------------------------------------

    def _enter(self, data: bytes) -> None:
        """Open the door that the first byte chooses. Raises PeerBrokeProtocol where there is none for it."""
        self.protocol, door, table = enter(self.service, self._protocols, data[0])
        if isinstance(door, Answerer):
            door.calling = self.calling
            self._offer_descriptors(door, len(data))
        self._open_door(door, table)

    def _feed(self, door: Door, data: bytes) -> list[Request]:
        """Return what the door makes of it.

        What the door says itself, such as a greeting, is sent before any frame that its news have another thread make.
        """
        with self._lock:
            try:
                return door.feed(data)
            finally:
                if door.output:
                    self.outbox.put(door.take_output())

    def _open_door(self, door: Door, table: Mapping[str, Method]) -> None:
        if isinstance(door, Answerer):
            door.memories = memories_with(self.service._memories, self.peer)
            door.on_memory_use = self._look_at_memory_later
            if self._looks:
                door.on_place = self._look_out_for
        self._door, self._table = door, table
        self._read = Parameters.read_json if self._door.is_json else Parameters.read
        self._write = Result.write_json if self._door.is_json else Result.write
        if not self._door.is_limit_known:
            self.take_next = self._take_next_with_room

    @property
    def _looks(self) -> bool:
        """Whether this side and the peer may look where the other one waits."""
        return self.service._looks and may_look_for(self.peer)

    def _look_out_for(self, peer: WaitingPlace) -> WaitingPlace | None:
        """Look for what the peer sends, if it can be told where this side waits; return that."""
        if (place := self._link.waiting_place()) is not None:
            self._link.look_out_for(peer)
        return place

    def _take_next_with_room(self) -> ServedCall | None:
        """Begin no call while the answers of others fill what may wait for the peer: one before them is under way."""
        inbox, most = self._inbox, self.service.limits.unsent
        if self._door.bytes_held >= most:
            # Said first and looked at again: another thread may give the answer that the others wait for in between.
            inbox.has_to_wait = True
            if self._door.bytes_held >= most:
                return None
            inbox.has_to_wait = False
        return inbox.take_next()

    def _admit(self, answer: AnsweredCall) -> ServedCall | None:
        """Return the call if it may be served, with its arguments; else it is answered."""
        service = self.service
        name = answer.body.method
        method = self._table.get(name)
        service._tally.calls += 1
        call = ServedCall(self, answer, method or service._unknown_method)
        if answer.number:  # else nothing more comes for it
            answer.context = call
        try:
            if method is None:
                raise NoSuchMethod(name[:128], service.name, similar_names(name, self._table))
            # As _has_too_many_calls() says: each call comes here.
            if self._door.open_calls > service.limits.calls and self._door.is_limit_known:
                raise TooManyCalls(service.limits.calls)
            if method.allow is not None:
                method.check_caller(self.peer)
            if answer.refusal is not None:
                raise answer.refusal
            if method.is_stream and call.is_notification:
                raise BadArguments(name, "", "it returns a stream, but a notification gets no answer")
            if method.has_descriptors:
                self._read_with_descriptors(call)
            else:
                call.arguments, call.named = self._read(method.parameters, answer.body)
            if answer.size > SMALL:
                answer.body.forget_arguments()
            if call.deadline is not None and call.remaining() == 0:
                raise DeadlinePassed(f"calling {name!r}", answer.body.timeout)
        except LocalSocketError as error:
            self.refuse(call, error)
        except Exception as error:
            self.fail(call, error)
        else:
            if (watch := service._watch) is not None:
                watch.begun(call)
            return call
        return None

    # --- descriptors --------------------------------------------------------------------------------------------------

    def _offer_descriptors(self, door: Answerer, ahead: int) -> None:
        """Take descriptors from here on, where this side says so; `ahead` bytes have come and are not read."""
        if PAYLOAD not in door.mine.capabilities:
            return
        if (arrivals := self._link.carry_descriptors(door.mine.most_descriptors)) is not None:
            door.carry(arrivals, ahead)
            self._holds_descriptors = True
            self._arrive = self._arrive_with_descriptors
        door.on_greeted = partial(self._follow_greeting, door)

    def _follow_greeting(self, door: Answerer) -> None:
        """Go on with descriptors if the peer carries them too, else as if there were no such thing."""
        if door.carries_descriptors:
            if self.calling is not None:
                self.calling.carry_descriptors()
        elif self._holds_descriptors:
            door.carry_none()
            self._link.carry_no_descriptors()

    def _arrive_with_descriptors(self, answer: AnsweredCall) -> None:
        if (batch := answer.descriptors) is not None:
            method = self.method_of(answer)
            if method is None or not method.parameters.take_descriptors:
                batch.close()  # what comes of the call tells of it
            elif not may_hold(self._descriptors_held(), batch.count, self.service.limits.descriptors):
                batch.close()
                answer.refusal = TooManyDescriptors(self.service.limits.descriptors)
        if self.calling is not None:
            self.calling.arrive(answer)
        else:
            self.waiting.append(answer)

    def _descriptors_held(self) -> int:
        begun = (call.answer for call in list(self._inbox.begun))
        return sum(each.descriptors.count for each in (*self.waiting, *begun) if each.descriptors is not None)

    def _read_with_descriptors(self, call: ServedCall) -> None:
        method, answer = call.method, call.answer
        if isinstance(self._door, Answerer) and self._door.carries_descriptors:
            call.arguments, call.named = read_arguments(method.parameters, answer)
            return
        none_here = NoDescriptors(method.name, f"this connection cannot carry any, over the protocol {self.protocol!r}")
        if method.result.has_descriptors:
            raise none_here
        try:
            call.arguments, call.named = self._read(method.parameters, answer.body)
        except BadArguments as error:
            if method.parameters.may_hold_descriptor(error.path):
                raise none_here from None
            raise

    def _look_at_memory_later(self) -> None:
        self._link.call_later(LOOK_AGAIN, self._look_at_memory)

    def _look_at_memory(self) -> None:
        """Give back what memory is not used any more. In the loop, from when it was used until that is done."""
        with self._lock:
            door = self._door
            if not self.is_over and isinstance(door, Answerer) and door.bodies is not None and not door.bodies.rest():
                self._look_at_memory_later()

    def _let_memory_go(self) -> None:
        """Have nothing mapped any more, once it is over and nothing is left to be read."""
        door = self._door
        with self._lock:
            if isinstance(door, Answerer) and door.bodies is not None and not door.has_more:
                door.bodies.close()

    def notifications_left(self) -> list[int]:
        """Return how many bytes each notification took that is to be served, or being served."""
        return self._inbox.notification_sizes()

    def _abandon(self) -> list[AnsweredCall]:
        """Have all calls over that are to be answered, and return them."""
        with self._lock:
            return self._door.abandon()

    def _take_left(self, requests: list[tuple[int, AnsweredCall]]) -> None:
        """Have the notifications of what is read after the end served, as far as its user may leave them behind."""
        self._abandon()
        left = [answer for kind, answer in requests if kind == _NOTIFICATION]
        self.waiting.extend(left)
        self._leave_behind([answer.size for answer in left])

    def _leave_behind(self, sizes: list[int]) -> None:
        """Drop the last of these notifications that are more than one user may leave, first of all those not begun."""
        if not sizes or not (too_many := self.service._left_behind.keep(self.peer.uid, self, sizes)):
            return
        count, begun = self._inbox.drop_notifications(too_many, self.dropped)
        self.dropped |= begun
        tell_all([on_cancel for call in begun if (on_cancel := call.on_cancel) is not None])
        if not count:
            return
        self.service._tally.errors += count
        message = "service %r drops %d notifications of uid %d, whose programs are gone and have left too many"
        self._log(logging.WARNING, message, count, self.peer.uid)

    def _note_unfinished(self, size: int) -> None:
        """So much of a message is held that has not arrived whole. Where all hold too much, one of them is to go."""
        self._has_unfinished = size > 0
        self._unfinished.hold(self, size)

    def _refuse_late(self, answer: AnsweredCall) -> None:
        service = self.service
        service._tally.calls += 1
        call = ServedCall(self, answer, self._table.get(answer.body.method, service._unknown_method))
        self.refuse_late(call)

    def _has_too_many_calls(self) -> bool:
        return self._door.open_calls > self.service.limits.calls and self._door.is_limit_known


def _calls_nobody(call: ServedCall) -> CallsOfPeer:
    raise Unsupported(f"the caller of {call.method.name!r} cannot be called here")


def _cancel_all(answers: list[AnsweredCall]) -> None:
    """Tell the calls that nobody waits for them any more."""
    contexts = [answer.context for answer in answers if answer.context is not None]  # else it is not admitted yet
    for answer in answers:
        answer.context = None
    tell_all([on_cancel for each in contexts if (on_cancel := each.on_cancel) is not None])
