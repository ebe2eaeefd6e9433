"""Reviews that programs wrote: what is read, how each remark is tied to its line, and what comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import run
from localsocket_review.claims.structured import ACCEPTED, NotAReview, remarks_in

HERE = Path(__file__).parent
SRV = HERE / "programs" / "srv"
CORPUS = HERE.parent / "corpus"
COMMENTS = [
    {"path": "srv.py", "line": 31, "body": "`marshal.loads()` is called on what the client sent.",
     "user": {"login": "bot"}, "html_url": "https://example.org/1"},
    {"path": "srv.py", "line": 33, "body": "This function never closes the connection.", "user": {"login": "bot"}},
    {"path": "srv.py", "line": 900, "body": "This is unsafe.", "user": {"login": "bot"}},
    {"path": "client.py", "line": 3, "body": "This is unsafe.", "user": {"login": "bot"}},
    {"path": "srv.py", "line": None, "original_line": 2, "side": "LEFT", "body": "Nice! What is this for?"},
]  # fmt: skip


def answers(tmp_path: Path, document: object, program: Path = SRV) -> list[dict[str, object]]:
    review = tmp_path / "review.json"
    review.write_text(json.dumps(document), encoding="utf-8")
    done = run("--check-review", str(review), str(program), "--format", "json")
    assert done.complaints == ""
    claims: list[dict[str, object]] = json.loads(done.output)["claims"]
    return claims


def told(claims: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(one["at_line"], one["answer"]) for one in claims]


def test_review_comments_are_answered_each_at_its_line(tmp_path: Path) -> None:
    claims = answers(tmp_path, COMMENTS)
    assert told(claims) == [(31, "supported"), (33, "refuted"), (900, "refuted"), (3, "refuted")]
    assert (claims[0]["file"], claims[0]["author"], claims[0]["url"]) == ("srv.py", "bot", "https://example.org/1")
    assert "no line 900" in str(claims[2]["reason"])
    assert "no file client.py" in str(claims[3]["reason"])


def test_pages_of_comments_and_a_single_one_are_read_as_well(tmp_path: Path) -> None:
    assert told(answers(tmp_path, [COMMENTS[:1], COMMENTS[1:2]])) == [(31, "supported"), (33, "refuted")]
    assert told(answers(tmp_path, COMMENTS[0])) == [(31, "supported")]


def test_a_pull_request_is_read_with_its_reviews_and_comments(tmp_path: Path) -> None:
    document = {
        "reviews": [{"author": {"login": "ann"}, "body": "`serve()` calls `listen()`.", "state": "COMMENTED"}],
        "comments": [{"author": {"login": "bob"}, "body": "`serve()` calls `chmod()`."}, {"body": ""}],
    }
    claims = answers(tmp_path, document)
    assert [(one["author"], one["answer"]) for one in claims] == [("ann", "supported"), ("bob", "refuted")]


def test_results_of_another_tool_are_answered_by_what_they_say(tmp_path: Path) -> None:
    def result(message: str, line: int) -> dict[str, object]:
        place = {"artifactLocation": {"uri": "src/srv.py"}, "region": {"startLine": line}}
        return {"ruleId": "X1", "message": {"text": message}, "locations": [{"physicalLocation": place}]}

    run_of_tool = {
        "tool": {"driver": {"name": "other"}},
        "results": [result("`pickle.loads()` is called here.", 31), result("`marshal.loads()` is called here.", 31)],
    }
    claims = answers(tmp_path, {"version": "2.1.0", "runs": [run_of_tool]})
    assert told(claims) == [(31, "refuted"), (31, "supported")]
    assert {one["rule"] for one in claims} == {"X1"}


@pytest.mark.long
@pytest.mark.parametrize("program", ["ls106", "ls204", "ls301", "ls400"])
@pytest.mark.parametrize("output_format", ["sarif", "json"])
def test_our_own_reports_come_back_wholly_supported(program: str, output_format: str, tmp_path: Path) -> None:
    written = tmp_path / "report"
    run(str(CORPUS / program), "--format", output_format, "--no-cache", "--output", str(written))
    done = run("--check-review", str(written), str(CORPUS / program), "--format", "json")
    claims = json.loads(done.output)["claims"]
    assert len(claims) > 1
    assert {one["answer"] for one in claims} == {"supported"}
    assert done.status == 0


@pytest.mark.parametrize(
    "text",
    ['{"answer": 42}', '[{"text": "no body"}]', '{"runs": 3}', "<?xml version='1.0'?><checkstyle/>",
     "diff --git a/x b/x\n", '[{"body": "cut off', "a,b,c\n1,2,3\n"],
)  # fmt: skip
def test_what_is_structured_otherwise_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(NotAReview) as caught:
        remarks_in(text)
    assert ACCEPTED in str(caught.value)


@pytest.mark.parametrize("text", ["[1] `serve()` leaks.", "{ this is prose }", "# Review\n\n- fine\n", ""])
def test_prose_that_begins_with_a_bracket_is_prose(text: str) -> None:
    assert remarks_in(text) is None


def test_the_answers_as_markdown_are_a_reply_to_each_comment(tmp_path: Path) -> None:
    review = tmp_path / "review.json"
    review.write_text(json.dumps(COMMENTS), encoding="utf-8")
    done = run("--check-review", str(review), str(SRV), "--format", "markdown")
    assert "### [srv.py:31 (bot)](https://example.org/1)" in done.output
    assert "> This function never closes the connection." in done.output
    assert "**Refuted.** It is closed." in done.output
    assert "`connection.close()`" in done.output
    assert "### Not answered" in done.output


def test_the_answers_as_sarif_suppress_what_is_refuted(tmp_path: Path) -> None:
    review = tmp_path / "review.json"
    review.write_text(json.dumps(COMMENTS), encoding="utf-8")
    (only,) = json.loads(run("--check-review", str(review), str(SRV), "--format", "sarif").output)["runs"]
    assert [one["properties"]["answer"] for one in only["results"]] == ["supported", "refuted", "refuted", "refuted"]
    for one in only["results"]:
        assert ("suppressions" in one) is (one["properties"]["answer"] == "refuted")
    assert only["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 31}


@pytest.mark.parametrize(("fail_on", "status"), [("refuted", 1), ("none", 0), ("security", 1)])
def test_the_exit_status_can_be_told_to_fail_on_what_is_refuted_or_on_nothing(
    fail_on: str, status: int, tmp_path: Path
) -> None:
    review = tmp_path / "review.txt"
    review.write_text("`serve()` calls `chmod()`.\n", encoding="utf-8")
    assert run("--check-review", str(review), str(SRV), "--fail-on", fail_on).status == status
