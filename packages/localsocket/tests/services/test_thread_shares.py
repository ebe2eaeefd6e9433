"""No connection and no user gets all threads of a service, and what waits for one gets it in turn."""

from __future__ import annotations

import threading

import pytest

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
