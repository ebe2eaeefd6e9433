"""`localsocket list`: which endpoints are here."""

from __future__ import annotations

import fnmatch
import os
from typing import Annotated, Literal

from localsocket.cli.declaring import Argument, Option
from localsocket.cli.exit_status import CommandFailed, WrongUsage
from localsocket.cli.options import AsJson, Watch, address_without_secret, owner_name
from localsocket.cli.output import print_json, print_piece, print_table
from localsocket.cli.plain_text import escaped_json
from localsocket.cli.watching import again
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


def _directories_or_buses(places: list[str]) -> list[str]:
    """Refuse what is neither a directory, nor nats://host, and both together."""
    buses = [place for place in places if place.startswith(_NATS)]
    if buses and len(buses) != len(places):
        raise WrongUsage("directories and nats://host cannot be listed together")
    for place in places:
        if not buses and not os.path.isdir(place):
            raise WrongUsage(
                f"DIRECTORY {place!r} {'is not a directory' if os.path.exists(place) else 'does not exist'}"
            )
    return places


def list_endpoints(
    directories: Annotated[
        list[str] | None,
        Argument(
            metavar="DIRECTORY",
            help="More directories to look in; or nats://host, for the services there.",
        ),
    ] = None,
    abstract: Annotated[bool, Option("--all", help="Also list the abstract names in use (Linux).")] = False,
    pattern: Annotated[
        str, Option("--name", metavar="PATTERN", help="Only names that match, as in a shell: 'demo.*'.")
    ] = "",
    state: Annotated[
        Literal["live", "stale", "unknown", ""],
        Option(metavar="live|stale|unknown", help="Only servers in this state."),
    ] = "",
    owner: Annotated[str, Option(metavar="USER", help="Only servers of this user.")] = "",
    watch: Watch = None,
    as_json: AsJson = False,
) -> None:
    """List the servers here: who owns each, and whether it is live, or stale because its server has gone.

    Listing never disturbs a server, not even one that is just starting.
    """
    places = _directories_or_buses(directories or [])
    for _ in again(watch):
        if places and places[0].startswith(_NATS):
            _list_services(places, as_json=as_json)
            continue
        found = named_endpoints()
        for directory in places:
            found += endpoints_in(directory)
        if abstract:
            found += [each for each in abstract_endpoints() if each.kind == "stream"]
        fitting = [each for each in found if _fits(each, pattern, state, owner)]
        if as_json:
            print_json(_endpoints_as_json(fitting))
        elif fitting:
            styles = [["bold", "", "", "", _STATE_STYLES[each.state]] for each in fitting]
            print_table(_TITLES, [_cells(each) for each in fitting], styles=styles)
        elif watch is not None:
            print_piece("no endpoints\n")
        if not fitting and watch is None:
            fit = f"; {len(found)} that {'does' if len(found) == 1 else 'do'} not fit" if found else ""
            raise CommandFailed(f"no endpoints in {', '.join([runtime_directory(), *places])}{fit}")


def _list_services(urls: list[str], *, as_json: bool) -> None:
    from localsocket.bridges.finding import services_at  # which needs an extra

    found = [(url, each) for url in urls for each in services_at(address_without_secret(url))]
    if as_json:
        rows = [
            {"at": url, "name": each.name, "version": each.version, "instances": each.instances} for url, each in found
        ]
        print_json(_json({"services": rows}))
    elif found:
        cells = [(each.name, each.version or "-", str(each.instances)) for _, each in found]
        print_table(("name", "version", "instances"), cells, styles=[["bold", "", ""] for _ in cells])
    if not found:
        raise CommandFailed(f"no services of localsocket at {', '.join(urls)}")


def _fits(found: FoundEndpoint, pattern: str, state: str, owner: str) -> bool:
    return (
        (not pattern or fnmatch.fnmatchcase(found.address, pattern))
        and state in ("", found.state.value)
        and (not owner or owner in (owner_name(found.uid), str(found.uid)))
    )


def _cells(found: FoundEndpoint) -> list[str]:
    return [
        found.address,
        owner_name(found.uid) or "-",
        str(found.pid or "-"),
        "-" if found.mode is None else f"{found.mode:04o}",
        found.state.value,
    ]


def _endpoints_as_json(found: list[FoundEndpoint]) -> str:
    rows = [
        {
            "name": each.address,
            "path": each.path,
            "owner": owner_name(each.uid),
            "uid": each.uid,
            "pid": each.pid,
            "mode": None if each.mode is None else f"{each.mode:04o}",
            "state": each.state.value,
        }
        for each in found
    ]
    return _json({"endpoints": rows})


def _json(document: dict[str, object]) -> str:
    import json  # which a table does without

    return escaped_json(json.dumps(document, ensure_ascii=False))


COMMANDS = {"list": list_endpoints}
