"""A sentence and its denial are never both right, nor both wrong; and no sentence has two answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from localsocket_review.analysis.facts import Facts
from localsocket_review.claims.checking import check_review_of_code
from localsocket_review.claims.claim import Verdict
from localsocket_review.claims.kinds import all_kinds
from localsocket_review.claims.reviewed_code import NOWHERE, Code
from localsocket_review.claims.statements.table import STATEMENTS
from localsocket_review.model.program import Program
from localsocket_review.reading.collecting import collect
from localsocket_review.reading.files import read_file

HERE = Path(__file__).parent
EXAMPLES = [example for kind in all_kinds() for example in kind.examples]
EXAMPLES += [statement.example for statement in STATEMENTS]
PROGRAMS = (
    "six_points/program",
    "six_points/broken",
    "programs/srv",
    "programs/thr",
    "programs/chatd",
    "programs/worker",
)
REVIEWS = sorted((HERE / "reviews").iterdir())


@cache
def code(program: str) -> Code:
    return Code(Facts(Program([read_file(path) for path in collect([HERE / program])])))


def verdicts(sentence: str, program: str) -> set[Verdict]:
    """Return what is decided; of what is nowhere, neither a sentence nor its denial is right."""
    answers = [one.answer for one in check_review_of_code(sentence, code(program)).claims]
    return {one.verdict for one in answers if not one.reason.startswith(NOWHERE)} - {Verdict.UNDECIDED}


def are_contrary(sentence: str, program: str) -> bool:
    return not verdicts(sentence, program) & verdicts(f"It is not true that {sentence}", program)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_and_its_denial_do_not_get_the_same_answer(number: int) -> None:
    assert are_contrary(EXAMPLES[number], PROGRAMS[number % len(PROGRAMS)])


@pytest.mark.exhaustive
@pytest.mark.parametrize("program", PROGRAMS)
def test_nor_do_they_of_any_program(program: str) -> None:
    assert not [sentence for sentence in EXAMPLES if not are_contrary(sentence, program)]


@pytest.mark.long
@pytest.mark.parametrize("review", REVIEWS, ids=lambda path: path.stem)
def test_a_sentence_of_a_review_and_its_denial_do_not_get_the_same_answer(review: Path) -> None:
    program = f"programs/{review.stem.partition('_')[0]}"
    text = "\n".join(line.partition("  => ")[0] for line in review.read_text(encoding="utf-8").splitlines())
    for one in check_review_of_code(text, code(program)).claims:
        alone = verdicts(one.claim.text, program)
        denied = verdicts(f"It is not true that {one.claim.text}", program)
        assert not alone & denied, one.claim.text


@pytest.mark.parametrize("review", REVIEWS, ids=lambda path: path.stem)
def test_each_sentence_of_a_review_has_one_answer(review: Path) -> None:
    program = f"programs/{review.stem.partition('_')[0]}"
    checked = check_review_of_code(review.read_text(encoding="utf-8"), code(program))
    told = [(one.claim.line, one.claim.text) for one in checked.claims]
    told += [(one.line, one.text) for one in checked.not_claims]
    assert len(told) == len(set(told))
