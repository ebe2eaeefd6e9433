"""`localsocket cat`: bytes between a socket and the standard input and output."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Annotated, NoReturn

from localsocket.blocking.connect import connect
from localsocket.blocking.local_server import listen
from localsocket.blocking.local_socket import LocalSocket
from localsocket.cli.declaring import Option
from localsocket.cli.exit_status import ExitStatus
from localsocket.cli.options import (
    Address,
    Allow,
    AnyUser,
    Mode,
    Wait,
    allowed_users,
    connect_timeout,
    file_mode,
    timeout_option,
)
from localsocket.cli.output import print_piece
from localsocket.cli.plain_text import TerminalText
from localsocket.endpoint.credentials import AllowedUsers
from localsocket.tools.relay import relay


def cat(
    name: Address,
    is_server: Annotated[
        bool, Option("--listen", "-l", help="Listen there and wait for one client, instead of connecting.")
    ] = False,
    timeout: Annotated[
        float | None,
        timeout_option("Give up, with exit status 4, if nobody connects, or no byte moves, for this time."),
    ] = None,
    wait: Wait = False,
    any_user: AnyUser = False,
    allow: Allow = "",
    mode: Mode = "",
) -> None:
    """Send standard input to a socket, and write what comes back to standard output.

    When the input ends, sending is finished, but the other end can still send until it finishes or closes.
    On a terminal, control characters are shown as escapes; a pipe or a file gets every byte.
    """
    allowed = allowed_users(any_user, allow)
    if is_server:
        socket = _accept_one(name, timeout, allowed, file_mode(mode))
    else:
        socket = connect(
            name,
            timeout=connect_timeout(timeout, wait),
            wait_for_server=wait,
            allow_server=allowed,
        )
    with _standard_input() as source, _standard_output() as write:
        relay(socket, source, write, timeout=timeout)


def _accept_one(address: str, timeout: float | None, allow: AllowedUsers, mode: int | None) -> LocalSocket:
    with listen(address, allow=allow, mode=mode) as server:
        # So that the socket file is taken down; later there is none.
        before = signal.signal(signal.SIGTERM, _terminate)
        try:
            return server.accept(timeout=timeout)
        finally:
            signal.signal(signal.SIGTERM, before)


def _terminate(*_: object) -> NoReturn:
    sys.exit(ExitStatus.TERMINATED)


@contextlib.contextmanager
def _standard_input() -> Iterator[int]:
    if sys.stdin is not None:
        yield sys.stdin.fileno()
        return
    # Closed by who started this; the number 0 may be any file's by now.
    with open(os.devnull, "rb") as nothing:
        yield nothing.fileno()


@contextlib.contextmanager
def _standard_output() -> Iterator[Callable[[bytes], None]]:
    if not sys.stdout.isatty():
        yield _write_bytes
        return
    text = TerminalText()
    try:
        yield lambda data: print_piece(text.feed(data))
    finally:
        print_piece(text.feed(b"", is_last=True))


def _write_bytes(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


COMMANDS = {"cat": cat}
