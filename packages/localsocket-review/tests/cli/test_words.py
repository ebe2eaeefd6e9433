"""Words that stand for options: `localsocket-review explain LS106`, as other tools have them."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path

import pytest

from command_line import run


def test_a_rule_is_explained_by_a_word() -> None:
    assert run("explain", "LS106") == run("--explain", "LS106")
    assert run("explain", "LS106").status == 0


def test_rules_of_others_are_tested_by_a_word(tmp_path: Path) -> None:
    assert run("test-rules", "--rules", tmp_path) == run("--test-rules", "--rules", tmp_path)


def test_help_and_versions_are_where_they_are_looked_for() -> None:
    assert run("-h") == run("--help")
    told = dict(line.split() for line in run("--version").output.splitlines())
    assert told["localsocket-review"] == importlib.metadata.version("localsocket-review")
    assert told.keys() >= {"tree-sitter", platform.python_implementation()}


def test_a_folder_of_that_name_is_reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "explain").mkdir()
    (tmp_path / "explain" / "server.py").write_text("import socket\n")

    assert "1 file, 1 line" in run("explain", "--isolated").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--explian", "LS106"], "--explian"),
        (["--fail-on", "nobody", "."], "'nobody'"),
        ([], "name the files or trees to review"),
        (["nowhere"], "nowhere does not exist"),
    ],
)
def test_what_was_typed_wrong_is_said_in_one_line(words: list[str], said: str) -> None:
    done = run(*words)
    assert (done.status, done.output, done.complaints.count("\n")) == (2, "", 1)
    assert done.complaints.startswith("localsocket-review: ")
    assert said in done.complaints
