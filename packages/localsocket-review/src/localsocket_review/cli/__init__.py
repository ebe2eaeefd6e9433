"""The command line: `localsocket-review`, `python -m localsocket_review`, and `localsocket review` where both are."""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130


def end_at_once(*_: object) -> None:
    """End the program where nothing is under way that would have to be ended: a handler of SIGINT."""
    os._exit(INTERRUPTED)


def main() -> None:
    """Run the command line. Ctrl-C ends it with 130 at any moment, while modules are loaded and at the exit too."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored by who started this
        signal.signal(signal.SIGINT, end_at_once)
    from localsocket_review.cli.app import app

    app(prog_name="localsocket-review")
