"""Processes that inherit one end of a pair of sockets: what is done at once, on any API. Nothing here waits."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.endpoint.daemon import check_command
from localsocket.endpoint.fork_safety import no_fork_meanwhile
from localsocket.errors import ClosedByPeer, LocalSocketError, UnsuitableDescriptor, Unsupported
from localsocket.keywords import check_keywords
from localsocket.services.client_core import ClientOptions

CLOSE_TIMEOUT = 5.0

# The number of the descriptor, and the pid of whoever made it: the kernel tells that of a socketpair too, so that a
# number which is another file's by now, or was never meant for this process, is found out.
VARIABLE = "LOCALSOCKET_INHERITED"

Argv = Sequence[str | os.PathLike[str]]
Process = subprocess.Popen[bytes]


def check_options(name: str, options: Mapping[str, Any], others: Iterable[str] = ()) -> None:
    check_keywords(name, options, ClientOptions, list(others))


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return this process's end, and the child's."""
    with no_fork_meanwhile():
        return socket.socketpair()


def start_child(
    argv: Argv, theirs: socket.socket, cwd: str | os.PathLike[str] | None, env: Mapping[str, str] | None
) -> Process:
    """Start the program with its end, which the caller closes. TypeError or ValueError for what is no command."""
    told = {**(os.environ if env is None else env), VARIABLE: f"{theirs.fileno()}:{os.getpid()}"}
    return subprocess.Popen(check_command(argv), pass_fds=[theirs.fileno()], cwd=cwd, env=told)


def close_streams(process: Process) -> None:
    """Close what a process that has ended was written to and read from by."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def ended_early(process: Process) -> LocalSocketError:
    """Return the error for a process that has ended before it has greeted."""
    return ClosedByPeer(
        f"process {process.pid} ended with status {process.returncode} before it greeted: it must call inherited()"
    )


def shown_child(process: Process) -> str:
    status = process.poll()
    return f"<Child {process.pid} {'running' if status is None else f'ended with status {status}'}>"


def take_inherited() -> tuple[int, int]:
    """Return the descriptor that this process has inherited, once, and who made it. Raises Unsupported."""
    number, _, parent = os.environ.pop(VARIABLE, "").partition(":")
    if not (number.isdigit() and parent.isdigit()):
        raise Unsupported(
            "this process has inherited no socket, or has already taken it: start it with localsocket.spawn()"
        )
    return int(number), int(parent)


def wrong_maker(descriptor: int, peer: PeerCredentials | None, parent: int) -> LocalSocketError | None:
    """Return the error for a socket that was made by another process than was said."""
    if peer is None or peer.pid == parent:
        return None
    return UnsuitableDescriptor(descriptor, f"it was made by process {peer.pid}, not by {parent}")
