"""`localsocket serve`: a service of a module, served until somebody stops it."""

from __future__ import annotations

from typing import Annotated

from localsocket.cli.declaring import Argument, Option
from localsocket.cli.options import (
    Allow,
    AnyUser,
    IdleTimeout,
    Mode,
    Protocols,
    allowed_users,
    chosen_protocols,
    file_mode,
)
from localsocket.cli.service_program import serve_until_stopped


def serve(
    target: Annotated[
        str,
        Argument(
            metavar="MODULE:SERVICE",
            help="A module, found from here, and its service's name in it.",
        ),
    ],
    at: Annotated[
        str,
        Option("--at", metavar="NAME", help="Where; by default what the service is called."),
    ] = "",
    any_user: AnyUser = False,
    allow: Allow = "",
    mode: Mode = "",
    protocols: Protocols = "",
    idle_timeout: IdleTimeout = None,
) -> None:
    """Serve a service of a module until SIGTERM or SIGINT (Ctrl-C). Its log goes to the standard error.

    Calls that are under way then have five seconds to end. A second signal ends it at once.
    """
    allowed, permissions = allowed_users(any_user, allow), file_mode(mode)
    spoken = chosen_protocols(protocols)
    serve_until_stopped(target, at, allow=allowed, mode=permissions, protocols=spoken, idle_timeout=idle_timeout)


COMMANDS = {"serve": serve}
