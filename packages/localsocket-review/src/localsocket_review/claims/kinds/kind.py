"""The one shape of all kinds of claims."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from localsocket_review.claims.claim import Answer, Claim
from localsocket_review.claims.reviewed_code import Code


@dataclass(frozen=True, slots=True)
class ClaimKind:
    """A kind of claim: how it is worded, and how the code is asked.

    `complaint` matches what says that something is wrong, its own negation included ("never used"); `denial` what says
    that it is in order ("is used"). A negation ahead of either turns it round. In what they see, names of code are
    marks like <0>, or <0s> with a signature; those in `topics` belong to what is said and not to what it is said of,
    and are there by name: <Q_OBJECT>.

    - `for_each_name`: several names are as many claims; `needs_name`: without one it is no claim.
    - `names_follow`: it is about the name behind the words, and the one ahead of them says where.
    - `knows_missing`: it answers itself for names that the code does not have.
    - `takes_rules`: what it is about may be the number of a rule.
    - `is_premise`: it describes and does not judge, so beside a judgement in its sentence it is told only when it is
      false.
    - `is_last_resort`: it is asked only where no other kind recognises anything.
    - `covers` are the kinds that add nothing in the same sentence.
    - `rank`: of two kinds that match the same words, the lower one is right.
    """

    name: str
    title: str
    complaint: re.Pattern[str]
    denial: re.Pattern[str] | None
    check: Callable[[Claim, Code], Answer]
    examples: tuple[str, ...]
    topics: frozenset[str] = frozenset()
    for_each_name: bool = False
    is_premise: bool = False
    knows_missing: bool = False
    needs_name: bool = False
    takes_rules: bool = False
    names_follow: bool = False
    is_last_resort: bool = False
    covers: frozenset[str] = frozenset()
    rank: int = 5


def words(*phrases: str) -> re.Pattern[str]:
    """Return a pattern that matches any of the phrases."""
    return re.compile("|".join(f"(?:{phrase})" for phrase in phrases), re.IGNORECASE)
