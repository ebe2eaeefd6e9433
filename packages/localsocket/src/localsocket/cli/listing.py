"""`localsocket list`: which endpoints are here."""

from __future__ import annotations

import json
import pwd
from pathlib import Path
from typing import Annotated

import typer

from localsocket.cli.exit_status import CommandFailed, ending_with_a_status
from localsocket.cli.output import print_json, print_table
from localsocket.cli.plain_text import escaped_json
from localsocket.endpoint.runtime_directory import runtime_directory
from localsocket.tools.endpoints import (
    EndpointState,
    FoundEndpoint,
    abstract_endpoints,
    endpoints_in,
    named_endpoints,
)

_TITLES = ("name", "owner", "pid", "mode", "state")
_STATE_STYLES = {EndpointState.LIVE: "green", EndpointState.STALE: "yellow", EndpointState.UNKNOWN: "dim"}


def list_endpoints(
    directories: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DIRECTORY",
            help="Directories to look into, beside that of the names.",
            exists=True,
            file_okay=False,
            show_default=False,
        ),
    ] = None,
    abstract: Annotated[bool, typer.Option("--all", help="Also the abstract names that are in use (Linux).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for a program.")] = False,
) -> None:
    """List the endpoints that are here: who owns each, and whether it is live, or stale because its server is gone.

    Looking disturbs no server, not one that starts at this moment either.
    """
    with ending_with_a_status():
        found = named_endpoints()
        for directory in directories or ():
            found += endpoints_in(str(directory))
        if abstract:
            found += abstract_endpoints()
        if as_json:
            print_json(_json(found))
        elif found:
            styles = [["bold", "", "", "", _STATE_STYLES[each.state]] for each in found]
            print_table(_TITLES, [_cells(each) for each in found], styles=styles)
        if not found:
            places = ", ".join([runtime_directory(), *map(str, directories or ())])
            raise CommandFailed(f"no endpoints in {places}")


def _cells(found: FoundEndpoint) -> list[str]:
    return [
        found.address,
        _owner(found.uid) or "-",
        str(found.pid or "-"),
        "-" if found.mode is None else f"{found.mode:04o}",
        found.state.value,
    ]


def _json(found: list[FoundEndpoint]) -> str:
    rows = [
        {
            "name": each.address,
            "path": each.path,
            "owner": _owner(each.uid),
            "uid": each.uid,
            "pid": each.pid,
            "mode": None if each.mode is None else f"{each.mode:04o}",
            "state": each.state.value,
        }
        for each in found
    ]
    return escaped_json(json.dumps({"endpoints": rows}, ensure_ascii=False))


def _owner(uid: int | None) -> str | None:
    if uid is None:
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
