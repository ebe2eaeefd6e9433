"""Commands that other packages bring, and what is said where a package is missing."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest
import typer

from localsocket.cli import commands_of_packages

Command = Callable[..., Any]

greeting = typer.Typer(add_completion=False)


@greeting.command()
def greet(name: str) -> None:
    """Greet somebody."""
    print(f"hello {name}")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretend that the packages with these commands are installed, and no others."""

    def install(*names: str) -> None:
        found = EntryPoints(EntryPoint(name, f"{__name__}:greeting", commands_of_packages.GROUP) for name in names)
        monkeypatch.setattr(EntryPoint, "load", lambda self: greeting)
        monkeypatch.setattr("importlib.metadata.entry_points", found.select)

    return install


@pytest.mark.parametrize("arguments", [(), ("src",), ("--format", "json", "src"), ("--help",), ("-x", "--", "-y")])
def test_without_its_package_the_reviewer_says_in_one_line_what_to_install(
    command: Command, installed: Callable[..., None], arguments: tuple[str, ...]
) -> None:
    installed()
    ended = command("review", *arguments)
    assert (ended.status, ended.output) == (2, "")
    assert (
        ended.errors == "localsocket: the command 'review' needs another package: pip install 'localsocket[review]'\n"
    )


def test_a_command_of_a_package_is_called_with_its_arguments(command: Command, installed: Callable[..., None]) -> None:
    installed("greet", "review")
    assert command("greet", "you").output == "hello you\n"
    assert command("review", "src").output == "hello src\n"


def test_help_lists_the_commands_of_packages_behind_our_own(command: Command, installed: Callable[..., None]) -> None:
    installed("greet")
    shown = command("--help").output
    assert shown.index("serve") < shown.index("greet") < shown.index("Needs another package")


def test_a_package_cannot_take_the_place_of_a_command_of_ours(command: Command, installed: Callable[..., None]) -> None:
    installed("list")
    assert "hello" not in command("list", "you").output


def test_an_unknown_command_is_wrong_usage(command: Command, installed: Callable[..., None]) -> None:
    installed()
    assert command("no-such-command").status == 2
