"""`localsocket serve`: a service of a module, served until somebody stops it."""

from __future__ import annotations

from typing import Annotated

from localsocket.cli.declaring import Argument, Option
from localsocket.cli.exit_status import CommandFailed, WrongUsage
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
from localsocket.cli.service_program import Behaviour, serve_by_workers, serve_until_stopped, what_would_be_served
from localsocket.serving.run_settings import DRAIN, LogLevel
from localsocket.sockets.server import ListenOptions


def serve(
    target: Annotated[
        str,
        Argument(
            metavar="MODULE:SERVICE",
            help="A module that can be imported from here, and the name of the service in it.",
        ),
    ],
    at: Annotated[
        str,
        Option("--at", metavar="NAME", help="The address to serve at; by default the name of the service."),
    ] = "",
    any_user: AnyUser = False,
    allow: Allow = "",
    mode: Mode = "",
    protocols: Protocols = "",
    idle_timeout: IdleTimeout = None,
    drain: Annotated[
        float,
        Option(metavar="SECONDS", minimum=0, help="How long running calls may take to end when the server stops."),
    ] = DRAIN,
    workers: Annotated[
        int | None,
        Option(metavar="N", minimum=1, help="Serve with N processes, each with its own copy of the service."),
    ] = None,
    reload: Annotated[
        bool, Option("--reload", help="Switch to new processes when a file of the module changes.")
    ] = False,
    log_level: Annotated[LogLevel, Option(help="The lowest level that is logged.")] = "info",
    log_json: Annotated[bool, Option("--log-json", help="Log one JSON object per line.")] = False,
    check: Annotated[
        bool, Option("--check", help="Only say what would be served; exit status 1 if it could not be.")
    ] = False,
) -> None:
    """Serve a service from a module until SIGTERM or SIGINT (Ctrl-C). The log goes to standard error.

    Running calls then have five seconds to end, or what --drain says. A second signal ends the server at once.

    If a service manager hands over sockets (LISTEN_FDS), only those are served.
    The manager is told when the service is ready and when it stops, and its watchdog that the service is not stuck.

    With --workers or --reload, SIGHUP starts new processes with the new code. If that fails, the old ones go on.
    """
    if idle_timeout is not None and (workers or reload):
        raise WrongUsage("--idle-timeout is for a single process, which then exits: leave out --workers and --reload")
    allowed, permissions = allowed_users(any_user, allow), file_mode(mode)
    spoken = chosen_protocols(protocols)
    if check:
        try:
            print(f"would serve {one_line(what_would_be_served(target, at, allowed, permissions))}")
        except CommandFailed as error:
            raise CommandFailed(str(error)) from None  # with 1, whatever it is
        return
    behaviour = Behaviour(
        protocols=spoken, idle_timeout=idle_timeout, drain=drain, log_level=log_level, log_json=log_json
    )
    if workers is None and not reload:
        serve_until_stopped(target, at, allow=allowed, mode=permissions, **behaviour)
    else:
        listening = ListenOptions(allow=allowed, mode=permissions)
        serve_by_workers(target, at, listening, workers=workers or 1, reload=reload, **behaviour)


COMMANDS = {"serve": serve}
