"""Words that stand for options: `localsocket-review explain LS106`, as other tools have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import run


def test_a_rule_is_explained_by_a_word() -> None:
    assert run("explain", "LS106") == run("--explain", "LS106")
    assert run("explain", "LS106").status == 0


def test_rules_of_others_are_tested_by_a_word(tmp_path: Path) -> None:
    assert run("test-rules", "--rules", tmp_path) == run("--test-rules", "--rules", tmp_path)


def test_a_folder_of_that_name_is_reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "explain").mkdir()
    (tmp_path / "explain" / "server.py").write_text("import socket\n")

    assert "1 file, 1 line" in run("explain", "--isolated").output
