"""Ctrl-C at any moment: the status that shells know it by, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import atexit, os, signal, sys
moment = sys.argv.pop(1)
def interrupt(event, arguments):
    if event == "import" and arguments[0] == moment:
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(interrupt)
if moment == "exit":
    atexit.register(os.kill, os.getpid(), signal.SIGINT)
from localsocket_review.cli import main
main()
"""


@pytest.mark.long
@pytest.mark.parametrize("moment", ["typer", "localsocket_review.cli.task", "localsocket_review.reviewer", "exit"])
def test_an_interrupt_at_any_moment_ends_it_with_130_and_without_a_word(moment: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("print('hello')\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, moment, str(tmp_path), "--no-cache"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, b"")


def test_nothing_is_loaded_before_ctrl_c_ends_the_reviewer_quietly() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "import _signal, localsocket_review.cli\n"
        "print(*set(sys.modules) - before - {'_signal'})\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    loaded = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True, timeout=120)
    assert {*loaded.split()} == {"localsocket_review", "localsocket_review.cli"}
