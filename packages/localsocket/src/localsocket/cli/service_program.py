"""A service of a module, served until somebody stops it: what a command runs, without what reads the command line."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import TypedDict, Unpack

from localsocket.cli.exit_status import CommandFailed, ExitStatus
from localsocket.cli.start_targets import check_target
from localsocket.endpoint.address import parse_address
from localsocket.endpoint.credentials import AllowedUsers
from localsocket.endpoint.reaching import check_reachable, mode_for
from localsocket.services.protocols import ProtocolName
from localsocket.services.service import Service
from localsocket.serving.run_settings import LogLevel, RunSettings
from localsocket.serving.running import run
from localsocket.serving.supervisor import Supervisor
from localsocket.sockets.server import ListenOptions


class Behaviour(TypedDict, total=False):
    """How a service is served, wherever: options of localsocket.run()."""

    protocols: Sequence[ProtocolName] | None
    idle_timeout: float | None
    drain: float
    log_level: LogLevel
    log_json: bool


class ServeOptions(Behaviour, total=False):
    """What a service is served with: the options of localsocket.run()."""

    allow: AllowedUsers
    mode: int | None


def serve_until_stopped(target: str, at: str, **options: Unpack[ServeOptions]) -> None:
    """Serve the service MODULE:SERVICE as localsocket.run() does.

    Raises CommandFailed where there is none, and what that raises.
    """
    run(_find_service(target), at or None, **options)


def serve_by_workers(
    target: str, at: str, listening: ListenOptions, *, workers: int, reload: bool, **behaviour: Unpack[Behaviour]
) -> None:
    """Serve the service MODULE:SERVICE by so many processes, each of which imports the module.

    Raises WorkersFailed with what serve_until_stopped() raises for a service that there is not.
    """
    check_target(target)
    load = partial(_find_service, target)
    Supervisor(load, at or None, listening, RunSettings(**behaviour), count=workers, reloads=reload).run()


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
                f"there is no module {error.name!r} in {here}, and none is installed", ExitStatus.USAGE
            ) from None
        raise _import_failed(name, error) from None
    except Exception as error:
        raise _import_failed(name, error) from None


def _import_failed(name: str, error: Exception) -> CommandFailed:
    what: object = error
    if isinstance(error, SyntaxError):  # which says itself where it is
        what, place = error.msg, f"{error.filename}, line {error.lineno}"
    else:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{last.filename}, line {last.lineno}"
    return CommandFailed(f"importing {name!r} failed: {type(error).__name__}: {what} ({place})")
