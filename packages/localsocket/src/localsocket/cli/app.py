"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localsocket.cli.bridging import bridge
from localsocket.cli.calling import call, subscribe
from localsocket.cli.catting import cat
from localsocket.cli.commands_of_packages import CommandsOfPackages
from localsocket.cli.describing import describe_service
from localsocket.cli.exit_status import EXIT_STATUSES
from localsocket.cli.listing import list_endpoints
from localsocket.cli.mcp_command import SUMMARY, mcp
from localsocket.cli.measuring import run_rows
from localsocket.cli.options import usable_seconds
from localsocket.cli.serving import serve
from localsocket.cli.stubbing import stub
from localsocket.errors import Unsupported
from localsocket.tools.echo_server import ServerKind
from localsocket.tools.faces import Face, check_face
from localsocket.tools.measure import plan_exchange, plan_ping_pong

app = typer.Typer(
    cls=CommandsOfPackages,
    help="Local servers and sockets: tools for programs on one machine that talk to each other.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


def whole_numbers(text: str) -> list[int]:
    """Parse "1,5,10"; every number is at least 1."""
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if not all(numbers):
        raise typer.BadParameter(f"{text!r} is not a list of whole numbers from 1 on, such as 1,5,10")
    return numbers


def available_face(face: Face) -> Face:
    """Refuse a face whose loop is not installed."""
    try:
        check_face(face)
    except Unsupported as error:
        raise typer.BadParameter(str(error)) from None
    return face


Connections = Annotated[str, typer.Option(help="Numbers of sockets, one row each.", metavar="N,N,...")]
Server = Annotated[ServerKind, typer.Option(help="Where the echo server runs: a thread here, or a process of its own.")]
FaceOfBothEnds = Annotated[
    Face,
    typer.Option("--face", help="What both ends are written with; aio-uvloop needs uvloop.", callback=available_face),
]
JsonTarget = Annotated[
    Path | None, typer.Option("--json", help="Write the rows as JSON to this file, or to the output with '-'.")
]


@app.callback()
def describe() -> None:
    """Local servers and sockets: tools for programs on one machine that talk to each other."""


@app.command()
def exchange(
    connections: Connections = "1,5,10",
    chunk: Annotated[str, typer.Option(help="Bytes sent at once, one row each.", metavar="N,N,...")] = (
        "100,1000,10000,100000"
    ),
    seconds: Annotated[float, typer.Option(min=0.01, callback=usable_seconds, help="How long each row takes.")] = 5.0,
    server: Server = "thread",
    face: FaceOfBothEnds = "blocking",
    json: JsonTarget = None,
) -> None:
    """Exchange data: every socket keeps one chunk in flight and checks every byte that comes back."""
    plans = plan_exchange(server, whole_numbers(connections), whole_numbers(chunk), seconds, face)
    raise typer.Exit(run_rows(plans, json))


@app.command()
def pingpong(
    connections: Connections = "10,50,100,1000,5000",
    round_trips: Annotated[int, typer.Option(min=1, help="Round trips of one byte, shared by the sockets.")] = 100_000,
    server: Server = "thread",
    face: FaceOfBothEnds = "blocking",
    json: JsonTarget = None,
) -> None:
    """Ping-pong: single bytes go back and forth until every socket has done its share of the round trips."""
    plans = plan_ping_pong(server, whole_numbers(connections), round_trips, face)
    raise typer.Exit(run_rows(plans, json))


app.command("list", epilog=EXIT_STATUSES)(list_endpoints)
app.command(epilog=EXIT_STATUSES)(cat)
app.command("describe", epilog=EXIT_STATUSES)(describe_service)
app.command(epilog=EXIT_STATUSES)(stub)
# So that -5 is an argument.
app.command(epilog=EXIT_STATUSES, context_settings={"ignore_unknown_options": True})(call)
app.command(epilog=EXIT_STATUSES)(subscribe)
app.command(epilog=EXIT_STATUSES)(serve)
app.command(epilog=EXIT_STATUSES)(bridge)


@app.command(
    "mcp",
    help=SUMMARY,
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def mcp_command(context: typer.Context) -> None:
    """Hand everything to the command that main() calls before this module is loaded."""
    mcp(context.args)
