"""The command line of the reviewer: forms, files, the cache."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from command_line import run

SERVER = """\
import os
import socket


def serve(path):
    os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
"""


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    return path


@pytest.mark.parametrize(
    ("form", "beginning"), [("html", "<!doctype html>"), ("sarif", '{\n  "$schema"'), ("json", '{\n  "verdict"')]
)
def test_a_report_is_written_in_each_form_and_the_verdict_is_shown(
    tmp_path: Path, source: Path, form: str, beginning: str
) -> None:
    target = tmp_path / "report"
    done = run(source, "--format", form, "-o", target)
    assert (done.status, done.complaints) == (1, "")
    assert done.output == "Security defects: CWE-367 (1)\n"
    assert target.read_text(encoding="utf-8").startswith(beginning)
    assert run(source, "--format", form).output == target.read_text(encoding="utf-8")


def test_a_text_report_in_a_file_is_plain(tmp_path: Path, source: Path) -> None:
    assert run(source, "--output", tmp_path / "report.txt").status == 1
    written = (tmp_path / "report.txt").read_text()
    assert written == run(source).output
    assert "\x1b" not in written


def test_a_target_that_cannot_be_written_is_refused(tmp_path: Path, source: Path) -> None:
    done = run(source, "-o", tmp_path / "missing" / "report.html")
    assert done.status == 2
    assert "cannot write" in done.complaints


def test_the_cache_is_used_unless_told_otherwise(tmp_path: Path, source: Path) -> None:
    run(source, "--no-cache")
    assert not (tmp_path / "cache").exists()
    first = run(source, "--format", "json")
    (kept,) = (tmp_path / "cache" / "localsocket" / "review").iterdir()
    changed = json.loads(kept.read_text())
    changed["report"]["not_checked"] = ["this comes from the cache"]
    kept.write_text(json.dumps(changed))
    assert "this comes from the cache" in run(source, "--format", "json").output
    assert run(source, "--format", "json", "--no-cache").output == first.output


@pytest.mark.parametrize("form", ["text", "json", "sarif", "html"])
def test_names_that_are_no_text_are_shown_all_the_same(tmp_path: Path, form: str) -> None:
    (tmp_path / "tree").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "tree") + b"/\xff\x1b[31m.py")).write_text(SERVER)
    done = run(tmp_path / "tree", "--format", form, encoding="ascii")
    assert (done.status, done.complaints) == (1, "")
    assert "\x1b" not in done.output
    if form in ("json", "sarif"):
        assert json.loads(done.output)
