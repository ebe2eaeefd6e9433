"""Options that several commands share: the same words mean the same everywhere."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import typer

from localsocket.cli.completing import complete_address
from localsocket.endpoint.credentials import ANY_USER, SAME_USER, AllowedUsers
from localsocket.sockets.connector import CONNECT_TIMEOUT


def timeout_option(help_text: str) -> Any:
    """Return the option --timeout of a command, for Annotated."""
    return typer.Option(metavar="SECONDS", min=0, help=help_text, callback=usable_seconds, show_default=False)


def usable_seconds(seconds: float | None) -> float | None:
    """Refuse NaN, which is neither less than 0 nor more."""
    if seconds is not None and not seconds >= 0:
        raise typer.BadParameter(f"{seconds} is no number of seconds")
    return seconds


Address: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A name, or a path (/run/x.sock, ./x.sock), @abstract or qt:name.",
        autocompletion=complete_address,
        show_default=False,
    ),
]
Timeout: TypeAlias = Annotated[float | None, timeout_option("Give up after so long, with exit status 4.")]
Wait: TypeAlias = Annotated[bool, typer.Option("--wait", help="Wait for a server that is not there yet.")]
AnyUser: TypeAlias = Annotated[
    bool, typer.Option("--any-user", help="The other end may be any user's; else only this user's or root's.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="For a program: JSON, each value on one line.")]


def allowed_users(any_user: bool) -> AllowedUsers:
    return ANY_USER if any_user else SAME_USER


def connect_timeout(timeout: float | None, wait: bool) -> float | None:
    """Return how long connecting may take: who waits for a server waits for ever, unless told otherwise."""
    return CONNECT_TIMEOUT if timeout is None and not wait else timeout
