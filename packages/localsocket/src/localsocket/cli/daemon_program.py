"""The program behind `--start MODULE:SERVICE`, which loads none of what the commands need that people type.

The arguments: MODULE:SERVICE, the address, and after how many idle seconds to stop, if ever.
"""

from __future__ import annotations

import sys

from localsocket.cli.exit_status import ending_with_a_status
from localsocket.cli.service_program import serve_until_stopped


def main(target: str, address: str, idle_timeout: str = "") -> None:
    """Serve until it is told to stop, or was idle for so long."""
    with ending_with_a_status():
        serve_until_stopped(target, address, idle_timeout=float(idle_timeout) if idle_timeout else None)


if __name__ == "__main__":
    main(*sys.argv[1:])
