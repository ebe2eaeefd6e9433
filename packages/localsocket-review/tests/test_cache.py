"""A report is kept for what was reviewed, by its owner, and for nobody else."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from localsocket_review import cache as cache_module
from localsocket_review.cache import ReportCache, default_directory, key_of
from localsocket_review.reviewer import review
from localsocket_review.rules import all_rules

SERVER = """\
import os
import socket


def serve(path):
    os.unlink(path)
    socket.socket(socket.AF_UNIX).bind(path)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    return path


@pytest.fixture
def kept(tmp_path: Path) -> ReportCache:
    return ReportCache(tmp_path / "cache" / "review")


def entry(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "cache" / "review").iterdir()
    return found


def test_the_second_report_is_the_first_one(tmp_path: Path, source: Path, kept: ReportCache) -> None:
    first = review([source], cache=kept)
    entry(tmp_path)
    key = key_of([source], all_rules())
    assert kept.get(key) == replace(first, sources={})
    assert review([source], cache=kept) == first
    assert first.sources == {str(source): SERVER}


def test_a_kept_report_is_used(source: Path, kept: ReportCache) -> None:
    key = key_of([source], all_rules())
    told = replace(review([source]), not_checked=("this comes from the cache",), sources={})
    kept.put(key, told)
    assert review([source], cache=kept).not_checked == told.not_checked
    assert review([source]).not_checked != told.not_checked


def test_any_change_is_a_new_review(tmp_path: Path, source: Path) -> None:
    keys = {key_of([source], all_rules()), key_of([source], all_rules()[1:])}
    other = tmp_path / "other.py"
    other.write_text(SERVER)
    keys |= {key_of([other], all_rules()), key_of([source, other], all_rules())}
    source.write_text(SERVER + "\n")
    keys.add(key_of([source], all_rules()))
    source.unlink()
    keys.add(key_of([source], all_rules()))
    assert len(keys) == 6


def test_a_file_changed_during_the_review_is_not_kept(tmp_path: Path, source: Path, kept: ReportCache) -> None:
    def change(work: str, done: int, total: int) -> None:
        source.write_text("x = 1\n")

    review([source], cache=kept, progress=change)
    assert not (tmp_path / "cache").exists()


def test_what_is_kept_is_for_its_owner_only(tmp_path: Path, source: Path, kept: ReportCache) -> None:
    review([source], cache=kept)
    assert entry(tmp_path).stat().st_mode & 0o777 == 0o600
    assert entry(tmp_path).parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o750])
def test_a_directory_that_others_may_enter_is_not_used(
    tmp_path: Path, source: Path, kept: ReportCache, mode: int
) -> None:
    review([source], cache=kept)
    entry(tmp_path).parent.chmod(mode)
    assert kept.get(entry(tmp_path).stem) is None
    kept.put("f" * 64, review([source]))
    entry(tmp_path)


def test_a_file_that_others_may_write_or_that_is_a_link_is_not_used(
    tmp_path: Path, source: Path, kept: ReportCache
) -> None:
    review([source], cache=kept)
    path = entry(tmp_path)
    key = path.stem
    path.chmod(0o622)
    assert kept.get(key) is None
    path.chmod(0o600)
    assert kept.get(key) is not None
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    assert kept.get(key) is None
    path.unlink()
    os.mkfifo(path, 0o600)
    assert kept.get(key) is None


def test_a_directory_of_somebody_else_is_not_used(
    source: Path, kept: ReportCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    review([source], cache=kept)
    key = key_of([source], all_rules())
    assert kept.get(key) is not None
    monkeypatch.setattr(cache_module.os, "geteuid", lambda: os.getuid() + 1)
    assert kept.get(key) is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"key": 1}', '{"key": "k", "report": {"findings": [1]}}', "\udcff"]
)
def test_a_file_that_is_no_report_is_no_answer(tmp_path: Path, source: Path, kept: ReportCache, content: str) -> None:
    first = review([source], cache=kept)
    entry(tmp_path).write_text(content, encoding="utf-8", errors="surrogateescape")
    assert review([source], cache=kept) == first


def test_a_report_under_another_name_is_no_answer(tmp_path: Path, source: Path, kept: ReportCache) -> None:
    review([source], cache=kept)
    entry(tmp_path).rename(entry(tmp_path).with_stem("0" * 64))
    assert kept.get("0" * 64) is None
    assert json.loads(entry(tmp_path).read_text())["key"] != "0" * 64


def test_only_the_newest_reports_are_kept(
    tmp_path: Path, source: Path, kept: ReportCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_KEPT", 2)
    report = review([source])
    for number in range(4):
        kept.put(f"{number:064}", report)
        os.utime(tmp_path / "cache" / "review" / f"{number:064}.json", (number, number))
    assert len(list((tmp_path / "cache" / "review").iterdir())) == 2
    assert kept.get(f"{3:064}") is not None


def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path: Path, source: Path) -> None:
    (tmp_path / "file").write_text("")
    assert review([source], cache=ReportCache(tmp_path / "file" / "review")).findings


def test_the_cache_is_below_the_users_cache_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache_module.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "localsocket" / "review"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_directory() == tmp_path / ".cache" / "localsocket" / "review"
