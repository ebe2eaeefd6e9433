"""What a command loads before it does anything: each module costs every call of a script."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from localsocket import ServerThread, Service
from localsocket.testing import PATIENCE

DRAWING = {"click", "pydantic", "rich", "typer"}
SERVING = {
    "localsocket.blocking.service_loop",
    "localsocket.services.served_call",
    "localsocket.services.service",
    "localsocket.wire.answerer",
    "localsocket.wire.varlink_caller",
}
STARTING = {"localsocket.endpoint.daemon", "localsocket.endpoint.starting", "localsocket.endpoint.listener"}
SELDOM_NEEDED = {"argparse", "asyncio", "difflib", "importlib.metadata", "json", "logging", "pathlib", "shutil", "ssl"}
OF_PROXIES = {"localsocket.services.proxies", "localsocket.services.remote"}
PROGRAM = """
import atexit, gc, sys
from localsocket.cli import main
atexit.register(lambda: print(not gc.isenabled() or gc.get_freeze_count() > 0, *sys.modules, file=sys.stderr))
main()
"""


@pytest.fixture
def served() -> Iterator[None]:
    service = Service("demo.start")
    service.method(lambda: None, name="nothing")
    service.topic("news", str)
    with ServerThread("demo.start", service):
        yield


def loaded_by(*words: str, **environment: str) -> set[str]:
    """Return what is loaded at the end, without what measures coverage; no garbage is looked for among it."""
    without = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={**without, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    is_frozen, *loaded = done.stderr.splitlines()[-1].split()
    assert is_frozen == "True"
    return set(loaded)


@functools.cache
def of_msgspec() -> set[str]:
    """Return what msgspec itself loads, as its first versions do json."""
    program = "import sys; before = set(sys.modules); import msgspec; print(*set(sys.modules) - before)"
    return set(subprocess.check_output([sys.executable, "-c", program], text=True, timeout=PATIENCE).split())


@pytest.mark.parametrize(
    "words",
    [
        ("call", "demo.start", "nothing"),
        ("describe", "demo.start"),
        pytest.param(("subscribe", "demo.start", "news", "--timeout", "0"), marks=pytest.mark.long),
    ],
    ids=lambda words: str(words[0]),
)
@pytest.mark.usefixtures("served")
def test_what_is_asked_of_a_service_loads_neither_what_draws_nor_what_serves(words: tuple[str, ...]) -> None:
    loaded = loaded_by(*words) - of_msgspec()
    assert "localsocket.blocking.client" in loaded
    assert loaded.isdisjoint({*DRAWING, *SERVING, *STARTING, *OF_PROXIES, *SELDOM_NEEDED, "localsocket.services.stats"})
    assert words[0] == "subscribe" or "localsocket.services.following" not in loaded


@pytest.mark.usefixtures("served")
def test_a_list_of_endpoints_loads_no_client() -> None:
    loaded = loaded_by("list")
    assert "localsocket.tools.endpoints" in loaded
    assert loaded.isdisjoint({*DRAWING, *SERVING, *STARTING, *SELDOM_NEEDED, "localsocket.blocking.client", "msgspec"})


@pytest.mark.usefixtures("served")
def test_completion_of_what_a_service_has_loads_what_a_call_loads() -> None:
    loaded = loaded_by("call", "demo.start", "no", _LOCALSOCKET_COMPLETE="words") - of_msgspec()
    assert "localsocket.blocking.client" in loaded
    assert loaded.isdisjoint({*DRAWING, *SERVING, *STARTING, *OF_PROXIES, *SELDOM_NEEDED})


def test_the_package_itself_loads_next_to_nothing() -> None:
    program = "import sys; before = set(sys.modules); import localsocket; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert not set(done.stdout.split()) & {"typing", "re", "enum", "dataclasses", "msgspec", "socket"}
