"""How many processors a process may use, by where it may run and by what its control groups grant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localsocket.payload import usable_processors as module
from localsocket.payload.usable_processors import usable_processors


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(8), raising=False)


def granted(directory: Path, own: str, files: dict[str, str]) -> int:
    (directory / "own").write_text(own)
    for name, content in files.items():
        file = directory / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return usable_processors(directory / "groups", directory / "own")


@pytest.mark.parametrize(
    ("own", "files", "count"),
    [
        ("0::/\n", {}, 8),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 8),
        ("0::/\n", {"cpu.max": "300000 100000\n"}, 3),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "50000 100000\n"}, 1),
        ("0::/a\n", {"a/cpu.max": "nonsense\n"}, 8),
        ("5:cpuset:/x\n4:cpu,cpuacct:/a\n", {"cpu,cpuacct/a/cpu.cfs_quota_us": "200000\n"}, 8),
        (
            "4:cpu,cpuacct:/a\n",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "200000\n", "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"},
            2,
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ("9:memory:/m\n", {"memory/m/cpu.max": "1 100000\n"}, 8),
    ],
)
def test_the_narrowest_group_says_how_many(tmp_path: Path, own: str, files: dict[str, str], count: int) -> None:
    assert granted(tmp_path, own, files) == count


def test_without_groups_it_may_use_those_that_it_may_run_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert usable_processors(tmp_path, tmp_path / "none") == 8
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert usable_processors(tmp_path, tmp_path / "none") == 1
    monkeypatch.delattr(module.os, "sched_getaffinity")
    assert usable_processors(tmp_path, tmp_path / "none") == os.cpu_count()
