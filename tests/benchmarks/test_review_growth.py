"""A review takes steps in proportion to the code: counted, since time says more of the machine."""

from __future__ import annotations

import cProfile
import runpy
from pathlib import Path

from localsocket_review.reviewer import review

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


def steps_of_review(tree: Path, lines: int) -> tuple[int, int]:
    """Return how many lines a tree has, and how many calls of functions its review takes."""
    written = runpy.run_path(str(BENCHMARKS / "review_tree.py"))["write_tree"](tree, lines)
    profile = cProfile.Profile()
    profile.enable()
    review([tree])
    profile.disable()
    return written, sum(entry.callcount for entry in profile.getstats())


def test_four_times_the_code_takes_hardly_more_than_four_times_the_steps(tmp_path: Path) -> None:
    lines, steps = steps_of_review(tmp_path / "small", 5_000)
    more_lines, more_steps = steps_of_review(tmp_path / "large", 20_000)
    assert more_steps / steps < 1.1 * more_lines / lines
