"""What a command loads before it does anything: each module costs every call of a script."""

from __future__ import annotations

import subprocess
import sys

import pytest

from localsocket import ServerThread, Service
from localsocket.testing import PATIENCE

DRAWING = {"click", "pydantic", "rich", "typer"}
SERVING = {"localsocket.services.service", "localsocket.blocking.service_loop", "localsocket.wire.varlink_caller"}
PROGRAM = "import sys; from localsocket.cli.app import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"


def loaded_by(*words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [["list"], ["call", "demo.start", "nothing"]])
def test_what_is_asked_of_a_service_loads_neither_what_draws_nor_what_serves(words: list[str]) -> None:
    service = Service("demo.start")
    service.method(lambda: None, name="nothing")
    with ServerThread("demo.start", service):
        loaded = loaded_by(*words)
    assert not loaded & {*DRAWING, *SERVING, "asyncio", "ssl", "argparse", "difflib", "importlib.metadata", "shutil"}
    assert "localsocket.services.stats" not in loaded
    assert ("msgspec" in loaded) == (words[0] == "call")
    assert ("localsocket.blocking.client" in loaded) == (words[0] == "call")


def test_the_package_itself_loads_next_to_nothing() -> None:
    program = "import sys; before = set(sys.modules); import localsocket; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert not set(done.stdout.split()) & {"typing", "re", "enum", "dataclasses", "msgspec", "socket"}
