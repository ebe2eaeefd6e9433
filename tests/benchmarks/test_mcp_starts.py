"""Shims that begin at one instant start one daemon, and each outlives it: one round of what is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parent.parent.parent / "benchmarks" / "mcp_starts.py"


@pytest.mark.long
@pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.soak)])
@pytest.mark.timeout(1800)
def test_of_24_shims_at_once_one_starts_the_daemon_and_all_are_answered_before_and_after_its_end(rounds: int) -> None:
    command = [sys.executable, str(BENCHMARK), "--shims", "24", "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["shims"], told["rounds"], told["right"]) == (24, rounds, rounds)
