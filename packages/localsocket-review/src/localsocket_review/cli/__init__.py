"""The command line: `localsocket-review`, `python -m localsocket_review`, and `localsocket review` where both are."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from localsocket_review.cli.app import app

    app(prog_name="localsocket-review")
