"""A review takes steps in proportion to the code: counted, since time says more of the machine."""

from __future__ import annotations

import cProfile
import runpy
from pathlib import Path

import pytest

from localsocket_review.reviewer import review

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
BEGINNING = """
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int begin(int client) {
    char line[64];
    ssize_t got = recv(client, line, sizeof line - 1, 0);
    if (got <= 0)
        return -1;
    line[got] = 0;
    return act0(client, line, 0);
}
"""
IN_A_CIRCLE = """
static int act{0}(int client, const char *line, int depth) {{
    int rounds = act{1}(client, line + 1, depth + 1);
    for (int i = 0; i < rounds; i++)
        depth += act{2}(client, line, depth);
    if (depth > 9)
        return strncmp(line, "{0}", 1) == 0 ? act{3}(client, line, rounds) : depth;
    return act{1}(client, line, rounds);
}}
"""


def steps_of(tree: Path) -> int:
    """Return how many calls of functions the review of a tree takes."""
    profile = cProfile.Profile()
    profile.enable()
    review([tree])
    profile.disable()
    return sum(entry.callcount for entry in profile.getstats())


def steps_of_review(tree: Path, lines: int) -> tuple[int, int]:
    written = runpy.run_path(str(BENCHMARKS / "review_tree.py"))["write_tree"](tree, lines)
    return written, steps_of(tree)


@pytest.mark.long
def test_four_times_the_code_takes_hardly_more_than_four_times_the_steps(tmp_path: Path) -> None:
    lines, steps = steps_of_review(tmp_path / "small", 1_500)
    more_lines, more_steps = steps_of_review(tmp_path / "large", 6_000)
    assert more_steps / steps < 1.07 * more_lines / lines


def circle(size: int) -> str:
    """Return a program whose functions all lead to each other, each on several ways."""
    functions = (
        IN_A_CIRCLE.format(number, (number + 1) % size, (number * 7 + 3) % size, (number + size // 2) % size)
        for number in range(size)
    )
    return BEGINNING + "".join(functions)


@pytest.mark.long
def test_so_do_functions_that_call_each_other_in_circles(tmp_path: Path) -> None:
    steps = {}
    for size in (15, 60):
        file = tmp_path / f"{size}.c"
        file.write_text(circle(size), encoding="utf-8")
        steps[size] = steps_of(file)
    assert steps[60] / steps[15] < 1.1 * 60 / 15
