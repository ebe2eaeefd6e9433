"""Programs that tests run as processes of their own, and how they are started.

Each prints one JSON value a line, and ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NOBODY = 65534
"""A user without rights, and STRANGER another one: no account is needed for a uid to exist."""
STRANGER = 65533


class Program:
    """A running program of this directory; as a context manager it is ended, or killed if the test fails."""

    def __init__(
        self,
        name: str,
        *arguments: object,
        uid: int | None = None,
        pass_fds: Sequence[int] = (),
        log: Path | None = None,
    ) -> None:
        """Start it; `log` is the file for what it writes to standard error, by default that of the tests."""
        command = [sys.executable, "-W", "error", str(Path(__file__).with_name(name)), *map(str, arguments)]
        inherited = dict(os.environ)
        if uid is not None:
            command.append(f"--uid={uid}")
            inherited.pop("COVERAGE_PROCESS_CONFIG", None)  # another user may not write where coverage is collected
        with contextlib.ExitStack() as files:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if log is None else files.enter_context(log.open("ab")),
                env=inherited,
                pass_fds=pass_fds,
                text=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input = self._process.stdin
        self._output = self._process.stdout

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self) -> Any:
        """Return the next value it prints, waiting for it."""
        line = self._output.readline()
        assert line, f"the program ended, with status {self._process.wait()}"
        return json.loads(line)

    def write(self, text: str) -> None:
        """Give it something to read."""
        self._input.write(text)
        self._input.flush()

    def end(self, *, status: int = 0) -> list[Any]:
        """End its input, wait until it and its children are gone, and return what they still printed."""
        self._input.close()
        values = [json.loads(line) for line in self._output]
        assert self._process.wait() == status
        return values

    def kill(self) -> None:
        """Kill it without giving it time for anything, and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Kill it if it runs, and let go of the pipes to it."""
        self.kill()
        self._input.close()
        self._output.close()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and self._process.poll() is None:
                self.end()
        finally:
            self.close()


def run(name: str, *arguments: object, **options: Any) -> list[Any]:
    """Run a program of this directory to its end and return all that it printed."""
    with Program(name, *arguments, **options) as program:
        return program.end()
