"""Whatever ends first, a call has exactly one end, a write is whole or refused, and no connection is left open."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

import localsocket
from localsocket import Client, LocalSocket, Service
from localsocket.blocking import client, shared_socket
from localsocket.blocking.pending_call import PendingCall
from localsocket.deadlines import Deadline
from localsocket.errors import CallCancelled, ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.interfaces import MemoryName
from localsocket.services import outbox
from localsocket.services.any_client_connection import AnyClientConnection
from localsocket.services.late_calls import LateCalls
from localsocket.serving import connection_threads
from localsocket.serving.connection_threads import ConnectionThreads
from localsocket.sockets import connection
from localsocket.wire.answerer import Answerer
from localsocket.wire.frames import FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting
from localsocket.wire.shared_bodies import LARGE, SharedBodies
from schedules.kernel import PEER, EventLoopSide, Polling, Silent
from schedules.scheduler import Check, Schedule, explore
from schedules.served_sessions import session_of
from schedules.stand_ins import stand_in

SERVICE = Service("ends")


@SERVICE.method
def work() -> int:
    return 7


# --- the served end ---------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_served_call_that_is_answered_cancelled_and_lost_at_once_is_answered_once_at_most() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, outbox)
        session, wire, peer = session_of(schedule, SERVICE)
        call = peer.call("work")
        session.receive(call.frame)
        served = session.take_next()
        cancelled = peer.caller.cancel(call)
        schedule.actor("answerer", partial(session.reply, served, 7))
        schedule.actor("canceller", partial(session.receive, cancelled))
        schedule.actor("loser", session.lost)
        schedule.at_end(session.lost)

        def check() -> None:
            peer.take(wire)
            assert sum(number == call.number for _, number, _ in peer.received) <= 1
            assert session.active_calls == 0

        return check

    explore(scenario)


def test_a_call_is_told_as_cut_by_the_end_of_its_connection_unless_its_answer_has_left() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, outbox)
        session, wire, peer = session_of(schedule, SERVICE)
        call = peer.call("work")
        session.receive(call.frame)
        served = session.take_next()
        session.begun(served)
        cut: list[str] = []
        schedule.actor("answerer", partial(session.serve_aside, served))
        for name in ("loser", "other loser"):
            schedule.actor(name, lambda: cut.extend(session.lost()))

        def check() -> None:
            peer.take(wire)
            is_answered = any(number == call.number for _, number, _ in peer.received)
            assert cut == ([] if is_answered else ["work"])

        return check

    explore(scenario)


def test_nothing_is_kept_of_a_call_that_ends_while_its_deadline_is_noted() -> None:
    def scenario(schedule: Schedule) -> Check:
        session, _, peer = session_of(schedule, SERVICE)
        schedule.step_within(LateCalls.add)
        session.receive(peer.caller.begin("work", 60.0, ()).frame)
        served = session.take_next()
        session.begun(served)
        late = LateCalls(lambda seconds, look: None)
        schedule.actor("method", partial(session.serve_aside, served))
        schedule.actor("loop", partial(late.add, served))
        schedule.at_end(session.lost)

        def check() -> None:
            assert not late._watched

        return check

    explore(scenario)


# --- the calling end --------------------------------------------------------------------------------------------------


class Calling:
    """A client that is connected, and the service at the other end of its connection."""

    def __init__(self, schedule: Schedule, *, at_once: int = 2) -> None:
        stand_in(schedule, client, shared_socket)
        ours, self._theirs = socket.socketpair()
        ours.setblocking(False)
        self._theirs.setblocking(False)
        shared = shared_socket.SharedSocket(ours, address="", peer=PEER)
        shared._poll = Polling(schedule, ours, shared._waker)  # type: ignore[assignment]
        self.client = Client("ends")
        self._answerer = Answerer(Greeting(role="service", max_message=2**20, max_calls=at_once, service="ends"))
        self._schedule = schedule
        made = client.ClientConnection(self.client._core, shared)
        made.caller.feed(self._answerer.mine.encode())
        self._answerer.feed(made.caller.mine.encode())
        self.client._connection = made
        self.outcomes: list[str] = []
        self.served = 0
        schedule.at_end(self._close)

    def serve(self) -> None:
        """Answer what has been asked, once something has."""
        self._schedule.wait("waits for a call", self._has_arrived)
        for kind, answer in self._answerer.feed(self._theirs.recv(4096)):
            if kind == Kind.CALL and (reply := self._answerer.reply(answer, b"\7")):
                self.served += 1
                self._schedule.step("answers")
                with contextlib.suppress(BrokenPipeError):
                    self._theirs.send(reply)

    def sent(self) -> bytes:
        """Return what the client has sent and nobody has taken."""
        return self._theirs.recv(2**20)

    def note(self, end: Any) -> None:
        try:
            self.outcomes.append(str(end()))
        except (CallCancelled, ClosedByUs, ClosedByPeer) as error:
            self.outcomes.append(type(error).__name__)

    def check(self, *allowed: str) -> None:
        assert self.outcomes
        assert set(self.outcomes) <= set(allowed)
        assert self.client.stats().active_calls == 0

    def _has_arrived(self) -> bool:
        try:
            self._theirs.recv(1, socket.MSG_PEEK)
            return True
        except BlockingIOError:
            return False

    def _close(self) -> None:
        assert self.client._connection is not None
        self.client._connection.cut_off()
        self.client.close()
        self._theirs.close()


@pytest.mark.long
def test_a_call_that_begins_while_the_client_is_closed_has_an_end() -> None:
    def scenario(schedule: Schedule) -> Check:
        calling = Calling(schedule)
        schedule.actor("caller", lambda: calling.note(lambda: calling.client.call("work")))
        schedule.actor("closer", lambda: calling.client._connection.cut_off())  # type: ignore[union-attr]
        schedule.actor("service", calling.serve)
        return lambda: calling.check("7", "ClosedByUs")

    explore(scenario)


def test_a_call_that_is_cancelled_while_it_is_answered_has_one_end_for_all() -> None:
    def scenario(schedule: Schedule) -> Check:
        calling = Calling(schedule)
        pending = calling.client.start("work")
        schedule.actor("waiter", lambda: calling.note(pending.result))
        schedule.actor("canceller", lambda: calling.note(pending.cancel))
        schedule.actor("service", calling.serve)

        def check() -> None:
            calling.check("7", "CallCancelled", "True", "False")
            assert ("True" in calling.outcomes) == ("CallCancelled" in calling.outcomes)

        return check

    explore(scenario)


@pytest.mark.long
def test_where_cancel_says_true_nobody_ever_gets_a_result_and_where_it_says_false_everybody_does() -> None:
    said = set()

    def scenario(schedule: Schedule) -> Check:
        calling = Calling(schedule)
        schedule.step_within(AnyClientConnection.give_up, PendingCall._wait)
        pending = calling.client.start("work")
        calling.serve()  # so that whoever waits takes the answer in, unless it is cancelled before
        results, cancels = [], []
        schedule.actor("waiter", lambda: results.append(outcome_of(pending.result)))
        schedule.actor("canceller", lambda: cancels.append(pending.cancel()))

        def check() -> None:
            results.append(outcome_of(pending.result))
            assert results == [CallCancelled if cancels == [True] else 7] * 2
            assert not pending.cancel()
            assert calling.client.stats().active_calls == 0
            said.update(cancels)

        return check

    explore(scenario, preemptions=1)
    assert said == {True, False}


def test_whoever_waits_while_the_connection_ends_is_told_why() -> None:
    def scenario(schedule: Schedule) -> Check:
        calling = Calling(schedule)
        schedule.step_within(AnyClientConnection._end_all)
        pending, results = calling.client.start("work"), []
        schedule.actor("waiter", lambda: results.append(outcome_of(pending.result)))
        schedule.actor("closer", lambda: calling.client._connection.cut_off())  # type: ignore[union-attr]

        def check() -> None:
            assert results == [ClosedByUs]

        return check

    explore(scenario, preemptions=1)


def outcome_of(end: Callable[[], object]) -> object:
    """Return what it gives, or the kind of error that it raises."""
    try:
        return end()
    except LocalSocketError as error:
        return type(error)


@pytest.mark.long
@pytest.mark.parametrize("at_once", [1, 2])
def test_two_threads_that_call_at_once_both_have_an_end(at_once: int) -> None:
    def scenario(schedule: Schedule) -> Check:
        calling = Calling(schedule, at_once=at_once)
        for name in ("one", "other"):
            schedule.actor(name, lambda: calling.note(lambda: calling.client.call("work")))

        def serve_both() -> None:
            while calling.served < 2:
                calling.serve()

        schedule.actor("service", serve_both)

        def check() -> None:
            calling.check("7")
            assert calling.outcomes == ["7", "7"]

        return check

    explore(scenario)


class _Memories:
    """Makes memory for what the client sends; there is no more of it than its name."""

    bytes_sent = bytes_received = 0

    def __init__(self) -> None:
        self.made = 0

    def make(self) -> Any:
        self.made += 1
        return SimpleNamespace(name=MemoryName(1, self.made, 1, 1, 1, b""), close=lambda: None)


def test_threads_that_notify_much_at_once_offer_their_memory_once() -> None:
    def scenario(schedule: Schedule) -> Check:
        calling, memories = Calling(schedule), _Memories()
        made: Any = calling.client._connection
        made.caller.bodies = SharedBodies(memories, 2**20, None, may_be_apart=False)  # type: ignore[arg-type]
        schedule.step_within(SharedBodies.encode, SharedBodies._offer)
        for name in ("one", "other"):
            schedule.actor(name, lambda: calling.client.notify("work", bytes(LARGE)))

        def check() -> None:
            assert memories.made == 1

        return check

    explore(scenario)


def test_what_the_garbage_collector_leaves_to_be_sent_is_sent_once_and_nothing_of_it_lost() -> None:
    def scenario(schedule: Schedule) -> Check:
        calling = Calling(schedule)
        made: Any = calling.client._connection
        cancels = [encode_frame(Kind.CANCEL, number, b"") for number in (1, 2)]
        made._later.append(cancels[0])
        schedule.step_within(made.send, made._take_later)
        schedule.actor("collector", lambda: made._later.append(cancels[1]))
        for name in ("one", "other"):
            schedule.actor(name, lambda: calling.client.notify("work"))

        def check() -> None:
            told = made.caller.mine.encode() + calling.sent() + b"".join(made._later)
            frames = FrameDecoder(2**20).feed(told)
            assert sorted(number for kind, number, _ in frames if kind == Kind.CANCEL) == [1, 2]

        return check

    explore(scenario, preemptions=1)


# --- writing and closing ----------------------------------------------------------------------------------------------


def test_what_was_written_before_closing_is_sent_and_the_rest_refused() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, connection)
        side = EventLoopSide(schedule, 20, Silent())
        written: list[bytes] = []
        left = 2

        def end() -> None:
            nonlocal left
            left -= 1
            side.is_stopping = not left

        def write() -> None:
            for number in range(3):
                try:
                    side.socket.write(bytes([number]) * 15)
                except ClosedByUs:
                    break
                written.append(bytes([number]) * 15)
            end()

        def close() -> None:
            side.socket.close(timeout=None)
            end()

        schedule.actor("loop", side.run)
        schedule.actor("writer", write)
        schedule.actor("closer", close)

        def check() -> None:
            assert bytes(side.kernel.taken) == b"".join(written)

        return check

    explore(scenario)


# --- accepting and stopping -------------------------------------------------------------------------------------------


class Door:
    """A server with two clients at its door."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.address = "ends"
        self.pairs = [localsocket.pair() for _ in range(2)]
        self._waiting = [ours for ours, _ in self.pairs]
        self.is_open = True
        for pair in self.pairs:
            for each in pair:
                schedule.at_end(each.abort)

    def _expect_waiting(self, threads: int) -> None:
        pass

    def accept(self) -> LocalSocket:
        self._schedule.wait("accepts", lambda: bool(self._waiting) or not self.is_open)
        if not self.is_open:
            raise ClosedByUs("the server")
        return self._waiting.pop(0)

    def close(self) -> None:
        self._schedule.step("closes the door")
        self.is_open = False
        for each in self._waiting:
            each.abort()


def test_no_connection_is_left_open_by_a_server_that_is_stopped_while_it_accepts() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, connection_threads)
        door = Door(schedule)
        threads = ConnectionThreads(door, lambda socket: schedule.step("serves"), 1)  # type: ignore[arg-type]

        def stop() -> None:
            door.close()
            threads.stop(Deadline(0))

        schedule.actor("server", threads.run)
        schedule.actor("stopper", stop)

        def check() -> None:
            assert all(ours.state.value == "closed" for ours, _ in door.pairs)
            assert not threads._open

        return check

    explore(scenario)
