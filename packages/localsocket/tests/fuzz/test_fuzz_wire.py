"""The promises of promises.py, with bytes that are nearly right, and with those that a fuzzer finds."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.promises import PROMISES, conversations, try_promise

FUZZER = Path(__file__).with_name("fuzz_wire.py")
SECONDS = int(os.environ.get("FUZZ_SECONDS", "2"))

needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris, the fuzzer, is not installed"
)


@pytest.mark.parametrize("conversation", conversations(), ids=lambda data: PROMISES[data[0]].__name__)
def test_promises_are_kept_for_bytes_that_are_nearly_right(conversation: bytes) -> None:
    """Cut off anywhere, and with each byte changed or left out."""
    try_promise(conversation)
    for place in range(1, len(conversation)):
        try_promise(conversation[:place])
        try_promise(conversation[:place] + conversation[place + 1 :])
        for byte in (0x00, 0x01, 0x7F, 0x93, 0xC1, 0xDD, 0xFF):
            try_promise(conversation[:place] + bytes([byte]) + conversation[place + 1 :])


@pytest.mark.long
@needs_atheris
@pytest.mark.timeout(SECONDS + 600)
def test_a_fuzzer_breaks_no_promise(tmp_path: Path) -> None:
    fuzz(SECONDS, tmp_path)


@needs_atheris
@pytest.mark.soak
def test_a_fuzzer_breaks_no_promise_in_a_minute(tmp_path: Path) -> None:
    fuzz(60, tmp_path)


def fuzz(seconds: int, directory: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, FUZZER, directory / "found", f"--seconds={seconds}"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    broken = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    assert not broken, f"{broken}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done " in done.stderr, "it has not looked at all"
