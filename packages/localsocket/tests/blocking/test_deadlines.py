"""One deadline for a whole call, on the monotonic clock."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from localsocket.deadlines import Deadline, check_count, check_seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the monotonic clock, which the test moves; the wall clock must not be asked."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "time", lambda: pytest.fail("the wall clock was asked"))
    return now


def test_a_deadline_comes_once_and_for_good(clock: list[float]) -> None:
    deadline = Deadline(5)
    assert (deadline.remaining(), deadline.has_passed(), deadline.timeout) == (5, False, 5)
    clock[0] += 4.5
    assert (deadline.remaining(), deadline.has_passed()) == (0.5, False)
    clock[0] += 0.5
    assert (deadline.remaining(), deadline.has_passed()) == (0, True)
    clock[0] += 100
    assert (deadline.remaining(), deadline.has_passed()) == (0, True)


def test_no_time_is_over_at_once(clock: list[float]) -> None:
    assert (Deadline(0).remaining(), Deadline(0).has_passed()) == (0, True)


def test_for_ever_never_comes(clock: list[float]) -> None:
    deadline = Deadline(None)
    clock[0] += 1e12
    assert (deadline.remaining(), deadline.has_passed()) == (None, False)


@pytest.mark.parametrize("timeout", [1e12, 1e300, float("inf"), 10**400])
def test_a_huge_time_is_one_that_locks_and_system_calls_accept(timeout: float) -> None:
    remaining = Deadline(timeout).remaining()
    assert remaining is not None
    assert 1e8 < remaining < threading.TIMEOUT_MAX


def test_the_error_says_what_took_too_long() -> None:
    error = Deadline(0.5).error("reading", queued=7)
    assert str(error) == "reading took longer than 0.5 s; 7 bytes stay queued"
    assert (error.doing, error.timeout, error.queued) == ("reading", 0.5, 7)
    assert str(Deadline(2).error("accepting")) == "accepting took longer than 2 s"


@pytest.mark.parametrize("value", [-1, -0.0001, float("nan"), float("-inf")])
def test_seconds_that_nobody_can_wait_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="pause must not be negative or NaN, got"):
        check_seconds(value, "pause")


@pytest.mark.parametrize("value", ["1", b"1", None, True, False, [1], 1j])
def test_what_is_no_number_of_seconds_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="pause must be a number of seconds or None, not"):
        check_seconds(value, "pause")


@pytest.mark.parametrize("value", [0, 0.0, 1, 2.5])
def test_seconds_are_returned_as_they_are(value: float) -> None:
    assert check_seconds(value, "pause") == value


@pytest.mark.parametrize(("value", "minimum"), [(-1, 0), (0, 1)])
def test_a_count_below_its_minimum_is_refused(value: int, minimum: int) -> None:
    with pytest.raises(ValueError, match=f"size must be at least {minimum}, got {value}"):
        check_count(value, "size", minimum=minimum)


@pytest.mark.parametrize("value", ["1", 1.0, None, True, float("nan")])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="size must be a whole number, not"):
        check_count(value, "size")


def test_a_count_is_returned_as_it_is() -> None:
    assert check_count(0, "size") == 0
    assert check_count(10**30, "size", minimum=1) == 10**30
