"""A service of a module, served until somebody stops it: what a command runs, without what reads the command line."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import TypedDict, Unpack

from localsocket.cli.exit_status import CommandFailed, ExitStatus
from localsocket.cli.start_targets import check_target
from localsocket.endpoint.address import parse_address
from localsocket.endpoint.credentials import AllowedUsers
from localsocket.endpoint.reaching import check_reachable, mode_for
from localsocket.services.protocols import ProtocolName
from localsocket.services.service import Service
from localsocket.serving.running import LogLevel, run


class ServeOptions(TypedDict, total=False):
    """What a service is served with: the options of localsocket.run()."""

    allow: AllowedUsers
    mode: int | None
    protocols: Sequence[ProtocolName] | None
    idle_timeout: float | None
    drain: float
    log_level: LogLevel
    log_json: bool


def serve_until_stopped(target: str, at: str, **options: Unpack[ServeOptions]) -> None:
    """Serve the service MODULE:SERVICE as localsocket.run() does.

    Raises CommandFailed where there is none, and what that raises.
    """
    run(_find_service(target), at or None, **options)


def what_would_be_served(target: str, at: str, allow: AllowedUsers, mode: int | None) -> str:
    """Return what serve_until_stopped() would serve, and where. Raises what keeps it from that, as far as it is so now.

    Nothing is served, and no name is taken.
    """
    service = _find_service(target)
    endpoint = parse_address(at or service.name)
    check_reachable(endpoint, allow, mode_for(allow) if mode is None else mode)
    service._keep_table()
    told = service.describe()
    version = f" {told.version}" if told.version else ""
    parts = f"{_count(told.methods, 'method')} and {_count(told.topics, 'topic')}"
    return f"{told.name}{version} at {endpoint.address}: {parts}, by {', '.join(service.protocols)}"


def _count(things: Sequence[object], what: str) -> str:
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def _find_service(target: str) -> Service:
    module_name, name = check_target(target)
    module = _import(module_name)
    service = getattr(module, name, None)
    if not isinstance(service, Service):
        there = [known for known, value in vars(module).items() if isinstance(value, Service)]
        has = f"it has {', '.join(there)}" if there else "it has none"
        raise CommandFailed(f"the module {module_name!r} has no service {name!r}; {has}", ExitStatus.USAGE)
    return service


def _import(name: str) -> ModuleType:
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise CommandFailed(
                f"there is no module {error.name!r} in {here}, and none that is installed", ExitStatus.USAGE
            ) from None
        raise _import_failed(name, error) from None
    except Exception as error:
        raise _import_failed(name, error) from None


def _import_failed(name: str, error: Exception) -> CommandFailed:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return CommandFailed(
        f"importing {name!r} failed: {type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
    )
