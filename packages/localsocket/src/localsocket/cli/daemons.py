"""Services of modules as daemons: what `--start MODULE:SERVICE` starts."""

from __future__ import annotations

import sys

from localsocket.cli.start_targets import check_target
from localsocket.endpoint.daemon import Daemon

_PROGRAM = "localsocket.cli.daemon_program"


def daemon_of(target: str, address: str, *, directory: str | None = None, idle_timeout: float | None = None) -> Daemon:
    """Return the daemon that serves the service `target` at the address. Raises CommandFailed for no MODULE:SERVICE."""
    check_target(target)
    seconds = [] if idle_timeout is None else [str(idle_timeout)]
    return Daemon([sys.executable, "-m", _PROGRAM, target, address, *seconds], directory=directory)
