"""No connection and no user gets all threads of a service, and what waits for one gets it in turn."""

from __future__ import annotations

import threading

import pytest

from localsocket.services.fair_line import FairLine
from localsocket.services.fair_threads import FairThreads
from localsocket.services.thread_shares import ThreadShares
from localsocket.testing import PATIENCE, wait_until

US, OTHERS = 1000, 1001


def taken(shares: ThreadShares, connection: object, uid: int = US) -> int:
    """Take as many threads as there are for this connection."""
    count = 0
    while shares.take(connection, uid):
        count += 1
    return count


@pytest.mark.parametrize("threads", [3, 4, 8, 31, 32, 255, 256])
def test_a_connection_leaves_threads_for_others(threads: int) -> None:
    shares = ThreadShares(threads)
    assert threads / 2 < taken(shares, "greedy") < threads
    assert shares.take("another", US)


@pytest.mark.parametrize("threads", [32, 256])
def test_many_connections_of_one_user_leave_threads_for_another_user(threads: int) -> None:
    shares = ThreadShares(threads)
    assert threads / 2 < sum(taken(shares, number) for number in range(2 * threads)) < threads
    assert shares.take("another", OTHERS)


def test_the_more_connections_there_are_the_less_each_gets() -> None:
    shares = ThreadShares(256)
    has = [0] * 4
    while any(gets := [shares.take(number, US) for number in range(4)]):
        has = [count + got for count, got in zip(has, gets, strict=True)]
    assert max(has) - min(has) <= 1
    assert shares.take("another", US)


@pytest.mark.parametrize("threads", [1, 2])
def test_of_few_threads_all_may_be_one_connections(threads: int) -> None:
    assert taken(ThreadShares(threads), "only") == threads


def test_what_is_given_back_may_be_taken_again() -> None:
    shares = ThreadShares(32)
    most = taken(shares, "greedy")
    for _ in range(most):
        shares.give_back("greedy", US)
    assert shares.taken == 0
    assert taken(shares, "greedy") == most


# --- who waits ------------------------------------------------------------------------------------------------------


def test_users_who_wait_come_in_turn_and_of_each_the_connection_that_has_waited_longest() -> None:
    line, shares = FairLine[str](), ThreadShares(100)
    for connection in ("a1", "a2", "a3", "a1"):
        line.add(connection, US)
    line.add("b1", OTHERS)
    line.add("b2", OTHERS)
    line.discard("b2", OTHERS)
    assert list(iter(lambda: line.take_next(shares), None)) == ["a1", "b1", "a2", "a3"]
    assert not line


def test_who_may_have_no_thread_keeps_nobody_else_waiting_and_stays_first() -> None:
    line, shares = FairLine[str](), ThreadShares(32)
    most = taken(shares, "greedy")
    for connection in ("greedy", "another"):
        line.add(connection, US)
    assert line.take_next(shares) == "another"
    assert line.take_next(shares) is None
    for _ in range(most):
        shares.give_back("greedy", US)
    line.add("another", US)
    assert line.take_next(shares) == "greedy"


def test_a_user_with_all_its_threads_keeps_no_other_user_waiting() -> None:
    line, shares = FairLine[str](), ThreadShares(32)
    for number in range(100):
        shares.take(number, US)
        line.add(f"a{number}", US)
    line.add("b", OTHERS)
    assert [line.take_next(shares), line.take_next(shares)] == ["b", None]


# --- threads --------------------------------------------------------------------------------------------------------


class Jobs:
    """Jobs that run until they may end, and who has begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = threading.Semaphore(0)

    def of(self, name: str) -> None:
        self.begun.append(name)
        self.may_end.acquire(timeout=PATIENCE)


def test_a_connection_with_many_jobs_does_not_keep_another_waiting() -> None:
    threads, jobs = FairThreads("test", 8), Jobs()
    for _ in range(100):
        threads.submit("greedy", US, lambda: jobs.of("greedy"))
    threads.submit("another", US, lambda: jobs.of("another"))
    wait_until(lambda: "another" in jobs.begun, "the other job to begin")
    wait_until(lambda: jobs.begun.count("greedy") >= 4, "half of the threads to be at work")
    assert jobs.begun.count("greedy") < 8
    for _ in range(101):
        jobs.may_end.release()
    wait_until(lambda: len(jobs.begun) == 101, "all to be done")
    threads.close()
    wait_until(lambda: not running_threads(threads), "the threads to end")


def test_those_who_wait_get_the_next_thread_in_turn() -> None:
    threads, jobs = FairThreads("test", 1), Jobs()
    for name in ("a", "a", "a", "b", "b", "c"):
        threads.submit(name, US, lambda name=name: jobs.of(name))  # type: ignore[misc]
    for number in range(6):
        wait_until(lambda number=number: len(jobs.begun) == number + 1, "the next to begin")  # type: ignore[misc]
        jobs.may_end.release()
    assert jobs.begun == ["a", "a", "b", "c", "a", "b"]
    threads.close()
    wait_until(lambda: not running_threads(threads), "the threads to end")


def test_where_a_users_jobs_are_a_crowd_each_connection_may_have_one_that_waits() -> None:
    threads, jobs = FairThreads("test", 1), Jobs()
    told = threading.Event()
    count = 0
    while threads.has_room("greedy", US, told.set):
        threads.submit("greedy", US, lambda: jobs.of("greedy"))
        count += 1
    assert 200 < count < 300
    assert threads.has_room("greedy", OTHERS, told.set)
    assert threads.has_room("another", US, told.set)
    threads.submit("another", US, lambda: jobs.of("another"))
    assert not threads.has_room("another", US, lambda: jobs.begun.append("may have one more"))
    for _ in range(count + 1):
        jobs.may_end.release()
    wait_until(lambda: "another" in jobs.begun, "its turn to come")
    assert jobs.begun.index("may have one more") < jobs.begun.index("another") < 5
    wait_until(told.is_set, "the others to have begun")
    threads.close()
    wait_until(lambda: not running_threads(threads), "the threads to end")


@pytest.mark.long
def test_a_thread_that_has_nothing_to_do_ends() -> None:
    threads = FairThreads("test", 8)
    done = threading.Event()
    threads.submit("only", US, done.set)
    assert done.wait(PATIENCE)
    wait_until(lambda: not running_threads(threads), "the thread to end")
    done.clear()
    threads.submit("only", US, done.set)
    assert done.wait(PATIENCE)
    threads.close()
    wait_until(lambda: not running_threads(threads), "the threads to end")


def running_threads(threads: FairThreads) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each in threads]
