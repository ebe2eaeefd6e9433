"""The programs of examples/ do what they promise, with everybody who is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EVERY_DOOR = Path(__file__).parent.parent / "examples" / "every_door.py"


def test_everybody_who_is_installed_calls_one_service_at_once_and_is_answered_right() -> None:
    command = [sys.executable, str(EVERY_DOOR), "--calls", "200", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    rows = json.loads(done.stdout)
    assert done.returncode == 0, rows
    assert {row["protocol"] for row in rows if row["calls"]} == {"localsocket", "varlink", "http"}
    assert all(row["calls"] >= 20 and row["errors"] == 0 for row in rows if not row["left_out"]), rows


def test_a_wrong_answer_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EVERY_DOOR.parent))
    import every_door
    from callers import Caller
    from questions import questions

    answers = [question.answer for question in questions(10)]
    wrong = Caller("wrong", "localsocket", lambda path, asked: [*answers[:-1], "something else"])
    cut_off = Caller("cut off", "localsocket", lambda path, asked: answers[:4])
    assert every_door.call(wrong, "", 10).errors == 1
    assert every_door.call(cut_off, "", 10).errors == 6
