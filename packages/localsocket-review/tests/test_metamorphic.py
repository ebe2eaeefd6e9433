"""What changes nothing for the compiler changes nothing in the report; taking away a guard does."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from localsocket_review.reviewer import review
from planted_defects import CASES, CORPUS, files_of, name_of, planted
from rewriting import (
    unmarked,
    with_comments,
    with_renamed_locals,
    with_reordered_members,
    with_white_space,
)

Rewriting = Callable[[str, bool, Random], str]
REWRITINGS: dict[str, Rewriting] = {
    "white space": with_white_space,
    "comments": with_comments,
    "renamed locals": with_renamed_locals,
    "reordered members": with_reordered_members,
}
GUARD = re.compile(r"(?:#|//)\s*guard\b")
GUARDED = [case for case in CASES if any(GUARD.search(path.read_text(encoding="utf-8")) for path in files_of(case))]
PAIRS = st.tuples(st.sampled_from(CASES), st.randoms(use_true_random=False))
few = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
many = settings(few, max_examples=100)


def rewrite(case: Path, target: Path, rewritings: list[Rewriting], random: Random) -> None:
    """Write a case, or a tree of cases, rewritten to another place."""
    for path in files_of(case):
        text = unmarked(path.read_text(encoding="utf-8"))
        for rewriting in rewritings:
            text = rewriting(text, path.suffix == ".py", random)
        copy = target / path.relative_to(case.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")


def rules_found(paths: list[Path]) -> Counter[str]:
    return Counter(finding.rule for finding in review(paths).findings)


@pytest.mark.long
@pytest.mark.parametrize("name", REWRITINGS)
@pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.exhaustive)], ids=["few", "many"])
def test_what_means_the_same_is_judged_the_same(name: str, examples: settings) -> None:
    @examples
    @given(PAIRS)
    def check(pair: tuple[Path, Random]) -> None:
        case, random = pair
        with tempfile.TemporaryDirectory() as folder:
            rewrite(case, Path(folder), [REWRITINGS[name]], random)
            expected = Counter(rule for _, _, rule in planted(case))
            assert rules_found([Path(folder)]) == expected, name_of(case)

    check()


@pytest.mark.long
def test_the_whole_corpus_rewritten_is_judged_the_same(tmp_path: Path) -> None:
    rewrite(CORPUS, tmp_path, list(REWRITINGS.values()), Random(7))
    root = tmp_path / CORPUS.name
    found = Counter(
        (Path(finding.place.file).relative_to(root).as_posix(), finding.rule) for finding in review([root]).findings
    )
    expected = Counter(
        (Path(file).relative_to(CORPUS).as_posix(), rule) for case in CASES for file, _, rule in planted(case)
    )
    assert found == expected, sorted((found - expected) + (expected - found))


@pytest.mark.parametrize("case", GUARDED, ids=name_of)
def test_without_its_guard_a_clean_case_has_the_defect(case: Path, tmp_path: Path) -> None:
    for path in files_of(case):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        copy = tmp_path / path.relative_to(case.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text("".join(line for line in lines if not GUARD.search(line)), encoding="utf-8")
    assert case.parent.name.upper() in rules_found([tmp_path])


def test_guards_are_marked_in_many_cases() -> None:
    assert len(GUARDED) >= 20
