"""How a command ends: the exit statuses that scripts can use, and one line on the standard error that says why."""

from __future__ import annotations

import contextlib
import enum
import signal
import sys
from collections.abc import Iterator

from localsocket.cli import end_at_once
from localsocket.cli.plain_text import one_line
from localsocket.errors import (
    AccessDenied,
    ClosedByPeer,
    ConnectingTimedOut,
    DeadlinePassed,
    InsecureDirectory,
    InvalidAddress,
    LocalSocketError,
    NoSuchMethod,
    PeerRefused,
    RemoteError,
    ServerBusy,
    ServerNotFound,
    ServerRefused,
    StartFailed,
    UnsuitableAllow,
    UnsuitableMessage,
    Unsupported,
    WorkersFailed,
)


class ExitStatus(enum.IntEnum):
    """What is not 0, which is done. The last three are 128 and the number of a signal, as shells have it."""

    FAILED = 1
    USAGE = 2
    NO_SERVER = 3
    TIMED_OUT = 4
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
    TERMINATED = 143


EXIT_STATUSES = (
    "Exit status: 0 done; 1 it failed, or nothing was found; 2 wrong usage; 3 no server there, not reachable, or gone "
    "meanwhile; 4 timed out; 130 interrupted; 141 nobody reads the output any more; 143 terminated."
)
"""Shown by --help of each command that ends so."""

_NOT_REACHED = (
    AccessDenied,
    ClosedByPeer,
    InsecureDirectory,
    PeerRefused,
    ServerBusy,
    ServerNotFound,
    ServerRefused,
    StartFailed,
)


class CommandFailed(Exception):
    """A command cannot go on; the text, which may hold what a peer said, tells what to do next."""

    def __init__(self, text: str, status: ExitStatus = ExitStatus.FAILED) -> None:
        super().__init__(text)
        self.status = status


class WrongUsage(CommandFailed):
    """What was typed cannot be meant; the text says what can."""

    def __init__(self, text: str) -> None:
        super().__init__(text, ExitStatus.USAGE)


def complain(text: str) -> None:
    """Print one line on the standard error."""
    print(f"localsocket: {one_line(text)}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def ending_with_a_status() -> Iterator[None]:
    """Turn what ends the `with` block into an exit status and one line that says why; never a traceback."""
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        raise SystemExit(ExitStatus.INTERRUPTED) from None
    except BrokenPipeError:
        raise SystemExit(ExitStatus.OUTPUT_CLOSED) from None
    except (CommandFailed, LocalSocketError, OSError) as error:
        complain(_sentence(error))
        raise SystemExit(_status(error)) from None


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Have an interrupt raise within the block, where something is to be ended; outside it ends the program at once.

    Modules are loaded outside: some do not bear an exception while they are loaded. msgspec passes over one that comes
    while it loads datetime, and reads a null pointer when it is used; a class whose descriptors are just being named
    makes a RuntimeError of it before Python 3.12.
    """
    if signal.getsignal(signal.SIGINT) is not end_at_once:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, end_at_once)


def _status(error: Exception) -> ExitStatus:
    match error:
        case CommandFailed():
            return error.status
        case DeadlinePassed():
            return ExitStatus.TIMED_OUT
        case InvalidAddress() | UnsuitableAllow() | UnsuitableMessage() | Unsupported():
            return ExitStatus.USAGE
        case WorkersFailed(status=ExitStatus.USAGE):
            return ExitStatus.USAGE
    return ExitStatus.NO_SERVER if isinstance(error, _NOT_REACHED) else ExitStatus.FAILED


def _sentence(error: Exception) -> str:
    """Return what the error says, with the options of the command line in place of the parameters of a call."""
    match error:
        case ServerNotFound(address=address):
            return f"no server at {address!r}; start it, wait for it with --wait, or see what is here: localsocket list"
        case ServerRefused(address=address, kind=kind):
            return f"nobody listens at {address!r}, which is {kind}; restart the server, or wait for it with --wait"
        case ConnectingTimedOut():
            return f"{error}; --timeout gives it more time"
        case DeadlinePassed(doing=doing):
            return f"{doing} took too long; --timeout gives it more time"
        case UnsuitableAllow():
            return str(error).replace("allow=ANY_USER", "--any-user").replace("allow=", "--allow ")
        case NoSuchMethod(similar=()):
            return f"{error}; localsocket describe shows what it has"
        case RemoteError(name=name, arguments=arguments):
            said = arguments[0] if len(arguments) == 1 else ", ".join(map(repr, arguments))
            return f"{name}: {said}" if arguments else name
        case OSError() if not isinstance(error, LocalSocketError):
            place = f"{error.filename}: " if error.filename else ""
            return f"{place}{error.strerror or error}"
    return str(error)
