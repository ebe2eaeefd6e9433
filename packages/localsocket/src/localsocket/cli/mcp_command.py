"""`localsocket mcp`: a service as tools for an AI assistant.

Hundreds of these may run, and each is waited for: it is read with argparse, and what calls a service is loaded when the
assistant asks for the first thing of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from localsocket.cli.exit_status import CommandFailed, ExitStatus, complain, ending_with_a_status
from localsocket.cli.start_targets import check_target
from localsocket.mcp.conversation import Conversation
from localsocket.mcp.shim import Shim

if TYPE_CHECKING:
    from localsocket.mcp.answers import Answers

# Of this way to serve tools. That of the package would take importlib.metadata, and a fifth of the time to start.
_VERSION = "1"
SUMMARY = "Serve a service as tools for an AI assistant, by the Model Context Protocol, on standard input and output."


def mcp(arguments: Sequence[str]) -> None:
    """Run the command with what stands behind its name, and end with its exit status."""
    with ending_with_a_status():
        options = _checked(_parser().parse_args(arguments))
        conversation = Conversation(options.name, _VERSION)
        Shim(conversation, sys.stdin.fileno(), sys.stdout.fileno(), lambda shim: _answers(shim, options)).run()


def _checked(options: argparse.Namespace) -> argparse.Namespace:
    if options.start:
        check_target(options.start)
    elif options.directory is not None or options.idle_timeout is not None:
        raise CommandFailed("--directory and --idle-timeout are for what --start starts", ExitStatus.USAGE)
    if options.idle_timeout is not None and not options.idle_timeout > 0:
        raise CommandFailed("--idle-timeout takes a number of seconds above 0", ExitStatus.USAGE)
    if not options.timeout >= 0:
        raise CommandFailed("--timeout takes a number of seconds", ExitStatus.USAGE)
    return options


def _answers(shim: Shim, options: argparse.Namespace) -> Answers:
    from localsocket.blocking.client import Client
    from localsocket.cli.daemons import daemon_of
    from localsocket.mcp.answers import Answers

    start = None
    if options.start:
        start = daemon_of(options.start, options.name, directory=options.directory, idle_timeout=options.idle_timeout)
    client = Client(options.name, start=start, reconnect=True, timeout=options.timeout)
    only = [name for name in options.only.split(",") if name]
    return Answers(shim, client, only=only, read_only=options.read_only, complain=complain)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localsocket mcp", description=SUMMARY, allow_abbrev=False)
    parser.add_argument("name", metavar="NAME", help="the name of the service, or a path (/run/x.sock, ./x.sock)")
    parser.add_argument("--start", metavar="MODULE:SERVICE", help="where nobody serves, start this, once for all")
    parser.add_argument("--directory", metavar="DIRECTORY", help="where it is found, and runs; by default here")
    parser.add_argument(
        "--idle-timeout", metavar="SECONDS", type=float, help="it stops when nobody has been connected for so long"
    )
    parser.add_argument("--only", metavar="NAME,...", default="", help="these methods and topics alone")
    parser.add_argument("--read-only", action="store_true", help="the methods alone that change nothing")
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=float, default=30.0, help="for connecting, a start included; by default 30"
    )
    return parser
