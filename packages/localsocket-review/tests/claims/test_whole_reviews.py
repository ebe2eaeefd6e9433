"""Whole reviews of small programs, as people and language models write them, with what each line is answered.

Behind a line stands ` => ` and its answers; "nothing" where no claim is recognised. The programs are in `programs/`,
under the first word of the review's name. What is not right or wrong by the code alone may become decided one day;
what is supported must be true, and what is refuted false.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from localsocket_review.analysis.facts import Facts
from localsocket_review.claims.checking import check_review_of_code
from localsocket_review.claims.claim import Verdict
from localsocket_review.claims.reviewed_code import Code, Sort
from localsocket_review.model.program import Program
from localsocket_review.reading.collecting import collect, read_file

HERE = Path(__file__).parent
REVIEWS = sorted((HERE / "reviews").iterdir())
OF_A_FUNCTION = (
    "`{}` has a command injection.",
    "`{}` removes the socket file without checking for a live server.",
    "`{}` unpickles data.",
    "The return value of `listen()` is ignored in `{}`.",
    "`{}` ignores the return value of `send()`.",
    "`{}` leaks.",
    "The size is not validated in `{}`.",
    "`{}` blocks the event loop.",
    "`{}` does not check for null.",
    "There is no message framing in `{}`.",
    "Short reads are not handled in `{}`.",
    "CWE-502 in `{}`.",
    "LS106 in `{}`.",
    "`{}` is vulnerable.",
    "`{}` is called from several threads.",
    "The permissions are set after the bind in `{}`.",
    "Any local user can connect to `{}`.",
    "Disconnection is not handled in `{}`.",
)
WORDS = {"cannot be decided here": "undecided"}


@cache
def code(program: str) -> Code:
    return Code(Facts(Program([read_file(path) for path in collect([HERE / "programs" / program])])))


@pytest.mark.parametrize("review", REVIEWS, ids=lambda path: path.stem)
def test_each_line_of_a_review_is_answered_as_it_deserves(review: Path) -> None:
    lines = [line.partition("  => ") for line in review.read_text(encoding="utf-8").splitlines()]
    expected = {number: answers for number, (_, _, answers) in enumerate(lines, 1) if answers}
    answered: defaultdict[int, set[str]] = defaultdict(set)
    checked = check_review_of_code("\n".join(line for line, _, _ in lines), code(review.stem.partition("_")[0]))
    for one in checked.claims:
        answered[one.claim.line].add(WORDS.get(one.answer.verdict.value, one.answer.verdict.value))
    told = {number: ", ".join(sorted(answered[number])) or "nothing" for number in sorted({*expected, *answered})}
    assert told == expected


@pytest.mark.long
@pytest.mark.parametrize("program", ["jobserver", "player", "statusd", "worker"])
def test_what_is_supported_of_a_function_is_shown_in_it(program: str) -> None:
    seen = code(program)
    for function in seen.of_sort(Sort.FUNCTION):
        for sentence in OF_A_FUNCTION:
            for one in check_review_of_code(sentence.format(function), seen).claims:
                if one.answer.verdict is Verdict.SUPPORTED:
                    shown = [place.place for place in one.answer.places]
                    assert any(seen.holds(function, place) for place in shown), (one.claim.text, one.answer)
