"""The known bad review: all its six points are wrong of the program, and true of another that has those defects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from localsocket.review.claims.checking import CheckedReview, check_review
from localsocket.review.claims.claim import Verdict

SIX_POINTS = Path(__file__).parent / "six_points"
REVIEW = SIX_POINTS / "review.md"
COMPLAINTS = {
    "1": {"naming"},
    "2": {"unused"},
    "3": {"missing Q_OBJECT"},
    "4": {"leak"},
    "5": {"other thread", "overload"},
    "6": {"other thread", "overload"},
}


def check(program: str, review: Path = REVIEW) -> CheckedReview:
    return check_review(review.read_text(encoding="utf-8"), [SIX_POINTS / program])


def verdicts(checked: CheckedReview, point: str) -> set[Verdict]:
    return {one.answer.verdict for one in checked.claims if one.claim.point == point}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "localsocket.review", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.parametrize("review", [REVIEW, SIX_POINTS / "review_in_prose.txt"], ids=lambda path: path.name)
@pytest.mark.parametrize("point", COMPLAINTS)
def test_each_of_the_six_points_is_refuted(review: Path, point: str) -> None:
    checked = check("program", review)
    assert {one.claim.kind for one in checked.claims if one.claim.point == point} == COMPLAINTS[point]
    assert verdicts(checked, point) == {Verdict.REFUTED}


@pytest.mark.parametrize("point", COMPLAINTS)
def test_the_same_points_are_supported_of_a_program_where_they_are_true(point: str) -> None:
    complaints = [one for one in check("broken").claims if one.claim.point == point and one.claim.kind != "overload"]
    assert complaints
    assert {one.answer.verdict for one in complaints} == {Verdict.SUPPORTED}


@pytest.mark.parametrize("review", sorted(SIX_POINTS.glob("review*")), ids=lambda path: path.name)
def test_nothing_but_the_verdict_is_supported_in_whichever_words(review: Path) -> None:
    supported = check("program", review).of(Verdict.SUPPORTED)
    assert [one.claim.kind for one in supported] == ["security defects"]
    for point in COMPLAINTS:
        assert verdicts(check("program", review), point)


def test_an_overload_that_qt_does_not_have_is_refuted_whatever_the_program() -> None:
    for program in ("program", "broken"):
        overloads = [one for one in check(program).claims if one.claim.kind == "overload"]
        assert [one.answer.verdict for one in overloads] == [Verdict.REFUTED] * 2
        assert "Qt has no listen(const QString &name, QThread *thread)" in overloads[0].answer.reason
        assert "changes nothing about threads" in overloads[1].answer.reason


def test_every_answer_about_the_six_points_shows_its_places() -> None:
    shown = {
        one.claim.names or one.claim.point: {
            (Path(place.place.file).name, place.place.line) for place in one.answer.places
        }
        for one in check("program").claims
    }
    assert ("tst_exchange.cpp", 25) in shown["pingPong_data()",]
    assert shown["ServerThread",] == {("serverthread.h", 8)}
    assert ("socketfactory.cpp", 7) in shown["QLocalSocket",]
    assert shown["listen()",] == {("serverthread.cpp", 20)}


def test_the_exit_status_tells_whether_something_was_refuted(tmp_path: Path) -> None:
    program = str(SIX_POINTS / "program")
    assert run("--check-review", str(REVIEW), program).returncode == 1
    true = tmp_path / "true.txt"
    true.write_text("`ServerThread` has the `Q_OBJECT` macro.\n")
    done = run("--check-review", str(true), program)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "1 claim: 1 supported."


def test_the_answers_are_given_as_json() -> None:
    done = run("--check-review", str(REVIEW), str(SIX_POINTS / "program"), "--format", "json")
    document = json.loads(done.stdout)
    assert list(document) == ["summary", "claims", "searched", "not_read"]
    first = document["claims"][1]
    assert list(first) == [
        "line", "point", "kind", "names", "text", "says_wrong", "hedged", "answer", "reason", "places",
    ]  # fmt: skip
    assert (first["point"], first["line"], first["answer"], first["says_wrong"]) == ("1", 7, "refuted", True)
    assert first["places"][0]["file"].endswith("tst_exchange.cpp")
    assert [claim["hedged"] for claim in document["claims"] if claim["line"] == 17] == [True]


def test_a_review_or_a_path_that_is_missing_is_refused() -> None:
    for arguments in ([str(SIX_POINTS / "missing.md"), str(SIX_POINTS)], [str(REVIEW), str(SIX_POINTS / "missing")]):
        done = run("--check-review", *arguments)
        assert done.returncode == 2
        assert "missing" in done.stderr


def test_the_whole_program_was_understood_its_test_macros_too() -> None:
    assert not check("program").not_read
