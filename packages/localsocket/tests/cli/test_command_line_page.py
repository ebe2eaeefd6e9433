"""docs/command-line.md is true: its commands are run in a shell, one after the other, and print what it shows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localsocket.cli.command_table import COMMANDS
from localsocket.cli.exit_status import EXIT_STATUSES, ExitStatus
from localsocket.testing import PATIENCE
from other_words import escaped
from repository import DOCS

PAGE = (DOCS / "command-line.md").read_text(encoding="utf-8")
FILE = re.compile(r"<!-- file: (?P<name>\S+) -->\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
CONSOLE = re.compile(r"^(?P<indent> *)```console\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)
# What differs from one run to the next: who and which process.
ROW = re.compile(r"^(\S+) +\S+ +(-|\d+) +(\d{4}) +(live|stale)$", re.MULTILINE)
HEAD = re.compile(r"^name +owner +pid +mode +state$", re.MULTILINE)
# A command without anything for a shell in it may be called here, which is much faster than a program.
PLAIN = re.compile(r"localsocket [^|&<>$]*")


class Shell:
    """A shell that is given commands and asked for what they print."""

    def __init__(self, directory: Path) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._process = subprocess.Popen(
            ["bash"],
            cwd=directory,
            env={**os.environ, "PATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\necho '<end>'\n")
        self._process.stdin.flush()
        return "".join(iter(self._process.stdout.readline, "<end>\n"))

    def close(self) -> None:
        self._process.communicate("kill -KILL $(jobs -p) 2> /dev/null\nwait\n", timeout=PATIENCE)


def dialogue() -> list[tuple[str, str]]:
    """Return the commands of the page, each with what it prints."""
    found = []
    for block in CONSOLE.finditer(PAGE):
        for part in re.split(r"^\$ ", textwrap.dedent(block["text"]), flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def comparable(text: str) -> str:
    text = re.sub(r"no endpoints in [^;]*;", "no endpoints in /run/user/1000/localsocket;", text)
    text = re.sub(r'"path": "[^"]*/localsocket/', '"path": "/run/user/1000/localsocket/', text)
    text = re.sub(r'"owner": "[^"]*", "uid": \d+, "pid": \d+', '"owner": "joe", "uid": 1000, "pid": 4121', text)
    text = ROW.sub(lambda row: f"{row[1]} joe {'-' if row[2] == '-' else 4121} {row[3]} {row[4]}", text)
    return HEAD.sub("name owner pid mode state", text)


@pytest.fixture
def shell(tmp_path: Path, runtime_directory: Path) -> Iterator[Shell]:
    """A shell in a directory with the files of the page; what its programs leave behind goes with it."""
    for file in FILE.finditer(PAGE):
        (tmp_path / file["name"]).write_text(file["text"], encoding="utf-8")
    shell = Shell(tmp_path)
    yield shell
    shell.close()
    shutil.rmtree(runtime_directory / "localsocket")


@pytest.mark.long
def test_every_command_prints_what_the_page_shows(shell: Shell, command: Callable[..., tuple[int, str, str]]) -> None:
    status = -1
    for line, shown in dialogue():
        if PLAIN.fullmatch(line):
            status, output, errors = command(*shlex.split(line)[1:])
            output += errors
        elif line == "echo $?":
            output = f"{status}\n"
        else:
            output = shell.run(line)
        assert re.fullmatch(escaped(comparable(shown)), comparable(output)), f"{line}\n{output}"


def test_every_command_and_every_status_is_on_the_page() -> None:
    for name in (*COMMANDS, "review"):
        assert re.search(rf"`{name}[` ]", PAGE), name
    for status in (0, *ExitStatus):
        assert f"\n| {status} |" in PAGE
        assert f" {status} " in EXIT_STATUSES


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_tells_its_exit_statuses(name: str, command: Callable[..., tuple[int, str, str]]) -> None:
    status, output, errors = command(name, "--help")
    assert (status, errors) == (0, "")
    assert EXIT_STATUSES in " ".join(output.split())
