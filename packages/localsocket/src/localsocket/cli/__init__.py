"""The command line: `localsocket` and `python -m localsocket`."""

from __future__ import annotations

import importlib.util
import sys


def main() -> None:
    """Run the command line, or say what to install for it."""
    if sys.argv[1:2] == ["mcp"]:  # which needs no extra, and has no time for what the others need
        from localsocket.cli.mcp_command import mcp

        mcp(sys.argv[2:])
        return
    missing = [name for name in ("typer", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"localsocket: the command line needs {' and '.join(missing)}: pip install 'localsocket[cli]'")
    from localsocket.cli.app import app

    app(prog_name="localsocket")
