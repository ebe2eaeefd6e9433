"""A service that opens files for programs that may not open them: what it gives is the open file itself.

    python examples/open_for_me.py

Let a service that may read /var/log give each caller exactly one log, to read and not to write.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Protocol

import localsocket
from localsocket import Fd
from localsocket.errors import RemoteError

NAME = "demo.logs"


class NoSuchLog(LookupError):
    """There is no log of this name, or it is not for others."""


def log_service(folder: Path) -> localsocket.Service:
    service = localsocket.Service(NAME, errors=[NoSuchLog])

    @service.method
    def open_log(name: str) -> Fd:
        """Open a log for reading. The name is looked up in one folder, and no link is followed."""
        if name not in os.listdir(folder):
            raise NoSuchLog(name)
        return Fd(os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW))

    return service


class Logs(Protocol):
    def open_log(self, name: str) -> Fd: ...


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "boot.log").write_text("the kernel has started\nthe disk is clean\n")
        with localsocket.ServerThread(NAME, log_service(folder)), localsocket.Client(NAME) as client:
            logs = client.typed(Logs)
            with logs.open_log("boot.log") as log, log.open("r") as file:
                print(file.read(), end="")
            try:
                logs.open_log("../secret")
            except RemoteError as error:
                print(error.name, *error.arguments)


if __name__ == "__main__":
    main()
