"""Both ends of a connection call, answer, give up and end at once: each call has one end, and nobody waits for ever."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localsocket import Client, Service, current_call
from localsocket.errors import CallCancelled, ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.wire.caller import OpenCall
from schedules.both_ends import End, Peer
from schedules.scheduler import Check, Schedule, explore

LOST = ClosedByUs, ClosedByPeer
SERVICE = Service("both")  # once: to read its schema takes longer than many a schedule


@SERVICE.method
def answer(number: int) -> int:
    return number


@SERVICE.method
def ask_in_vain(number: int) -> object:
    given: object = current_call().caller.call("never", number)
    return given


@SERVICE.method
def ask(number: int) -> object:
    given: object = current_call().caller.call("answer", number)
    return given


# What the peer does when it is called.
ANSWERS = {"answer": Peer.reply, "ask": Peer.call_back, "never": lambda peer, call: None}


@pytest.fixture(autouse=True)
def methods_that_fail_say_nothing() -> Iterator[None]:
    """A method whose caller has gone fails, thousands of times, and the log of that is not what is looked at."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    yield
    logging.disable(before)


class Talk:
    """An end that calls and is called, and what came of what was asked."""

    def __init__(self, schedule: Schedule, *, is_greeted: bool = True) -> None:
        self.peer = Peer(ANSWERS)
        self.end = End(schedule, SERVICE, self.peer, slow=["ask", "ask_in_vain"], is_greeted=is_greeted)
        self.outcomes: dict[str, object] = {}
        self._schedule = schedule
        self._awaited: list[OpenCall] = []
        self._left = 0
        schedule.actor("loop", self.end.run)

    def client(self) -> Client:
        return self.end.begin_calling()

    def peer_calls(self, method: str, number: int) -> OpenCall:
        """Have the peer call, and the connection last until it has its answer."""
        call = self.peer.call(method, number)
        self._awaited.append(call)
        return call

    def actor(self, name: str, work: Callable[[], object]) -> None:
        """Have an actor note what comes of `work`. When all have, and the peer its answers, the connection is cut."""
        self._left += 1

        def note() -> None:
            try:
                self.outcomes[name] = work()
            except LocalSocketError as error:
                self.outcomes[name] = type(error)
            finally:
                self._left -= 1
                if not self._left:
                    self._cut()

        self._schedule.actor(name, note)

    def nothing_is_left(self) -> None:
        assert self.end.session.active_calls == 0
        assert self.end.session.calls_begun == 0
        if self.end.client is not None:
            assert self.end.connection.caller.open_calls == 0
            assert not self.end.connection.calling._nested
            assert self.end.client.stats().active_calls == 0

    def _cut(self) -> None:
        self._schedule.wait("waits for the peer", lambda: all(call.is_over for call in self._awaited))
        self.end.is_cut = True


def result_of(call: OpenCall) -> object:
    return call.body and call.body[0]


def test_calls_of_both_ends_at_once_each_get_their_own_answer() -> None:
    def scenario(schedule: Schedule) -> Check:
        talk = Talk(schedule)
        client = talk.client()
        theirs = talk.peer_calls("ask", 3)
        talk.actor("caller", lambda: client.call("answer", 1))

        def check() -> None:
            assert (talk.outcomes, result_of(theirs)) == ({"caller": 7}, 7)
            assert not talk.peer.open_calls
            talk.nothing_is_left()

        return check

    explore(scenario, preemptions=1)


@pytest.mark.parametrize(("made", "outcome"), [(Client.call, 7), (Client.notify, None)])
def test_what_waits_for_the_peers_greeting_is_made_behind_the_own_one(made: Any, outcome: object) -> None:
    def scenario(schedule: Schedule) -> Check:
        talk = Talk(schedule, is_greeted=False)
        client = talk.client()
        talk.actor("caller", lambda: made(client, "answer", 1))

        def check() -> None:
            assert talk.outcomes == {"caller": outcome}
            assert talk.peer.notified == ([] if made is Client.call else ["answer"])
            talk.nothing_is_left()

        return check

    explore(scenario)


def test_methods_that_ask_at_once_who_calls_them_get_the_same_client() -> None:
    def scenario(schedule: Schedule) -> Check:
        talk = Talk(schedule)
        calls, found = talk.end.calls_of("answer", 2), []
        for number, call in enumerate(calls):
            schedule.actor(f"method {number}", lambda call=call: found.append(talk.end.ways_back(call)._client))
        talk.actor("peer", lambda: None)

        def check() -> None:
            assert found == [talk.end.client] * 2
            assert talk.end.session.calling is talk.end.connection.calling

        return check

    explore(scenario)


def test_a_call_that_is_given_up_while_it_calls_back_has_one_end_at_each_side() -> None:
    said = set()

    def scenario(schedule: Schedule) -> Check:
        talk = Talk(schedule)
        client = talk.client()
        pending = client.start("ask", 1)
        talk.actor("waiter", pending.result)
        talk.actor("canceller", pending.cancel)

        def check() -> None:
            gave_up = talk.outcomes["canceller"]
            said.add(gave_up)
            assert talk.outcomes["waiter"] == (CallCancelled if gave_up else 7)
            talk.nothing_is_left()

        return check

    explore(scenario, preemptions=1)
    assert said == {True, False}


def test_a_call_that_its_caller_gives_up_while_it_calls_back_is_answered_once_at_most() -> None:
    def scenario(schedule: Schedule) -> Check:
        talk = Talk(schedule)
        theirs = talk.peer_calls("ask", 1)
        talk.actor("peer", lambda: talk.peer.cancel(theirs))

        def check() -> None:
            assert not talk.peer.open_calls
            talk.nothing_is_left()

        return check

    explore(scenario)


def test_whoever_waits_is_told_when_the_connection_ends_in_both_directions() -> None:
    def scenario(schedule: Schedule) -> Check:
        talk = Talk(schedule)
        pending = talk.client().start("never", 1)
        talk.peer.call("ask_in_vain", 1)
        talk.actor("waiter", pending.result)
        schedule.actor("kernel", talk.end.abort)

        def check() -> None:
            assert talk.outcomes["waiter"] in LOST
            talk.nothing_is_left()

        return check

    explore(scenario, preemptions=1)


def test_calls_that_begin_and_arrive_while_the_connection_is_closed_have_an_end() -> None:
    def scenario(schedule: Schedule) -> Check:
        talk = Talk(schedule)
        client = talk.client()
        talk.peer.call("answer", 1)
        talk.actor("caller", lambda: client.call("never", 1))
        schedule.actor("closer", talk.end.connection.cut_off)

        def check() -> None:
            assert talk.outcomes["caller"] in LOST
            talk.nothing_is_left()

        return check

    explore(scenario)
