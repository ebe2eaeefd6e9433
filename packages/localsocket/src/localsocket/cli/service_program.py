"""A service of a module, served until somebody stops it: what a command runs, without what reads the command line."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import ModuleType

from localsocket.cli.exit_status import CommandFailed, ExitStatus
from localsocket.cli.log_lines import log_to_standard_error
from localsocket.cli.start_targets import check_target
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers
from localsocket.services.protocols import ProtocolName
from localsocket.services.service import Service
from localsocket.serving.server_thread import ServerThread

logger = logging.getLogger("localsocket.cli")


def serve_until_stopped(
    target: str,
    at: str,
    *,
    allow: AllowedUsers = SAME_USER,
    mode: int | None = None,
    protocols: Sequence[ProtocolName] | None = None,
    idle_timeout: float | None = None,
) -> None:
    """Serve the service MODULE:SERVICE at an address until SIGTERM or SIGINT, or until it was idle for so long.

    Raises CommandFailed where there is none, and what listening raises.
    """
    service = _find_service(target)
    log_to_standard_error()
    address = at or service.name
    with (
        _StopSignals() as stop,
        ServerThread(
            address, service, allow=allow, mode=mode, protocols=protocols, idle_timeout=idle_timeout
        ) as server,
    ):
        threading.Thread(target=_tell_when_stopped, args=(server, stop), daemon=True).start()
        logger.info("serving %s at %s", service.name, address)
        stop.wait()
        logger.info("stopping")


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


class _StopSignals:
    """Waits for the first SIGTERM or SIGINT, or tell(); a second signal does what it did before."""

    def __init__(self) -> None:
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        # A shell without job control starts what runs in the background with SIGINT ignored, for good reason.
        self._before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

    def __enter__(self) -> _StopSignals:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        # A signal that comes just before the read would be seen after it only, were its number not in the pipe.
        self._woken_before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in self._before:
            signal.signal(number, self._restore)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()
        signal.set_wakeup_fd(self._woken_before)
        writing, self._writing = self._writing, -1
        os.close(writing)
        os.close(self._reading)

    def wait(self) -> None:
        while os.read(self._reading, 1)[0] not in (*self._before, 0):
            pass  # a signal that the module has a handler for

    def tell(self) -> None:
        with contextlib.suppress(OSError):  # it has ended
            os.write(self._writing, b"\0")

    def _restore(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _tell_when_stopped(server: ServerThread, stop: _StopSignals) -> None:
    server.wait_stopped()
    stop.tell()
