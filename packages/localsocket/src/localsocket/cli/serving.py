"""`localsocket serve`: a service of a module, served until somebody stops it."""

from __future__ import annotations

from typing import Annotated

from localsocket.cli.declaring import Argument, Option
from localsocket.cli.exit_status import CommandFailed
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
from localsocket.cli.plain_text import one_line
from localsocket.cli.service_program import serve_until_stopped, what_would_be_served
from localsocket.serving.running import DRAIN, LogLevel


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
    drain: Annotated[
        float, Option(metavar="SECONDS", minimum=0, help="How long calls under way have to end when it is stopped.")
    ] = DRAIN,
    log_level: Annotated[LogLevel, Option(help="What is logged, from this on.")] = "info",
    log_json: Annotated[bool, Option("--log-json", help="Log one JSON object per line.")] = False,
    check: Annotated[
        bool, Option("--check", help="Only say what would be served; exit status 1 if it could not be.")
    ] = False,
) -> None:
    """Serve a service of a module until SIGTERM or SIGINT (Ctrl-C). Its log goes to the standard error.

    Calls that are under way then have five seconds to end, or what --drain says. A second signal ends it at once.

    Where a service manager hands over sockets, by LISTEN_FDS, those are served, and nothing else. It is told when the
    service is ready and when it stops, and its watchdog that the service is not stuck.
    """
    allowed, permissions = allowed_users(any_user, allow), file_mode(mode)
    spoken = chosen_protocols(protocols)
    if check:
        try:
            print(f"would serve {one_line(what_would_be_served(target, at, allowed, permissions))}")
        except CommandFailed as error:
            raise CommandFailed(str(error)) from None  # with 1, whatever it is
        return
    serve_until_stopped(
        target,
        at,
        allow=allowed,
        mode=permissions,
        protocols=spoken,
        idle_timeout=idle_timeout,
        drain=drain,
        log_level=log_level,
        log_json=log_json,
    )


COMMANDS = {"serve": serve}
