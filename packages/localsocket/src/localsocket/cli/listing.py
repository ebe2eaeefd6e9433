"""`localsocket list`: which endpoints are here."""

from __future__ import annotations

import json
import pwd
from pathlib import Path
from typing import Annotated

import typer

from localsocket.cli.exit_status import CommandFailed, ending_with_a_status
from localsocket.cli.options import address_without_secret
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

_NATS = "nats://"
_TITLES = ("name", "owner", "pid", "mode", "state")
_STATE_STYLES = {EndpointState.LIVE: "green", EndpointState.STALE: "yellow", EndpointState.UNKNOWN: "dim"}


def directories_or_buses(places: list[str] | None) -> list[str] | None:
    """Refuse what is neither a directory, nor nats://host, and both together."""
    buses = [place for place in places or () if place.startswith(_NATS)]
    if buses and len(buses) != len(places or ()):
        raise typer.BadParameter("directories and nats://host are not listed together")
    for place in places or ():
        if not buses and not Path(place).is_dir():
            what = "is no directory" if Path(place).exists() else "does not exist"
            raise typer.BadParameter(f"{place!r} {what}")
    return places


def list_endpoints(
    directories: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DIRECTORY",
            help="Directories to look into, beside that of the names; or nats://host, for the services there.",
            callback=directories_or_buses,
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
        if directories and directories[0].startswith(_NATS):
            _list_services(directories, as_json=as_json)
            return
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


def _list_services(urls: list[str], *, as_json: bool) -> None:
    from localsocket.bridges.finding import services_at  # which needs an extra

    found = [(url, each) for url in urls for each in services_at(address_without_secret(url))]
    if as_json:
        rows = [
            {"at": url, "name": each.name, "version": each.version, "instances": each.instances} for url, each in found
        ]
        print_json(escaped_json(json.dumps({"services": rows}, ensure_ascii=False)))
    elif found:
        cells = [(each.name, each.version or "-", str(each.instances)) for _, each in found]
        print_table(("name", "version", "instances"), cells, styles=[["bold", "", ""] for _ in cells])
    if not found:
        raise CommandFailed(f"no services of localsocket at {', '.join(urls)}")


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
