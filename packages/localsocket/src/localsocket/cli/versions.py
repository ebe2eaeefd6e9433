"""`localsocket --version`: what a report of a fault needs to tell."""

from __future__ import annotations

import importlib.metadata
import platform

from localsocket._core import IN_USE
from localsocket.cli.output import print_piece


def print_versions() -> None:
    """Print the version of the package, those of what it runs on, and whether its core is compiled or pure Python."""
    told = {
        "localsocket": importlib.metadata.version("localsocket"),
        platform.python_implementation(): platform.python_version(),
        "msgspec": importlib.metadata.version("msgspec"),
        "core": IN_USE,
    }
    for name, version in told.items():
        print_piece(f"{name} {version}\n")
