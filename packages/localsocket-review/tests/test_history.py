"""Baselines and changed lines over a real history: only what a commit causes is told, and what it takes away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import run
from histories import HISTORY, SERVER, Told, git, repository_with


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")


def reviewed(*options: object) -> dict[str, Any]:
    done = run(".", "--select", "LS106,LS107", "--format", "json", *options)
    report = json.loads(done.output)
    assert isinstance(report, dict)
    return report


def told(findings: list[dict[str, Any]]) -> Told:
    return frozenset(f"{one['rule']} {one['file']}" for one in findings)


@pytest.mark.long
def test_each_of_twenty_commits_tells_what_it_causes_and_what_it_removes() -> None:
    commits = repository_with(HISTORY, Path())
    assert len(commits) == 20
    for before, commit, step in zip([commits[0], *commits], commits, HISTORY, strict=False):
        git(Path(), "checkout", "--quiet", "--force", commit)
        report = reviewed("--diff", before)
        is_first = commit is commits[0]
        expected = frozenset() if is_first else step.comes
        assert (step.subject, told(report["findings"]), told(report["gone"])) == (step.subject, expected, step.goes)


@pytest.mark.long
def test_a_baseline_of_an_early_commit_tells_what_came_and_went_until_the_last() -> None:
    commits = repository_with(HISTORY, Path())
    git(Path(), "checkout", "--quiet", "--force", commits[8])
    assert run(".", "--select", "LS106,LS107", "--write-baseline", "known.json").output.startswith("3 findings written")
    git(Path(), "checkout", "--quiet", "--force", commits[18])
    report = reviewed("--baseline", "known.json")
    # Two alike were known, of which one is left, in another place.
    assert told(report["findings"]) == frozenset()
    assert told(report["gone"]) == {"LS106 other.py"}
    assert [one["count"] for one in report["not_shown"]] == [2]
    assert report["verdict"].startswith("No further security defects are detected")
    git(Path(), "checkout", "--quiet", "--force", commits[19])
    assert told(reviewed("--baseline", "known.json")["gone"]) == {"LS106 other.py", "LS107 handling.py"}


@pytest.mark.long
def test_the_baseline_changes_with_findings_and_not_with_lines() -> None:
    commits = repository_with(HISTORY, Path())
    written = []
    for commit in (commits[3], commits[4], commits[5]):
        git(Path(), "checkout", "--quiet", "--force", commit)
        run(".", "--select", "LS106", "--write-baseline", "known.json")
        written.append(Path("known.json").read_text())
    assert len(set(written)) == 1


@pytest.mark.long
def test_of_two_that_are_alike_the_copy_is_new() -> None:
    Path("server.py").write_text(SERVER)
    run(".", "--write-baseline", "known.json")
    Path("a_copy.py").write_text(SERVER)
    report = reviewed("--baseline", "known.json")
    assert told(report["findings"]) == {"LS106 a_copy.py"}
    assert report["verdict"] == "Security defects: CWE-367 (1); not shown: 1 known to known.json"
    assert run(".", "--baseline", "known.json").status == 1


@pytest.mark.long
def test_what_a_review_does_not_look_at_is_not_gone() -> None:
    for folder in ("one", "two"):
        Path(folder).mkdir()
        Path(folder, "server.py").write_text(SERVER)
    run(".", "--write-baseline", "known.json")
    assert reviewed("--baseline", "known.json")["gone"] == []
    assert json.loads(run("one", "--baseline", "known.json", "--format", "json").output)["gone"] == []
    assert (
        json.loads(run(".", "--baseline", "known.json", "--ignore", "LS106", "--format", "json").output)["gone"] == []
    )
    Path("two/server.py").unlink()
    assert told(reviewed("--baseline", "known.json")["gone"]) == {"LS106 two/server.py"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "--write-baseline known.json makes it"),
        ("[]", "is not a baseline"),
        ('{"format": "localsocket-review-baseline", "version": 9, "findings": []}', "has version 9"),
        ('{"format": "localsocket-review-baseline", "version": 1, "findings": [1]}', "is damaged"),
        ("{", "is damaged"),
    ],
)
def test_a_baseline_that_cannot_be_read_is_no_review(text: str | None, said: str) -> None:
    Path("server.py").write_text(SERVER)
    if text is not None:
        Path("known.json").write_text(text)
    done = run(".", "--baseline", "known.json")
    assert done.status == 2
    assert said in " ".join(done.complaints.split())


@pytest.mark.long
def test_a_revision_that_cannot_be_had_is_no_review(tmp_path: Path) -> None:
    Path("server.py").write_text(SERVER)
    assert "git said: " in run(".", "--diff", "main").complaints
    repository_with(HISTORY[:1], Path())
    for name in ("nowhere", "--help", ""):
        done = run(".", f"--diff={name}")
        assert (done.status, bool(done.complaints)) == ((2, True) if name else (1, False))
    (tmp_path / "elsewhere").mkdir()
    done = run(".", tmp_path / "elsewhere", "--diff", "main")
    assert (done.status, "is not in the repository" in " ".join(done.complaints.split())) == (2, True)


@pytest.mark.long
def test_a_new_baseline_is_never_a_part_of_what_is_found() -> None:
    Path("server.py").write_text(SERVER)
    for option in ("--baseline=known.json", "--diff=main", "--within=."):
        done = run(".", "--write-baseline", "known.json", option)
        assert (done.status, Path("known.json").exists()) == (2, False)
    assert "cannot write" in run(".", "--write-baseline", "missing/known.json").complaints


@pytest.mark.long
def test_two_files_that_are_harmless_alone_are_a_defect_for_a_commit_of_one_of_them() -> None:
    repository_with(HISTORY[:7], Path())
    git(Path(), "checkout", "--quiet", "--force", "main")
    assert run("handling.py", "receiving.py", "--select", "LS107").status == 1
    for name in ("handling.py", "receiving.py"):
        assert run(name, "--select", "LS107").status == 0
        done = run("--within", ".", name, "--select", "LS107")
        assert (done.status, "1. LS107 CWE-502 handling.py:" in done.output) == (1, True)
    Path("empty").mkdir()
    assert run("--within", ".", "--within", "empty", "handling.py").output.startswith("Nothing was reviewed.")
    done = run("--within", ".", "README")
    assert done.status == 0
    assert done.output.startswith("No further security defects are detected in the code; not shown: 2 in other files.")


@pytest.mark.long
def test_a_file_of_the_commit_that_cannot_be_read_falls_short() -> None:
    Path("server.py").write_text(SERVER)
    Path("odd.py").write_bytes(b"\0")
    assert run("--within", ".", "server.py").status == 1
    assert run("--within", ".", "odd.py").status == 2


@pytest.mark.long
def test_suppressions_that_silence_nothing_are_told_to_who_asks() -> None:
    words = "# localsocket: ignore[LS106,LS107] the starter locks it"
    Path("server.py").write_text(SERVER.replace("os.unlink(path)", f"os.unlink(path)  {words}"))
    assert "LS400" not in run("server.py").output
    done = run("server.py", "--report-unused-suppressions")
    assert "LS400 server.py:6: This comment silences nothing: LS107 would be silent without it." in done.output
    assert done.status == 0
    assert run("server.py", "--report-unused-suppressions", "--fail-on", "any").status == 1
    assert "LS400" not in run("server.py", "--report-unused-suppressions", "--ignore", "LS107").output


@pytest.mark.long
def test_a_suppression_without_a_reason_is_an_error() -> None:
    Path("harmless.py").write_text("x = 1  # localsocket: ignore[LS106]\n")
    done = run("harmless.py")
    assert done.status == 1
    assert done.output.startswith("No security defects are detected in the code.\n")
    assert run("harmless.py", "--fail-on", "none").status == 0
