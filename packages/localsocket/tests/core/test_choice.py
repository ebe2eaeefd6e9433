"""Which core is used is chosen once, and said."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from cores import core_named
from localsocket import EventSocket, LocalSocket
from localsocket._core import IN_USE, in_python
from localsocket.wire.answerer import Answerer
from localsocket.wire.caller import Caller
from localsocket.wire.frames import FrameDecoder

SAYS_WHICH = "import localsocket._core as core; print(core.IN_USE, core.see_to.__module__)"
WITHOUT_COMPILED = "import sys; sys.modules['localsocket._core.compiled'] = None\n"


def said_by(program: str, **environment: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name != "LOCALSOCKET_PURE"}
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, env=inherited | environment, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.long
def test_the_environment_forces_the_core_in_python() -> None:
    assert said_by(SAYS_WHICH, LOCALSOCKET_PURE="1") == "pure localsocket._core.in_python"


@pytest.mark.long
def test_what_was_not_compiled_is_done_in_python() -> None:
    assert said_by(WITHOUT_COMPILED + SAYS_WHICH) == "pure localsocket._core.in_python"


@pytest.mark.parametrize(
    "version",
    ["", f"{in_python.VERSION + 1}", f"{in_python.VERSION}"],
    ids=["none", "another", "the same, without the fields"],
)
def test_what_was_compiled_for_other_sources_is_not_used_and_that_is_said(version: str) -> None:
    program = (
        "import sys, types, warnings\n"
        "compiled = sys.modules['localsocket._core.compiled'] = types.ModuleType('localsocket._core.compiled')\n"
        f"compiled.VERSION = {version or None}\n"
        "with warnings.catch_warnings(record=True) as told:\n"
        "    warnings.simplefilter('always')\n"
        "    import localsocket._core as core\n"
        "print(core.IN_USE, core.see_to.__module__, *(each.category.__name__ for each in told), told[0].message)\n"
    )
    said = said_by(program)
    assert said.startswith("pure localsocket._core.in_python RuntimeWarning ")
    assert "pip install -e packages/localsocket" in said


def test_what_was_compiled_is_used() -> None:
    core_named("compiled")
    assert said_by(SAYS_WHICH) == "compiled localsocket._core.compiled"


@pytest.mark.long
@pytest.mark.parametrize("environment", [{}, {"LOCALSOCKET_PURE": "1"}], ids=["as built", "forced"])
def test_the_command_line_tells_which_core_is_in_use(environment: dict[str, str]) -> None:
    program = "from localsocket.cli.versions import print_versions; print_versions()"
    in_use = said_by("from localsocket._core import IN_USE; print(IN_USE)", **environment)
    assert f"core {in_use}" in said_by(program, **environment).splitlines()


def test_both_cores_have_the_same_names() -> None:
    compiled = core_named("compiled")
    own = {
        name
        for name, thing in vars(in_python).items()
        if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing.__module__ == in_python.__name__
    }
    own.add("VERSION")
    assert compiled.VERSION == in_python.VERSION
    assert {name for name in vars(compiled) if not name.startswith("_")} == own
    for kind in ("OpenCall", "AnsweredCall"):
        assert fields_of(getattr(compiled, kind)) == fields_of(getattr(in_python, kind))


def fields_of(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("__")}


@pytest.mark.parametrize(
    "method",
    [
        LocalSocket.write_nowait,
        EventSocket.write,
        EventSocket.read_available,
        FrameDecoder.feed,
        Caller.feed,
        Caller.prepare,
        Answerer.feed,
        Answerer.reply,
    ],
)
def test_what_goes_a_short_way_is_documented_and_called_as_before(method: Callable[..., object]) -> None:
    assert inspect.getdoc(method)
    as_written = getattr(method, "__objclass__", None)
    if as_written is not None:
        as_written = getattr(as_written, f"_{method.__name__.removeprefix('_')}_in_python")
        expected = list(inspect.signature(as_written).parameters)
        assert list(inspect.signature(method).parameters) == expected
    assert ("pure" if as_written is None else "compiled") == IN_USE


@pytest.mark.parametrize(("kind", "method"), [("Caller", "no_such_method"), ("NoSuchClass", "feed")])
def test_a_short_way_that_the_compiled_core_does_not_know_is_refused(kind: str, method: str) -> None:
    with pytest.raises(LookupError, match=f"{method}.*{kind}"):
        core_named("compiled").short_ways(method)(type(kind, (), {}))
