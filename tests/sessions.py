"""What pages have typed into shells, typed into shells on terminals, which have to show what the pages show."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from other_words import ANY_WORDS, OTHER_WORDS

PATIENCE = 60.0

# Before a block: <!-- file: NAME -->, or NAME, continued; <!-- shell: NAME -->, or NAME, needs MODULE.
BLOCK = re.compile(
    r"(?:<!-- (?P<what>file|shell): (?P<name>[^\s,]+)(?P<continued>, continued)?(?:, needs (?P<needs>\S+))? -->\n)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
# What is another one in each run, as the pages write it: when, which process, who; and how wide a table is.
VARIES = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})|(?P<number>\b41\d\d\b)|(?P<user>\bjoe\b)|(?P<line>─+)"
    rf"|(?P<words>{OTHER_WORDS.pattern})|(?P<gap> +)"
)
LIKE = {
    "time": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}",
    "number": r"\d+",
    "user": r"\S+",
    "line": "─+",
    "words": ANY_WORDS,
    "gap": " +",
}
KEYS = {"^C": "\x03", "^D": "\x04"}
PROMPT = "\x01"
# The first argument is the prompt; the standard input becomes the terminal that Ctrl-C comes from. Under `nohup` this
# would be started with the hang-up ignored, which ends the shell.
START_SHELL = """\
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.environ["PS1"] = sys.argv[1]
os.execvp("bash", ["bash", "--noprofile", "--norc", "--noediting", "-i"])
"""


@dataclass
class File:
    name: str
    text: str
    is_continued: bool


@dataclass
class Said:
    """What is typed into a shell, None for nothing, and what the shell shows until the next thing is typed."""

    shell: str
    typed: str | None
    shown: list[str] = field(default_factory=list)
    goes_on: bool = False


def steps(page: str) -> list[File | Said]:
    """Return what the page tells to do, in its order."""
    found: list[File | Said] = []
    for block in BLOCK.finditer(page):
        if block["what"] == "file":
            found.append(File(block["name"], block["text"], bool(block["continued"])))
        elif block["language"] == "console" and (not block["needs"] or loads(block["needs"])):
            found += said(block["name"] or "", block["text"].splitlines())
    last: dict[str, Said] = {}
    for step in found:
        if isinstance(step, Said):
            if step.shell in last and not (step.typed or "").startswith("$ "):
                last[step.shell].goes_on = True
            last[step.shell] = step
    return found


def said(shell: str, lines: list[str]) -> Iterator[Said]:
    step = Said(shell, None)
    for line in lines:
        if line.startswith("$ ") or line in KEYS:
            if step.typed or step.shown:
                yield step
            step = Said(shell, line)
        else:
            step.shown.append(line)
    yield step


@cache
def loads(module: str) -> bool:
    """Return whether a module can be imported here."""
    return not subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False).returncode


class Shell:
    """A shell on a terminal of its own, which finds what it is told to start in the folder `programs` first."""

    def __init__(self, directory: Path, programs: Path) -> None:
        self._controller, terminal = pty.openpty()
        settings = termios.tcgetattr(terminal)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSANOW, settings)
        self._process = subprocess.Popen(
            [sys.executable, "-c", START_SHELL, PROMPT],
            cwd=directory,
            env={
                **os.environ,
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                "PYTHONWARNINGS": "error",
                "QT_QPA_PLATFORM": "offscreen",
                "TERM": "dumb",
                "COLUMNS": "120",
            },
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self._shown = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a character may come in parts
        self.expect([], goes_on=False)

    def type(self, text: str) -> None:
        os.write(self._controller, text.encode())

    def expect(self, lines: list[str], *, goes_on: bool) -> None:
        """Wait until the lines, and no others, are shown; then a prompt, unless it goes on."""
        wanted = "".join(f"{pattern(line)}\n" for line in lines if line.strip()) + ("" if goes_on else PROMPT)
        deadline = time.monotonic() + PATIENCE
        while not re.fullmatch(wanted, normal(self._shown)):
            ready, _, _ = select.select([self._controller], [], [], max(0, deadline - time.monotonic()))
            is_other = PROMPT in self._shown
            if not ready or is_other:
                pytest.fail("\n".join(["shown:", normal(self._shown), "instead of:", *lines]), pytrace=False)
            self._shown += self._decoder.decode(os.read(self._controller, 65536)).replace("\r\n", "\n")
        self._shown = ""

    def wait_connected(self) -> None:
        """Wait until what was started has a socket, where the system tells."""
        deadline = time.monotonic() + PATIENCE
        while sys.platform == "linux" and not self._has_socket():
            assert time.monotonic() < deadline, "nothing is connected"
            time.sleep(0.01)

    def close(self) -> None:
        self.type("exit\n")
        try:
            self._process.wait(PATIENCE)
        finally:
            self.abort()

    def abort(self) -> None:
        """Hang up, which ends what runs in the shell."""
        if self._controller >= 0:
            os.close(self._controller)
            self._controller = -1
            self._process.kill()
            self._process.wait()

    def _has_socket(self) -> bool:
        task = Path(f"/proc/{self._process.pid}/task/{self._process.pid}")
        for child in (task / "children").read_text().split():
            try:
                descriptors = [os.readlink(each) for each in Path(f"/proc/{child}/fd").iterdir()]
            except FileNotFoundError:
                continue
            if any(each.startswith("socket:") for each in descriptors):
                return True
        return False


def normal(shown: str) -> str:
    return "".join(f"{line.strip()}\n" for line in shown.split("\n") if line.strip(f" {PROMPT}")) + (
        PROMPT if shown.endswith(PROMPT) else ""
    )


def pattern(line: str) -> str:
    line = line.strip()
    found, end = "", 0
    for varying in VARIES.finditer(line):
        found += re.escape(line[end : varying.start()]) + LIKE[varying.lastgroup or ""]
        end = varying.end()
    return found + re.escape(line[end:])


def go_through(page: str, directory: Path, programs: Path = Path(sys.executable).parent) -> None:
    """Do in a directory what the page tells to do, and fail where something else is shown than it says."""
    shells: dict[str, Shell] = {}
    with ExitStack() as stack:
        for step in steps(page):
            if isinstance(step, File):
                with (directory / step.name).open("a" if step.is_continued else "w", encoding="utf-8") as file:
                    file.write(step.text)
                continue
            if step.shell not in shells:
                shells[step.shell] = shell = Shell(directory, programs)
                stack.callback(shell.abort)
            shell = shells[step.shell]
            if step.typed is not None:
                shell.type(KEYS.get(step.typed) or f"{step.typed[2:]}\n")
            if step.shown or not step.goes_on:
                shell.expect(step.shown, goes_on=step.goes_on)
            else:
                shell.wait_connected()
        for shell in shells.values():
            shell.close()
    assert shells, "the page has no session"
