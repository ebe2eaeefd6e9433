"""The fixtures: names are a test's own, also beside other workers, and whoever asks for nothing loads nothing."""

from __future__ import annotations

import pytest

# By its path, as where the package is installed its entry point gives it.
OPTIONS = ["-p", "localsocket.pytest_plugin", "-p", "no:randomly", "-p", "no:cacheprovider"]

CLASHING = """
import os
import subprocess
import sys

import pytest
import localsocket
from localsocket.testing import serving

ASK = "import localsocket; print(localsocket.Client('demo.clash').call('who'))"


def service():
    made = localsocket.Service("demo.clash")

    @made.method
    def who() -> int:
        return os.getpid()

    return made


@pytest.mark.parametrize("number", range(6))
def test_by_name(localsocket_serve, localsocket_directory, number):
    client = localsocket_serve(service(), "demo.clash")
    assert client.call("who") == os.getpid()
    assert [path.parent for path in localsocket_directory.glob("**/demo.clash")]
    assert os.environ["XDG_RUNTIME_DIR"] == str(localsocket_directory)


def test_programs_that_a_test_starts_find_the_same_names(localsocket_serve):
    localsocket_serve(service(), "demo.clash")
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert int(asked.stdout) == os.getpid()


def test_two_services_end_in_turn(localsocket_serve):
    localsocket_serve(service(), "demo.clash")
    assert localsocket_serve(localsocket.Service("other")).describe().name == "other"


def test_at_the_end_it_is_as_before():
    assert os.environ["XDG_RUNTIME_DIR"] == os.environ["BEFORE"]
"""

NOTHING = """
import sys

def test_nothing_is_loaded_that_no_test_asks_for():
    ours = {name for name in sys.modules if name.startswith("localsocket")}
    assert ours == {"localsocket", "localsocket.pytest_plugin"}, ours
"""


@pytest.mark.long
def test_each_test_has_names_of_its_own_under_xdist(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(pytester.path))
    monkeypatch.setenv("BEFORE", str(pytester.path))
    pytester.makepyfile(CLASHING)
    pytester.runpytest_subprocess(*OPTIONS, "-n", "2", "-W", "error").assert_outcomes(passed=9)


@pytest.mark.long
def test_a_run_that_asks_for_nothing_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(NOTHING)
    pytester.runpytest_subprocess(*OPTIONS, "-n", "0", "-W", "error").assert_outcomes(passed=1)
