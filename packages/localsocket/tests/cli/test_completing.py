"""What the shell completes: quickly, and nothing that could not be typed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest
import typer

import localsocket
from localsocket import ServerThread, Service
from localsocket.cli import completing
from localsocket.cli.completing import complete_address, complete_argument, complete_method, complete_topic
from localsocket.services.description import MethodDescription, ServiceDescription
from localsocket.testing import PATIENCE


def context(name: object, method: str = "") -> typer.Context:
    return cast(typer.Context, SimpleNamespace(params={"name": name, "method": method}))


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
        assert complete_address("demo.") == ["demo.one"]
        assert complete_address("") == ["demo.one", "other"]
        os.unlink(f"{runtime_directory}/localsocket/demo.stale")


def test_where_names_cannot_be_looked_up_nothing_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "not/absolute")
    assert complete_address("") == []


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
    ("words", "completed"),
    [
        ("cat d", ["demo.all"]),
        ("call demo.all o", ["one", "other"]),
        ("call demo.all paint red w", ["wait="]),
        ("subscribe demo.all ", ["outage"]),
    ],
)
def test_a_shell_that_asks_is_told(
    words: str, completed: list[str], monkeypatch: pytest.MonkeyPatch, status_of: Callable[..., int], capsys: Any
) -> None:
    line = f"localsocket {words}"
    monkeypatch.setenv("_LOCALSOCKET_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    assert status_of() == 0
    assert capsys.readouterr().out.splitlines() == completed
