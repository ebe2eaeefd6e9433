"""What the shell completes: quickly, and nothing that could not be typed."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

import localsocket
from localsocket import ServerThread, Service
from localsocket.cli import completing, shell_completion
from localsocket.cli.completing import complete_address, complete_argument, complete_method, complete_topic
from localsocket.services.description import MethodDescription, ServiceDescription
from localsocket.testing import PATIENCE


def context(name: object, method: str = "") -> dict[str, Any]:
    return {"name": name, "method": method}


def paint(colour: Literal["red", "blue"], wait: bool = False, depth: int = 3) -> None: ...


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the service more time than a person has, so that a slow moment of the machine hides nothing."""
    monkeypatch.setattr(completing, "_PATIENCE", PATIENCE)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service("demo.all")
    service.method(lambda: None, name="one")
    service.method(lambda: None, name="other")
    service.method(paint)
    service.topic("outage", str)
    with ServerThread("demo.all", service):
        yield service


def test_names_that_are_served_are_completed(runtime_directory: os.PathLike[str]) -> None:
    with localsocket.listen("demo.one"), localsocket.listen("demo.two"), localsocket.listen("other"):
        os.unlink(f"{runtime_directory}/localsocket/demo.two")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(f"{runtime_directory}/localsocket/demo.stale")
        assert complete_address({}, "demo.") == ["demo.one"]
        assert complete_address({}, "") == ["demo.one", "other"]
        os.unlink(f"{runtime_directory}/localsocket/demo.stale")


def test_where_names_cannot_be_looked_up_nothing_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "not/absolute")
    assert complete_address({}, "") == []


@pytest.mark.usefixtures("service")
def test_methods_and_topics_are_those_of_the_service() -> None:
    assert complete_method(context("demo.all"), "o") == ["one", "other"]
    assert complete_method(context("demo.all"), "on") == ["one"]
    assert complete_topic(context("demo.all"), "") == ["outage"]


@pytest.mark.usefixtures("service")
def test_parameters_are_those_of_the_method_and_so_are_their_values() -> None:
    def complete(incomplete: str, method: str = "paint") -> list[str]:
        return complete_argument(context("demo.all", method), incomplete)

    assert complete("") == ["colour=", "wait=", "depth="]
    assert complete("d") == ["depth="]
    assert complete("colour=") == ["colour=blue", "colour=red"]
    assert complete("wait=t") == ["wait=true"]
    assert complete("depth=") == complete("none=") == complete("", "none") == []


@pytest.mark.parametrize("name", ["demo.none", "no name", None, 5])
def test_where_there_is_no_service_nothing_is_completed(name: object) -> None:
    assert complete_method(context(name), "") == []
    assert complete_topic(context(name), "") == []
    assert complete_argument(context(name, "paint"), "") == []


def test_a_mute_service_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completing, "_PATIENCE", 0.01)
    with localsocket.listen("demo.mute"):
        assert complete_method(context("demo.mute"), "") == []


def test_names_that_could_not_be_typed_are_left_out(hostile: str) -> None:
    class Lying(Service):
        def describe(self) -> ServiceDescription:
            names = [hostile, "$(reboot)", "two words", "", "fine"]
            methods = [MethodDescription(name, "call", "", [], "") for name in names]
            return ServiceDescription("demo.lies", "", "", methods, [])

    with ServerThread("demo.lies", Lying("demo.lies")):
        assert complete_method(context("demo.lies"), "") == ["fine"]


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("lis", ["list"]),
        ("--ver", ["--version"]),
        ("cat d", ["demo.all"]),
        ("call demo.all o", ["one", "other"]),
        ("call --timeout 3 --wait demo.all o", ["one", "other"]),
        ("call demo.all paint red w", ["wait="]),
        ("call demo.all paint colour=", ["colour=blue", "colour=red"]),
        ("call demo.all paint --js", ["--json"]),
        ("call --json demo.all paint --js", []),
        ("call demo.all paint --protocol v", ["varlink"]),
        ("call demo.all paint --protocol=v", ["--protocol=varlink"]),
        ("subscribe demo.all ", ["outage"]),
        ("subscribe demo.all outage ", []),
        ("sing ", []),
    ],
)
def test_a_shell_that_asks_is_told(line: str, completed: list[str]) -> None:
    assert shell_completion.completed(line.split(" ")) == completed


@pytest.mark.long
@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("call demo.all o", ["one", "other"]),
        ("call demo.all paint colour=b", ["blue"]),
        ("call 'demo.all' paint de", ["depth="]),
        ("call 'demo.a", ["demo.all"]),
    ],
)
def test_bash_completes_what_is_typed(line: str, completed: list[str], tmp_path: Path) -> None:
    directory = Path(sys.executable).parent
    script = f"""
        PATH={directory}:$PATH
        eval "$(localsocket --completion bash)"
        COMP_LINE={shlex.quote(f"localsocket {line}")}
        COMP_POINT=${{#COMP_LINE}}
        _localsocket
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert (done.stdout.split("\n")[:-1], done.stderr) == (completed, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_ask_with_words(shell: str, command: Callable[..., Any]) -> None:
    status, output, _ = command("--completion", shell)
    assert (status, "_LOCALSOCKET_COMPLETE=words" in output) == (0, True)
    if (program := shutil.which(shell)) is not None:
        subprocess.run([program, "-n"], input=output, text=True, timeout=PATIENCE, check=True)


@pytest.mark.parametrize("words", [["--completion"], ["--completion", "tcsh"], ["--completion=bash", "zsh"]])
def test_a_shell_that_is_not_known_is_wrong_usage(words: list[str], command: Callable[..., Any]) -> None:
    status, output, errors = command(*words)
    assert (status, output) == (2, "")
    assert "bash, zsh, fish" in errors
