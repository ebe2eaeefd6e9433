"""The scheduler finds what it is for, tells how it came to it, and takes the same way twice."""

from __future__ import annotations

import threading

import pytest

from schedules.scheduler import Check, NotDeterministic, Schedule, Stuck, explore
from schedules.stand_ins import Condition, Event, Lock, Queue, Semaphore, Thread


class Counter:
    """Adds without a lock what it has read before."""

    def __init__(self, schedule: Schedule) -> None:
        self.value = 0
        self._schedule = schedule

    def add(self) -> None:
        value = self.value
        self._schedule.step("has read")
        self.value = value + 1


def test_an_update_that_is_lost_is_found_and_the_steps_to_it_are_told() -> None:
    def scenario(schedule: Schedule) -> Check:
        counter = Counter(schedule)
        schedule.actor("one", counter.add)
        schedule.actor("other", counter.add)

        def check() -> None:
            assert counter.value == 2

        return check

    with pytest.raises(AssertionError) as caught:
        explore(scenario)
    assert "one: has read\n  other: has read" in caught.value.__notes__[-1]


def test_what_needs_no_preemption_is_all_that_is_tried_without_one() -> None:
    orders = []

    def scenario(schedule: Schedule) -> Check:
        done: list[int] = []
        orders.append(done)
        for number in range(3):
            schedule.actor(str(number), lambda number=number: (schedule.step("works"), done.append(number)))
        return lambda: None

    assert explore(scenario, preemptions=0) == 6
    assert sorted(orders) == [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]


@pytest.mark.parametrize(("preemptions", "orders"), [(0, 2), (1, 6), (2, 14), (3, 18), (4, 20)])
def test_every_order_is_taken_once(preemptions: int, orders: int) -> None:
    # Two actors of three pieces each, between which one may step: 6! / (3! * 3!) orders.
    seen = []

    def scenario(schedule: Schedule) -> Check:
        pieces: list[str] = []

        def work(name: str) -> None:
            for number in range(3):
                pieces.append(name)
                if number < 2:
                    schedule.step("next")

        schedule.actor("one", lambda: work("one"))
        schedule.actor("other", lambda: work("other"))
        return lambda: seen.append(tuple(pieces))

    assert explore(scenario, preemptions=preemptions) == orders == len(set(seen))


def test_two_locks_taken_in_two_orders_are_found_to_be_a_deadlock() -> None:
    def scenario(schedule: Schedule) -> Check:
        first, second = Lock(schedule), Lock(schedule)

        def take(one: Lock, other: Lock) -> None:
            with one, other:
                pass

        schedule.actor("one", lambda: take(first, second))
        schedule.actor("other", lambda: take(second, first))
        return lambda: None

    with pytest.raises(Stuck, match="one, other wait for ever"):
        explore(scenario)


def test_a_lock_is_held_by_one_at_a_time() -> None:
    def scenario(schedule: Schedule) -> Check:
        counter, lock = Counter(schedule), Lock(schedule)

        def add() -> None:
            with lock:
                counter.add()

        for name in ("one", "other", "third"):
            schedule.actor(name, add)

        def check() -> None:
            assert counter.value == 3

        return check

    assert explore(scenario) > 50


def test_instructions_are_steps_where_that_is_asked_for() -> None:
    held: list[int] = []

    def take_all() -> list[int]:
        taken = list(held)
        held.clear()
        return taken

    def scenario(schedule: Schedule) -> Check:
        held[:] = [1]
        taken: list[int] = []
        schedule.step_within(take_all)
        schedule.actor("taker", lambda: taken.extend(take_all()))
        schedule.actor("giver", lambda: held.append(2))

        def check() -> None:
            assert sorted(taken + held) == [1, 2]

        return check

    with pytest.raises(AssertionError):
        explore(scenario)


def test_a_time_may_be_over_whenever_one_waits_with_a_time_out() -> None:
    outcomes = set()

    def scenario(schedule: Schedule) -> Check:
        event = Event(schedule)
        schedule.actor("waiter", lambda: outcomes.add(event.wait(5)))
        schedule.actor("setter", event.set)
        return lambda: None

    explore(scenario)
    assert outcomes == {True, False}


def test_the_stand_ins_wait_as_the_real_ones_do() -> None:
    def scenario(schedule: Schedule) -> Check:
        queue, condition, places = Queue(schedule), Condition(schedule), Semaphore(schedule, 1)
        taken: list[int] = []

        def give() -> None:
            places.acquire()
            for number in range(2):
                with condition:
                    queue.append(number)
                    condition.notify_all()
            places.release()

        def take() -> None:
            while len(taken) < 2:
                with condition:
                    while not queue:
                        condition.wait()
                    taken.append(queue.popleft())

        def both() -> None:
            giving = Thread(schedule, target=give, name="giver")
            giving.start()
            take()
            giving.join()
            assert not giving.is_alive()

        schedule.actor("taker", both)

        def check() -> None:
            assert taken == [0, 1]

        return check

    assert explore(scenario) > 10


def test_a_scenario_that_is_not_the_same_each_time_is_told() -> None:
    runs = []

    def scenario(schedule: Schedule) -> Check:
        runs.append(1)
        for name in "one", "other", "third":
            if len(runs) < 3 or name == "one":
                schedule.actor(name, lambda: schedule.step("works"))
        return lambda: None

    with pytest.raises(NotDeterministic):
        explore(scenario)


def test_more_schedules_than_one_may_take_are_told() -> None:
    def scenario(schedule: Schedule) -> Check:
        for name in "one", "other":
            schedule.actor(name, lambda: [schedule.step("works") for _ in range(50)])
        return lambda: None

    with pytest.raises(AssertionError, match="more than 100 schedules"):
        explore(scenario, at_most=100)


def test_no_actor_is_left_over_when_a_schedule_fails() -> None:
    before = set(threading.enumerate())

    def scenario(schedule: Schedule) -> Check:
        lock = Lock(schedule)
        schedule.actor("waiter", lambda: schedule.wait("waits", lambda: False))
        schedule.actor("holder", lambda: (lock.acquire(), schedule.step("holds"), 1 / 0))
        return lambda: None

    with pytest.raises(ZeroDivisionError):
        explore(scenario)
    assert set(threading.enumerate()) <= before
