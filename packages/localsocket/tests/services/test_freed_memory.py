"""What a message took of the heap serves the next one: the system is not asked for the same pages again and again."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

import programs

PAGES = 60_000 // 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries decide in other ways what they keep")
@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_a_call_with_a_large_argument_is_given_no_new_pages(way: str, tmp_path: Path) -> None:
    [pages] = programs.run("fault_pages.py", way, tmp_path / "demo")
    assert pages < PAGES / 4  # of an argument that is copied four times; the heap still grows in the first calls
