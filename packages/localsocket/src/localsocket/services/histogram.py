"""Latencies, counted in buckets that are narrow where times are short: percentiles in constant memory."""

from __future__ import annotations

from collections.abc import Iterable

from localsocket._core import short_ways

_STEPS = 8  # buckets for each doubling, so a percentile is true to about a tenth
_BUCKETS = 80 * _STEPS  # more nanoseconds than will ever pass


@short_ways("add")
class LatencyHistogram:
    """Counts of durations in nanoseconds. Not thread-safe: a count may be lost, nothing worse."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS

    def add(self, nanoseconds: int) -> None:
        exponent = nanoseconds.bit_length()
        if exponent < 4:
            self._counts[exponent * _STEPS] += 1
        else:
            # The bit after the leading one and the two after that choose among the buckets of this doubling.
            self._counts[exponent * _STEPS + (nanoseconds >> (exponent - 4) & 7)] += 1

    @classmethod
    def of_all(cls, histograms: Iterable[LatencyHistogram]) -> LatencyHistogram:
        """Return one with the counts of them all."""
        whole = cls()
        if some := [each._counts for each in histograms if any(each._counts)]:
            whole._counts = [sum(counts) for counts in zip(*some, strict=True)]
        return whole

    @property
    def seconds(self) -> float:
        """The sum of all durations, true to about a tenth."""
        return sum(count * _middle(bucket) for bucket, count in enumerate(self._counts) if count) / 1e9

    @property
    def total(self) -> int:
        return sum(self._counts)

    def counted(self) -> list[tuple[float, int]]:
        """Return how many took at most so many seconds, and longer than the ones before; without empty buckets."""
        return [(_upper_end(bucket) / 1e9, count) for bucket, count in enumerate(self._counts) if count]

    def percentile(self, percent: float) -> float:
        """Return the duration, in seconds, that `percent` of all were at most; 0 when there was none."""
        wanted = self.total * percent / 100
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return _upper_end(bucket) / 1e9
        return 0.0


def _upper_end(bucket: int) -> float:
    exponent, step = divmod(bucket, _STEPS)
    if exponent < 4:
        return float(2**exponent)
    return (_STEPS + step + 1) * 2.0 ** (exponent - 4)


def _middle(bucket: int) -> float:
    exponent, step = divmod(bucket, _STEPS)
    if exponent < 4:
        return 0.75 * float(2**exponent)
    return (_STEPS + step + 0.5) * 2.0 ** (exponent - 4)
