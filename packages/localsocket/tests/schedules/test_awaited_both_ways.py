"""Both ends of a connection call, answer, give up and end at once, in every order of an asyncio loop's callbacks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from localsocket import Service, current_call
from localsocket.errors import ClosedByPeer, ClosedByUs
from schedules.awaited_end import AwaitedEnd
from schedules.both_ends import Peer
from schedules.scheduler import Check, Schedule, explore

LOST = ClosedByUs, ClosedByPeer
SERVICE = Service("both")


@SERVICE.method
async def answer(number: int) -> int:
    return number


@SERVICE.method
async def ask_in_vain(number: int) -> object:
    given: object = await current_call().caller.call("never", number)
    return given


@SERVICE.method
async def ask(number: int) -> object:
    given: object = await current_call().caller.call("answer", number)
    return given


@SERVICE.method
async def hold(number: int) -> None:
    await asyncio.get_running_loop().create_future()


# What the peer does when it is called.
ANSWERS = {"answer": Peer.reply, "ask": Peer.call_back, "never": lambda peer, call: None}


@pytest.fixture(autouse=True)
def methods_that_fail_say_nothing() -> Iterator[None]:
    """A method whose caller has gone fails, thousands of times, and the log of that is not what is looked at."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    yield
    logging.disable(before)


def end_of(schedule: Schedule) -> AwaitedEnd:
    return AwaitedEnd(schedule, SERVICE, Peer(ANSWERS))


def test_calls_of_both_ends_at_once_each_get_their_own_answer() -> None:
    def scenario(schedule: Schedule) -> Check:
        end = end_of(schedule)
        theirs = end.peer_calls("ask", 3)
        end.task("caller", lambda client: client.call("ask", 1))
        end.task("other", lambda client: client.call("answer", 2))

        def check() -> None:
            assert end.outcomes == {"caller": 7, "other": 7}
            assert (theirs.body, end.other.open_calls) == (b"\7", 0)
            end.nothing_is_left()

        return check

    explore(scenario)


@pytest.mark.long
def test_a_call_whose_task_is_cancelled_while_it_calls_back_has_one_end_at_each_side() -> None:
    said = set()

    def scenario(schedule: Schedule) -> Check:
        end = end_of(schedule)
        end.task("caller", lambda client: client.call("ask", 1))
        end.actor("canceller", lambda: end.tasks["caller"].cancel())

        def check() -> None:
            said.add(end.outcomes.get("caller"))
            end.nothing_is_left()

        return check

    explore(scenario, preemptions=1)
    assert {7, asyncio.CancelledError} <= said


def test_a_call_that_its_caller_gives_up_while_it_calls_back_is_answered_once_at_most() -> None:
    answered = set()

    def scenario(schedule: Schedule) -> Check:
        end = end_of(schedule)
        theirs, in_vain = end.peer_calls("ask", 1), end.peer_calls("ask_in_vain", 1)
        schedule.actor("peer", lambda: [end.other.cancel(call) for call in (theirs, in_vain)])

        def check() -> None:
            answered.add(theirs.body)
            end.nothing_is_left()

        return check

    explore(scenario, preemptions=1)
    assert answered == {None, b"\7"}


def test_whoever_waits_is_told_when_the_connection_ends_in_both_directions() -> None:
    def scenario(schedule: Schedule) -> Check:
        end = end_of(schedule)
        end.other.call("ask_in_vain", 1)
        end.other.call("hold", 1)
        end.task("caller", lambda client: client.call("never", 1))
        end.actor("cut", end.lose)

        def check() -> None:
            assert end.outcomes["caller"] in LOST
            end.nothing_is_left()

        return check

    explore(scenario, preemptions=1)


def test_calls_that_begin_and_arrive_while_the_client_is_closed_have_an_end() -> None:
    def scenario(schedule: Schedule) -> Check:
        end = end_of(schedule)
        end.other.call("ask_in_vain", 1)
        end.task("caller", lambda client: client.call("never", 1))
        end.task("closer", lambda client: client.close())

        def check() -> None:
            assert end.outcomes["caller"] in LOST
            end.nothing_is_left()

        return check

    explore(scenario, preemptions=1)
