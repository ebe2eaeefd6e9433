"""`localsocket mcp`: a service as tools for an AI assistant.

Hundreds of these may run, and each is waited for: what calls a service is loaded when the assistant asks for the first
thing of it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from localsocket.cli.declaring import Argument, Option
from localsocket.cli.exit_status import WrongUsage, complain
from localsocket.cli.start_targets import check_target
from localsocket.mcp.conversation import Conversation
from localsocket.mcp.shim import Shim

if TYPE_CHECKING:
    from localsocket.mcp.answers import Answers

# Of this way to serve tools. That of the package would take importlib.metadata, and a fifth of the time to start.
_VERSION = "1"


def mcp(
    name: Annotated[str, Argument(metavar="NAME", help="The name of the service, or a path (/run/x.sock, ./x.sock).")],
    start: Annotated[
        str, Option(metavar="MODULE:SERVICE", help="Start this if NAME has no server, once for all sessions.")
    ] = "",
    directory: Annotated[
        str | None, Option(metavar="DIRECTORY", help="Where that module is found and runs; default: here.")
    ] = None,
    idle_timeout: Annotated[
        float | None, Option(metavar="SECONDS", help="Stop it when nobody has been connected for this long.")
    ] = None,
    only: Annotated[str, Option(metavar="NAME,...", help="Offer only these methods and topics.")] = "",
    read_only: Annotated[bool, Option(help="Offer only methods declared read_only.")] = False,
    timeout: Annotated[
        float, Option(metavar="SECONDS", minimum=0, help="Limit for connecting, including a start.")
    ] = 30.0,
) -> None:
    """Offer a service's methods as tools to an AI assistant: Model Context Protocol on standard input and output."""
    if start:
        check_target(start)
    elif directory is not None or idle_timeout is not None:
        raise WrongUsage("--directory and --idle-timeout are for what --start starts")
    if idle_timeout is not None and not idle_timeout > 0:
        raise WrongUsage(f"--idle-timeout takes a number of seconds above 0, not {idle_timeout:g}")

    def answers(shim: Shim) -> Answers:
        from localsocket.blocking.client import Client
        from localsocket.cli.daemons import daemon_of
        from localsocket.mcp.answers import Answers
        from localsocket.services.limits import NO_DESCRIPTORS

        daemon = daemon_of(start, name, directory=directory, idle_timeout=idle_timeout) if start else None
        client = Client(name, start=daemon, reconnect=True, timeout=timeout, limits=NO_DESCRIPTORS)
        names = [each for each in only.split(",") if each]
        return Answers(shim, client, only=names, read_only=read_only, complain=complain)

    Shim(Conversation(name, _VERSION), sys.stdin.fileno(), sys.stdout.fileno(), answers).run()


COMMANDS = {"mcp": mcp}
