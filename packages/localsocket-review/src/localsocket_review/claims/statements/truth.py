"""What the code says to a plain, positive statement."""

from __future__ import annotations

from dataclasses import dataclass

from localsocket_review.claims.claim import Shown


@dataclass(frozen=True, slots=True)
class Truth:
    """Whether it is so, None where the code does not tell.

    `is_always`: it holds on every way and whenever, so that no condition makes its denial true. A False is exhaustive
    by nature: everything was looked at.
    """

    holds: bool | None
    reason: str
    places: tuple[Shown, ...] = ()
    is_always: bool = False


def true(reason: str, *places: Shown, always: bool = False) -> Truth:
    return Truth(True, reason, places[:5], always)


def false(reason: str, *places: Shown) -> Truth:
    return Truth(False, reason, places[:5])


def unknown(reason: str, *places: Shown) -> Truth:
    return Truth(None, reason, places[:5])
