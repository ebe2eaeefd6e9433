"""Be killed in the midst of listen(), just before or just after the named step."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from localsocket import listen


def dying(step: Callable[..., Any], moment: str) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> None:
        if moment == "after":
            step(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    return call


class DyingSocket(socket.socket):
    """Dies where main() says."""


def main() -> None:
    address, moment, step = sys.argv[1:]
    owner: object = {"flock": fcntl, "rename": os}.get(step, DyingSocket)
    setattr(owner, step, dying(getattr(owner, step), moment))
    socket.socket = DyingSocket  # type: ignore[misc]
    listen(address)


if __name__ == "__main__":
    main()
