"""Latencies are counted alike by both cores."""

from __future__ import annotations

import pytest

from cores import assert_counts_references, core_named, made_with
from localsocket.services.histogram import LatencyHistogram

CORES = ["pure", "compiled"]
TIMES = [*range(70), *(2**power + more for power in range(3, 63) for more in (-1, 0, 1)), 2**63 - 1, -1, -1000]


def test_both_cores_count_each_time_in_the_same_bucket() -> None:
    pure, compiled = (made_with(core_named(name), LatencyHistogram, "add")() for name in CORES)
    for time in TIMES:
        for _ in range(2):
            pure.add(time)
            compiled.add(time)
        assert pure._counts == compiled._counts, time


@pytest.mark.parametrize("name", CORES)
def test_what_is_no_time_is_not_counted(name: str) -> None:
    histogram = made_with(core_named(name), LatencyHistogram, "add")()
    for wrong in (None, "1", 2**80):
        with pytest.raises((AttributeError, TypeError, IndexError)):
            histogram.add(wrong)  # type: ignore[arg-type]
    assert not histogram.total


@pytest.mark.parametrize("name", CORES)
def test_nothing_is_kept_of_what_was_counted(name: str) -> None:
    histogram = made_with(core_named(name), LatencyHistogram, "add")()
    histogram._counts[100 // 4] = 2**40
    assert_counts_references(lambda: [histogram.add(time) for time in (3, 100, 10**9)])
